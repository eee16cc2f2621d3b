"""A figure's or table's script is imported from its path."""

from pathlib import Path

import pytest

from datalines.errors import DatalinesError
from datalines.scriptfile import load


def test_a_script_is_executed_and_keeps_its_docstring(tmp_path: Path) -> None:
    (tmp_path / "fig_01.py").write_text('"""A caption."""\n\n\ndef draw() -> int:\n    return 3\n')
    module = load(tmp_path / "fig_01.py")
    assert (module.__doc__, module.draw(), module.__name__) == ("A caption.", 3, "fig_01")


def test_what_is_no_python_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "fig_01.txt").write_text("draw")
    with pytest.raises(DatalinesError, match=r"fig_01\.txt is not a Python file"):
        load(tmp_path / "fig_01.txt")
