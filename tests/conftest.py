"""Fixtures of all tests."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.builders import Pipeline
from tests.scripts.tiny_files import write_mixture

# The same examples in every run: a test that fails must fail again when it is looked at.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first, so that no process is left alone with one: those of the workflow, and of these
    first what need not wait until the study is built."""
    places: dict[Path, int] = {}
    for item in items:
        waiting = "first_call" in getattr(item, "fixturenames", ())
        place = 2 if item.get_closest_marker("workflow") is None else int(waiting)
        places[item.path] = max(place, places.get(item.path, 0))
    items.sort(key=lambda item: places[item.path])


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    """What a job does to the levels of its logs ends with its test."""
    logs = [logging.getLogger(name) for name in (None, "datalines", "__main__")]
    before = [log.level for log in logs]
    yield
    for log, level in zip(logs, before, strict=True):
        log.setLevel(level)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """The data scripts, writing below a temporary folder."""
    return Pipeline(tmp_path / "results")


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixture of 28 pairs."""
    return write_mixture(tmp_path_factory.mktemp("mixture"), "photo")
