"""Fixtures that several files of unit tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from datalines.training.launch import train
from tests.unit.tiny_runs import recipe
from tests.unit.tiny_scorer import write_part, write_weights
from tests.unit.tiny_training import left, run_of
from tests.unit.url_lists import Fetching
from tests.web.asking import stand_in_names
from tests.web.server import Site, serve


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    """One web server for all tests of a file."""
    with serve() as running:
        yield running


@pytest.fixture
def site(server: Site) -> Iterator[Site]:
    """The server, with no request counted."""
    server.forget()
    yield server
    server.forget()


@pytest.fixture
def fetching(tmp_path: Path) -> Fetching:
    """A part to be fetched, in a folder of its own."""
    return Fetching(tmp_path)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the system's lookup finds: {name: addresses}; a name that is not here is unknown."""
    return stand_in_names(monkeypatch)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """The receipt of a part with pairs to be scored."""
    return write_part(tmp_path / "web")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of a tiny scorer's weights."""
    return write_weights(tmp_path / "tiny.safetensors")


@pytest.fixture(scope="module")
def whole(mixture: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that is never stopped."""
    run = run_of(mixture, tmp_path_factory.mktemp("whole"), recipe())
    train(run, 1)
    return left(Path(run.folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a run's state shall lie."""
    return tmp_path / "state"
