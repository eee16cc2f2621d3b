"""A sound study to be proved, and copies in which a test may cheat."""

import shutil
from pathlib import Path

import pytest

from tests.proofs.proof_folder import Folder
from tests.proofs.proof_study import build


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A study whose proofs all hold; not to be changed."""
    return build(tmp_path_factory.mktemp("sound") / "checkout")


@pytest.fixture
def folder(sound: Folder, tmp_path: Path) -> Folder:
    """A copy that a cheat may change."""
    shutil.copytree(sound.checkout, tmp_path / "checkout")
    return Folder(tmp_path / "checkout")
