"""The tools of the exchange formats, in the environment that has them.

These tests run where this folder is named (`make exchange`), not among all tests: they need that environment.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from datalines.errors import DatalinesError
from datalines.exchange.crate import interpreter

ROOT = Path(__file__).parents[2]
Validate = Callable[[str, Path], str]


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out unless it is asked for by name."""
    named = any("tests/exchange" in str(argument) for argument in config.invocation_params.args)
    return None if named else True


@pytest.fixture(scope="session")
def validate() -> Validate:
    """Call the tool of a format (crate, croissant) with a folder: what it says against it, empty where it is valid."""
    try:
        python = interpreter(ROOT)
    except DatalinesError as error:
        pytest.fail(f"THE EXCHANGE FORMATS WERE NOT CHECKED: {error}", pytrace=False)

    def call(form: str, folder: Path) -> str:
        command = [python, Path(__file__).with_name("validate.py"), form, folder]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode in (0, 1), done.stderr
        assert (done.returncode == 0) == (done.stdout == f"{form}: {folder} is valid\n"), done.stdout + done.stderr
        return done.stdout if done.returncode else ""

    return call
