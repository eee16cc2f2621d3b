"""A small finished study to be audited, and copies that a test may change."""

from pathlib import Path

import pytest

from tests.unit.results_folder import Folder, build


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Every kind of artifact with its receipts; not to be changed."""
    return build(tmp_path_factory.mktemp("study") / "checkout")


@pytest.fixture
def folder(study: Folder, tmp_path: Path) -> Folder:
    """A copy of it, with times and links."""
    return study.copy(tmp_path / "checkout")
