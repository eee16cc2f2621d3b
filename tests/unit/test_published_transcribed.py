"""Tables typed in from documents: what does not fit its declaration is said before any job starts."""

from pathlib import Path

import pytest

from datalines.published.transcribed import defect_of

COLUMNS, KEY = ["item", "cell", "published"], ["item", "cell"]
TEXT = 'item,cell,published\nTable 1,"a, b",.870\nTable 1,c,"1,200"\nTable 2,c,\n'


def test_a_table_as_it_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "cells.csv"
    path.write_text(TEXT)
    assert defect_of(path, COLUMNS, KEY) == ""
    assert "several rows of cell = c" in defect_of(path, COLUMNS, ["cell"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("published", "printed", 1), "has the columns item, cell, printed, and item, cell, published are"),
        (TEXT.replace("item,cell", "cell,item", 1), "has the columns cell, item, published"),
        ("item,cell,published,note\nTable 1,c,1,x\n", "has the columns item, cell, published, note"),
        ("item,cell,cell,published\nTable 1,c,1,x\n", "has the columns item, cell, cell, published"),
        (TEXT.replace("Table 2,c", "Table 1,c"), "has several rows of item | cell = Table 1 | c; keep one"),
        (TEXT.replace("Table 2,c", ",c"), "has no item in record 4"),
        (TEXT.replace('"a, b"', "a, b"), "has 4 cells in record 2 and 3 in the header; put commas in quotes"),
        ("item,cell,published\n", "has a header and no row"),
        ("", "has the columns none"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_does_not_fit_its_declaration(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "cells.csv").write_text(text)
    assert message in defect_of(tmp_path / "cells.csv", COLUMNS, KEY)


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_bytes(b"item\xff,cell,published\n")
    assert defect_of(tmp_path / "cells.csv", COLUMNS, KEY) == "cannot be read: it is not UTF-8 text"
