"""One finished run of the tiny study for all tests of the workflow; a test that changes something works on a copy."""

import fcntl
import json
from pathlib import Path

import pytest

from tests.workflow.checkout import FORK_SERVER, Call, Checkout, make, write_animals


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this test run have."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def animals(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that $TINY stands for."""
    with (shared / "animals.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "data"
        if not folder.exists():
            fresh = tmp_path_factory.mktemp("data")
            write_animals(fresh / "animals.tar")
            fresh.rename(folder)
    return folder


@pytest.fixture(scope="session")
def first_call(animals: Path, shared: Path) -> tuple[Checkout, Call]:
    """A checkout and the call that built everything in it: by the process that comes first, while the others wait."""
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = shared / "finished.json"
        if said.exists():
            return Checkout(shared / "finished", animals), Call(**json.loads(said.read_text()))
        assert not (shared / "finished").exists(), "the study could not be built; see the first test that asked for it"
        checkout = make(shared / "finished", animals)
        call = checkout.call(**FORK_SERVER)
        assert call.code == 0, call.text
        said.write_text(json.dumps({"code": call.code, "text": call.text}))
        return checkout, call


@pytest.fixture(scope="session")
def finished(first_call: tuple[Checkout, Call]) -> Checkout:
    """A checkout in which everything is built; not to be changed."""
    return first_call[0]


@pytest.fixture
def fresh(animals: Path, tmp_path: Path) -> Checkout:
    """A checkout in which nothing is built."""
    return make(tmp_path / "fresh", animals)
