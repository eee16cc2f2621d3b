"""Lists in JSON: one object a line, an array, an array under a key. Broken rows are rows, broken files are errors."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import PoolError
from tests.unit.list_files import json_lines, listing, named, normal, pairs, read, write

LINES = listing("jsonl")
LIST = listing("json")
REDCAPS = listing("json", records="annotations", facts={"subreddit": {"column": "subreddit", "type": "text"}})
ROWS = [{"url": "u1", "caption": "a cat"}, {"url": "u2", "caption": "ein Hündchen"}]
READ = [(b"u1", b"a cat"), (b"u2", "ein Hündchen".encode())]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_an_object_a_line(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, "\n".join(json.dumps(row) for row in ROWS) + "\n\n")
    assert pairs(path, LINES) == READ


def test_a_line_that_is_no_object_is_a_row(tmp_path: Path) -> None:
    lines = ['{"url": "u1", "caption": "a"}', "{broken", '"text"', "[1]", '{"url": 7, "caption": "a"}']
    lines += ['{"url": "u", "caption": ["a"]}', "[" * 100_000, '{"url": "u2", "caption": null}', '{"url": "u3"}']
    found = read(write(tmp_path / "a.jsonl", "\n".join(lines)), LINES)
    assert [(row["url"], row["caption"]) for row in found[:3]] == [(b"u1", b"a"), (b"u2", None), (b"u3", None)]
    assert [row["place"] for row in found[3:]] == [f"line {number} of a.jsonl" for number in range(2, 8)]
    assert [row["problem"].split(":")[0] for row in found[3:]] == [
        "no JSON",
        "no object with keys",
        "no object with keys",
        "url is not a text",
        "caption is not a text",
        "no JSON",
    ]


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_text_that_is_no_unicode_spoils_its_row_alone(tmp_path: Path, format: str) -> None:
    rows = [
        b'{"url": "http://a.org/1.jpg", "caption": "caf\xe9"}',
        b'{"url": "http://a.org/2.jpg", "caption": "\\ud83d"}',
    ]
    rows += [
        b'{"url": "http://a.org/3.jpg", "caption": "a\\u0000b"}',
        b'{"url": "http://a.org/4.jpg", "caption": "good"}',
    ]
    data = b"\n".join(rows) if format == "jsonl" else b"[" + b", ".join(rows) + b"]"
    found = normal(write(tmp_path / "a", data), listing(format))
    assert [row["status"] for row in found] == [*["undecodable_caption"] * 3, "ok"]


def test_redcaps_in_both_forms(tmp_path: Path) -> None:
    rows = [{"image_id": "x", **row, "subreddit": "abandoned", "crosspost_parents": None} for row in ROWS]
    by_key = {"info": {"year": 2020, "annotations": "no"}, "annotations": rows, "licenses": [1, {"a": 2}]}
    for name, content in {"abandoned_2020.json": by_key, "shard_000000.json": rows, "gz.json.gz": by_key}.items():
        path = write(tmp_path / name, json.dumps(content, indent=1))
        for batch in (1, 2, 1000):
            assert pairs(path, REDCAPS, batch) == READ
        assert [row["fact.subreddit"] for row in read(path, REDCAPS)] == [b"abandoned"] * 2


def test_rows_of_an_array_that_are_no_objects(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", json.dumps([ROWS[0], 5, "x", None, {"url": 1, "caption": "x"}, ROWS[1]]))
    found = read(path, LIST)
    assert [row["url"] for row in found[:2]] == [b"u1", b"u2"]
    assert [row["place"] for row in found[2:]] == [f"row {number} of a.json" for number in range(2, 6)]


@pytest.mark.parametrize("content", ["[]", ' {"annotations": [], "x": 1} '])
def test_a_file_without_rows_may_stand_beside_others(tmp_path: Path, content: str) -> None:
    assert read(write(tmp_path / "a.json", content), REDCAPS) == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('{"info": 1, "rows": []}', r"records: .*lacks the key 'annotations'; .*keys found: 'info', 'rows'"),
        ('{"annotations": {"a": 1}}', r"records: .*holds no list under 'annotations'"),
        ('[{"url": "u1", "caption": "a"}', r"path: .*is no JSON, or truncated, after 1 rows \(it ends before a '\]'\)"),
        ('[{"url": "u1", "caption": "a"}, {"url": "u2", "cap', r"path: .*truncated, after 1 rows"),
        ('[{"url": "u1", "caption": "a"} {"url": "u2"}]', r"path: .*after 1 rows \('{' stands where '\]' belongs\)"),
        ('{"annotations": [{"url": "u1", "caption": "a"}]', r"path: .*after 1 rows \(it ends before a '}'\)"),
        ('{"annotations": [{"url": "u1", "caption": "a"}], "info": {', r"path: .*after 1 rows"),
        ('[{"url": "u1", "caption": "a"}]\n[]', r"path: .*there is more after its end; one object in every line is"),
        ("url\tcaption\n", r"path: .*after 0 rows \(it is neither an array nor an object\)"),
        ("[" * 100_000, r"path: .*after 0 rows"),
        ("[,]", r"path: .*after 0 rows"),
    ],
)
def test_files_that_are_no_such_list(tmp_path: Path, content: str, text: str) -> None:
    with pytest.raises(PoolError, match=rf"^pools\.web\.list\.{text}"):
        read(write(tmp_path / "a.json", content), REDCAPS | {"facts": {}})


def test_an_object_needs_the_key_of_its_list(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", json.dumps({"annotations": ROWS}))
    with pytest.raises(PoolError, match=r"list\.records: .*is an object; name the key .*keys found: 'annotations'"):
        read(path, LIST)


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_keys_that_no_object_has(tmp_path: Path, format: str) -> None:
    rows = [{"url": "u", "Caption": "c"}, {"url": "v", "text": "c"}]
    path = write(tmp_path / "a", json.dumps(rows) if format == "json" else json_lines(rows))
    with pytest.raises(
        PoolError, match=r"columns\.caption: .*no column 'caption'; did you mean 'Caption'\? it has 'url'"
    ):
        read(path, listing(format))
    with pytest.raises(PoolError, match=r"columns\.url: .*objects with keys, not numbered columns; write one of 'url'"):
        read(path, listing(format, columns=named(0, "text")))


def test_a_text_without_any_object_is_no_list_of_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", "url\tcaption\nu1\ta\n")
    with pytest.raises(PoolError, match=r"list\.format: .*a\.jsonl holds no line that is a JSON object"):
        read(path, LINES)


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_facts_keep_what_they_say(tmp_path: Path, format: str) -> None:
    values: list[Any] = ["text", 3, 0.1, True, None, [1, "ü"], "", " 7 ", "1e3", "much", 10**400]
    rows = [{"url": f"http://a.org/{number}", "caption": "c", "x": value} for number, value in enumerate(values)]
    path = write(tmp_path / "a", json.dumps(rows) if format == "json" else json_lines(rows))
    facts = {"t": {"column": "x", "type": "text"}, "n": {"column": "x", "type": "number"}}
    found = normal(path, listing(format, facts=facts))
    assert [row["fact.t"] for row in found][:-1] == [
        "text",
        "3",
        "0.1",
        "true",
        None,
        '[1, "ü"]',
        None,
        "7",
        "1e3",
        "much",
    ]
    assert [row["fact.n"] for row in found][:-1] == [None, 3, 0.1, None, None, None, None, 7, 1000, None]


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_a_caption_of_a_megabyte(tmp_path: Path, format: str) -> None:
    rows = [{"url": "u1", "caption": "word " * 200_000}, {"url": "u2", "caption": "b"}]
    path = write(tmp_path / "a", json.dumps(rows) if format == "json" else json_lines(rows))
    for batch in (1, 1000):
        assert pairs(path, listing(format), batch) == [(b"u1", b"word " * 200_000), (b"u2", b"b")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.fixed_dictionaries({"url": st.text(max_size=8), "caption": st.text(max_size=20), "x": JSON})


@given(st.lists(OBJECT | JSON, min_size=1), st.sampled_from([None, 1]), st.integers(1, 5), st.booleans())
def test_arrays_are_read_as_the_json_module_reads_them(
    tmp_path_factory: Any, rows: list[Any], indent: int | None, batch: int, plain: bool
) -> None:
    rows = [{"url": "u", "caption": "c"}, *rows]
    path = tmp_path_factory.mktemp("array") / "a.json"
    content = rows if plain else {"before": rows, "annotations": rows, "after": 1}
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=False), encoding="utf-8")
    found = read(path, REDCAPS | {"facts": {}}, batch)
    good = [row for row in rows if isinstance(row, dict) and _texts(row.get("url"), row.get("caption"))]
    expected = [
        tuple(None if row.get(key) is None else row[key].encode() for key in ("url", "caption")) for row in good
    ]
    assert [(row["url"], row["caption"]) for row in found if not row["problem"]] == expected
    assert len(found) == len(rows)


def _texts(*values: Any) -> bool:
    return all(value is None or isinstance(value, str) for value in values)
