"""Fixtures of all tests."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.builders import Pipeline

# The same examples in every run: a test that fails must fail again when it is looked at.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """The data scripts, writing below a temporary folder."""
    return Pipeline(tmp_path / "results")
