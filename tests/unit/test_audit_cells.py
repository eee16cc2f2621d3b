"""Two versions of one file: which cells differ, by how much, and how they are named."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datalines.audit.cells import Compared, compare, near
from datalines.audit.verdicts import Verdict

ROWS = "experiment,family,n,top1\nsources,yfcc,100,0.25\nsources,laion,100,0.5\n"


def two(folder: Path, name: str, old: str, new: str, tolerance: float = 1e-9, loosely: bool = False) -> Compared:
    """The comparison of two texts, in files of this name."""
    for kind, text in (("old", old), ("new", new)):
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / name).write_text(text)
    return compare(folder / "old" / name, folder / "new" / name, tolerance, loosely)


def test_equal_files_are_identical(tmp_path: Path) -> None:
    assert two(tmp_path, "a.csv", ROWS, ROWS).verdict is Verdict.IDENTICAL


def test_a_cell_is_named_by_its_row_and_column(tmp_path: Path) -> None:
    found = two(tmp_path, "a.csv", ROWS.replace("0.5", "0.52"), ROWS)
    assert found.verdict is Verdict.DRIFTED
    assert found.apart == [("laion/top1", "0.52 recorded, 0.5 recomputed")]


def test_a_row_without_a_key_of_its_own_is_named_by_its_number(tmp_path: Path) -> None:
    old = "family,top1\nyfcc,0.25\nyfcc,0.5\n"
    assert two(tmp_path, "a.csv", old, old.replace("0.5", "0.75")).apart[0][0] == "row 2/top1"


def test_a_fraction_within_the_tolerance_is_equivalent(tmp_path: Path) -> None:
    found = two(tmp_path, "a.csv", ROWS, ROWS.replace("0.25", "0.2500000000001"))
    assert (found.verdict, found.within) == (Verdict.EQUIVALENT, 1)
    assert found.largest == pytest.approx(4e-13, rel=1e-2)


def test_with_no_tolerance_the_same_number_in_other_words_is_equivalent(tmp_path: Path) -> None:
    assert two(tmp_path, "a.csv", ROWS, ROWS.replace("0.25", "2.5e-1"), 0.0).verdict is Verdict.EQUIVALENT
    assert two(tmp_path, "a.csv", ROWS, ROWS.replace("0.25", "0.2500000000000001"), 0.0).verdict is Verdict.DRIFTED


def test_whole_numbers_and_words_have_no_tolerance(tmp_path: Path) -> None:
    many = ROWS.replace("100", "1000000000")
    assert two(tmp_path, "a.csv", many, many.replace("1000000000", "1000000001", 1), 1e-3).apart
    assert two(tmp_path, "a.csv", ROWS, ROWS.replace("yfcc", "yfcd"), 1.0).apart == [
        ("yfcc/family", "yfcc recorded, yfcd recomputed")
    ]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("1e-13", "-1e-13", True),
        ("1e-10", "2e-10", False),
        ("nan", "NaN", True),
        ("nan", "0.5", False),
        ("", "0.5", False),
        ("inf", "inf", True),
        ("1", "1.0", True),
        ("0x1", "1.0", False),
    ],
)
def test_near(old: str, new: str, same: bool) -> None:
    assert near(old, new, 1e-9) is same


def test_rows_that_only_one_table_has_are_named(tmp_path: Path) -> None:
    found = two(tmp_path, "a.csv", ROWS, ROWS + "sources,wit,100,0.75\n")
    assert found.apart == [("sources,wit,100", "no such row recorded, a row recomputed")]
    found = two(tmp_path, "a.csv", ROWS + "sources,yfcc,100,0.25\n", ROWS)
    assert found.apart[0][0] == "sources,yfcc,100"


def test_other_columns_are_told_at_once(tmp_path: Path) -> None:
    assert two(tmp_path, "a.csv", ROWS.replace("top1", "top5"), ROWS).apart[0][0] == "header"
    assert two(tmp_path, "a.csv", ROWS + "short\n", ROWS).verdict is Verdict.DRIFTED
    assert two(tmp_path, "a.csv", "", ROWS).verdict is Verdict.DRIFTED


def test_a_reordered_table_is_not_the_same(tmp_path: Path) -> None:
    head, *rows = ROWS.splitlines(keepends=True)
    assert two(tmp_path, "a.csv", ROWS, "".join([head, *reversed(rows)])).verdict is Verdict.DRIFTED


def test_other_bytes_of_the_same_values_are_equivalent(tmp_path: Path) -> None:
    assert two(tmp_path, "a.csv", ROWS, ROWS.replace("\n", "\r\n")).verdict is Verdict.EQUIVALENT
    assert two(tmp_path, "a.json", '{"a": [1, 2]}', '{\n"a": [1, 2]}').verdict is Verdict.EQUIVALENT


def test_json_is_compared_leaf_by_leaf(tmp_path: Path) -> None:
    old = json.dumps({"a": [{"top1": 0.5}, 3], "b": "x"})
    assert two(tmp_path, "a.json", old, old.replace("0.5", "0.6")).apart[0][0] == "a.0.top1"
    assert two(tmp_path, "a.json", old, old.replace('"b"', '"c"')).apart == [
        ("b", "a value recorded, nothing recomputed"),
        ("c", "nothing recorded, a value recomputed"),
    ]
    assert two(tmp_path, "a.json", old, old.replace(", 3", "")).verdict is Verdict.DRIFTED


def test_a_manifest_may_have_another_digest_of_a_table_with_the_same_values(tmp_path: Path) -> None:
    old, new = '{"index": {"sha256": "aa"}, "n": 1}', '{"index": {"sha256": "bb"}, "n": 1}'
    assert two(tmp_path, "a.json", old, new, loosely=True).verdict is Verdict.EQUIVALENT
    assert two(tmp_path, "a.json", old, new).verdict is Verdict.DRIFTED


def test_a_text_differs_by_lines(tmp_path: Path) -> None:
    old = "| yfcc | 12.3 |\n| laion | 45.6 |\n"
    assert two(tmp_path, "a.md", old, old.replace("45.6", "45.7")).apart[0][0] == "line 2"
    assert two(tmp_path, "a.md", old, old + "more\n").apart[0][0] == "lines"


def test_rounded_numbers_of_a_text_may_differ_by_one_digit_where_the_table_does(tmp_path: Path) -> None:
    old = "| yfcc | 12.3 |\n"
    assert two(tmp_path, "a.md", old, old.replace("12.3", "12.4"), loosely=True).verdict is Verdict.EQUIVALENT
    for other in ("12.5", "-12.3", "12.30", "13"):
        assert two(tmp_path, "a.md", old, old.replace("12.3", other), loosely=True).verdict is Verdict.DRIFTED
    assert two(tmp_path, "a.md", old, old.replace("yfcc", "wit"), loosely=True).verdict is Verdict.DRIFTED


def test_tables_and_arrays_are_compared_by_their_values(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "n": [1, 2]})
    frame.to_parquet(tmp_path / "old.parquet", compression="zstd")
    frame.to_parquet(tmp_path / "new.parquet", compression=None)
    assert compare(tmp_path / "old.parquet", tmp_path / "new.parquet", 0.0).verdict is Verdict.EQUIVALENT
    frame.assign(n=[1, 3]).to_parquet(tmp_path / "new.parquet")
    assert compare(tmp_path / "old.parquet", tmp_path / "new.parquet", 0.0).apart[0][0] == "values"
    np.save(tmp_path / "old.npy", np.array([b"a", b"b"]))
    np.save(tmp_path / "new.npy", np.array([b"a"]))
    found = compare(tmp_path / "old.npy", tmp_path / "new.npy", 0.0)
    assert found.apart == [("values", "2 rows recorded, 1 recomputed")]


def test_an_array_of_objects_is_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "old.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "new.npy", np.array([1]))
    with pytest.raises(ValueError, match="Python objects"):
        compare(tmp_path / "old.npy", tmp_path / "new.npy", 0.0)
