"""Fixtures of all tests."""

from pathlib import Path

import pytest

from tests.builders import Pipeline


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """The data scripts, writing below a temporary folder."""
    return Pipeline(tmp_path / "results")
