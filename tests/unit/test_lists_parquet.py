"""Lists in Parquet files: needed columns only, whatever type holds the texts; a file that is none is an error."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datalines.errors import PoolError
from tests.unit.list_files import listing, named, normal, pairs, read, tsv, write

PARQUET = listing("parquet")
URLS = ["http://a.org/1.jpg", "http://a.org/2.jpg", None]
CAPTIONS = ["a cat", None, "NA"]


def table(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table({"url": pa.array(URLS), "caption": pa.array(CAPTIONS), **columns}), path, row_group_size=2)
    return path


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int8(), pa.string())]
)
def test_texts_of_every_type(tmp_path: Path, kind: pa.DataType) -> None:
    path = table(tmp_path / "a.parquet", url=pa.array(URLS).cast(kind), caption=pa.array(CAPTIONS).cast(kind))
    for rows in (1, 2, 1000):
        assert pairs(path, PARQUET, rows) == [
            (b"http://a.org/1.jpg", b"a cat"),
            (b"http://a.org/2.jpg", None),
            (None, b"NA"),
        ]


def test_nothing_where_there_should_be_something_is_a_status(tmp_path: Path) -> None:
    found = normal(table(tmp_path / "a.parquet"), PARQUET)
    assert [(row["url"], row["caption"], row["status"]) for row in found] == [
        ("http://a.org/1.jpg", "a cat", "ok"),
        ("http://a.org/2.jpg", "", "empty_caption"),
        ("", "NA", "invalid_url"),
    ]
    assert found[2]["message"] == "no URL"


def test_a_column_of_nothing_but_nulls(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", caption=pa.nulls(3))
    assert [row["status"] for row in normal(path, PARQUET)] == ["empty_caption", "empty_caption", "invalid_url"]


def test_facts_of_every_type(tmp_path: Path) -> None:
    big = 2**60 + 1
    path = table(
        tmp_path / "a.parquet",
        similarity=pa.array([0.25, float("nan"), None], pa.float32()),
        rank=pa.array([1, big, None]),
        safe=pa.array([True, False, None]),
        words=pa.array(["0.5", "nan", "many"]),
        tag=pa.array(["UNLIKELY", " ", "NSFW"]).dictionary_encode(),
    )
    columns = {"similarity": "number", "rank": "number", "safe": "number", "words": "number", "tag": "text"}
    facts = {name: {"column": name, "type": kind} for name, kind in columns.items()}
    facts["ranked"] = {"column": "rank", "type": "text"}
    found = normal(path, listing("parquet", facts=facts))
    assert {name: [row[f"fact.{name}"] for row in found] for name in facts} == {
        "similarity": [0.25, None, None],
        "rank": [1, float(big), None],
        "safe": [1, 0, None],
        "words": [0.5, None, None],
        "tag": ["UNLIKELY", None, "NSFW"],
        "ranked": ["1", str(big), None],
    }


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"columns": named("URL", "caption")}, r"columns\.url: .*no column 'URL'; did you mean 'url'"),
        ({"columns": named("url", "number")}, r"columns\.caption: .*holds int64 in the column 'number', which cannot"),
        ({"columns": named("url", "caption", "listed")}, r"columns\.sha256: .*holds list<.*cannot serve as sha256"),
        ({"columns": named("url", 9)}, r"columns\.caption: .*has 5 columns, so there is no column 9"),
        ({"facts": {"x": {"column": "listed", "type": "text"}}}, r"facts\.x\.column: .*cannot serve as fact\.x"),
        ({"facts": {"x": {"column": "when", "type": "number"}}}, r"facts\.x\.column: .*timestamp.*cannot serve"),
    ],
)
def test_columns_that_cannot_serve(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    path = table(
        tmp_path / "a.parquet",
        number=pa.array([1, 2, 3]),
        listed=pa.array([["a"], ["b"], []]),
        when=pa.array([0, 1, 2], pa.timestamp("s")),
    )
    with pytest.raises(PoolError, match=rf"^pools\.web\.list\.{text}"):
        read(path, listing("parquet", **changes))


def test_a_file_that_is_none_or_cut_short(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"list\.path: .*a\.tsv is no Parquet file, or truncated .*check `format`"):
        read(write(tmp_path / "a.tsv", tsv([("u", "c")])), PARQUET)
    path = table(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(PoolError, match=r"is no Parquet file, or truncated"):
        read(path, PARQUET)


def test_damaged_pages_are_an_error_and_not_a_shorter_list(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    captions = [f"{number * 7919 % 100_003} words" for number in range(50_000)]
    pq.write_table(pa.table({"url": ["http://a.org/1"] * len(captions), "caption": captions}), path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    with pytest.raises(PoolError, match=r"list\.path: .*a\.parquet is damaged .*fetch it again"):
        read(path, PARQUET)
