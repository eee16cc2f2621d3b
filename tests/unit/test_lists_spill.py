"""Rows sorted into parts on disk: every part in its order, however few files may be open."""

from pathlib import Path

import pyarrow as pa
import pytest

from datalines.lists import spill
from datalines.lists.spill import Spill


@pytest.mark.parametrize("count", [1, 3, 4, 5, 16, 17, 70])
def test_more_parts_than_open_files(tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "OPEN_FILES", 4)
    monkeypatch.setattr(spill, "BUFFER", 500)
    numbers = [number * 31 % count for number in range(300)]
    rows = pa.table({"text": [str(number) for number in range(300)], "part": pa.array(numbers, pa.int32())})
    spilled = Spill(tmp_path / "spill", rows.schema, 0, count)
    for start in range(0, 300, 50):
        spilled.add(rows.slice(start, 50))
    found = [table["text"].to_pylist() for table in spilled.tables()]
    assert found == [[str(row) for row in range(300) if numbers[row] == part] for part in range(count)]
    assert not [path for path in (tmp_path / "spill").rglob("*.arrows") if path.is_file()]
