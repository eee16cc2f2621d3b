"""Imports the script of a figure or a table from its path."""

import importlib.util
from pathlib import Path
from types import ModuleType

from datalines.errors import DatalinesError


def load(script: Path) -> ModuleType:
    """The module of a script file, executed; a file that is not Python is a DatalinesError."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None:
        raise DatalinesError(f"{script} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
