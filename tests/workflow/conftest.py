"""One finished run of the tiny study for all tests of the workflow; a test that changes something works on a copy."""

from pathlib import Path

import pytest

from tests.workflow.checkout import Call, Checkout, make, write_animals


@pytest.fixture(scope="session")
def animals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that $TINY stands for."""
    folder = tmp_path_factory.mktemp("data")
    write_animals(folder / "animals.tar")
    return folder


@pytest.fixture(scope="session")
def first_call(animals: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, Call]:
    """A checkout and the call that built everything in it."""
    checkout = make(tmp_path_factory.mktemp("workflow") / "finished", animals)
    call = checkout.call()
    assert call.code == 0, call.text
    return checkout, call


@pytest.fixture(scope="session")
def finished(first_call: tuple[Checkout, Call]) -> Checkout:
    """A checkout in which everything is built; not to be changed."""
    return first_call[0]


@pytest.fixture
def fresh(animals: Path, tmp_path: Path) -> Checkout:
    """A checkout in which nothing is built."""
    return make(tmp_path / "fresh", animals)
