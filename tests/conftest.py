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
