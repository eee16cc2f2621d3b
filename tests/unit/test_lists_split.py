"""Cutting a list into parts: nothing is lost, the cut follows from the rows alone, an edit touches only its parts."""

import hashlib
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import PoolError
from datalines.lists.split import rows_digest, split_list
from datalines.pools.base import item_id
from tests.unit.list_files import WHERE, headerless, json_lines, listing, named, tsv, url_pool, write

REAL = Path(__file__).parents[3] / "shared" / "data" / "laion-urls-10000.parquet"
LANGUAGE = {"language": {"column": "language", "type": "text"}}
ENGLISH = {"kind": "tag", "name": "english", "fact": "language", "keep": ["en"], "drop": None, "missing": "drop"}
SHORT = {"kind": "caption-length", "name": "short", "unit": "characters", "min": None, "max": 5}


def split(
    out: Path, files: Path | list[Path], spec: dict[str, Any] | None = None, rows: int = 1000, **options: Any
) -> dict[str, Any]:
    paths = [files] if isinstance(files, Path) else files
    return split_list("web", spec or url_pool(), paths, out, WHERE, rows, **options)


def rows_of(out: Path, manifest: dict[str, Any]) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(out / f"{part['part']}.parquet") for part in manifest["parts"]])


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def url(number: int) -> str:
    return f"https://host{number % 5}.org/{number}.jpg"


def numbered(count: int) -> list[tuple[str, ...]]:
    return [(url(number), f"cat {number}") for number in range(count)]


def test_parts_hold_every_row_once_sorted_by_id_with_all_columns(tmp_path: Path) -> None:
    manifest = split(tmp_path / "out", write(tmp_path / "a.tsv", tsv(numbered(100))))
    assert {key: manifest[key] for key in ("rows", "requested", "not_sampled", "not_selected", "statuses")} == {
        "rows": 100,
        "requested": 100,
        "not_sampled": 0,
        "not_selected": {},
        "statuses": {"ok": 100},
    }
    found = rows_of(tmp_path / "out", manifest)
    assert list(found.columns) == ["id", "key", "url", "caption", "status", "message", "expected_sha256"]
    assert sorted(found["url"]) == sorted(url(number) for number in range(100))
    for part in manifest["parts"]:
        rows = pd.read_parquet(tmp_path / "out" / f"{part['part']}.parquet")
        assert len(rows) == part["rows"]
        assert list(rows["id"]) == sorted(rows["id"])
        hashes = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in rows["url"]]
        assert all(int.from_bytes(value, "big") * 4 >> 64 == int(part["part"]) for value in hashes)
    assert found["id"].tolist() == [item_id("web", key) for key in found["key"]]


def test_the_manifest_says_what_was_read(tmp_path: Path) -> None:
    paths = [write(tmp_path / name, tsv(numbered(3))) for name in ("b.tsv", "a.tsv")]
    manifest = split(tmp_path / "out", paths, url_pool(source="web@2"))
    assert [Path(source["path"]).name for source in manifest["sources"]] == ["a.tsv", "b.tsv"]
    digest = hashlib.sha256(paths[0].read_bytes()).hexdigest()
    assert manifest["sources"][1] == {"path": "b.tsv", "bytes": paths[0].stat().st_size, "sha256": digest}
    assert (manifest["pool"], manifest["version"], manifest["source"]) == ("web", "1", "web@2")


def test_the_digest_of_the_declaration_follows_what_decides_the_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", tsv(numbered(3)))
    changed = [url_pool(parts=5), url_pool(select=[SHORT]), url_pool(sample={"share": 0.5, "seed": 0})]
    changed += [url_pool(listing(caption_limit=9)), url_pool(listing(path="elsewhere"))]
    first, *others, moved = [split(tmp_path / "out", path, spec)["spec"] for spec in [url_pool(), *changed]]
    assert len({first, *others}) == 5
    assert moved == first


def test_a_row_that_occurred_before_is_a_duplicate_with_an_id_of_its_own(tmp_path: Path) -> None:
    pairs = [(url(1), "cat"), (url(1), " cat "), (url(1).replace("https", "HTTPS"), "cat"), (url(1), "dog")]
    manifest = split(tmp_path / "out", write(tmp_path / "a.tsv", tsv(pairs)))
    found = rows_of(tmp_path / "out", manifest)
    assert manifest["statuses"] == {"duplicate_row": 2, "ok": 2}
    assert found["id"].is_unique
    assert sorted(key.split(" ", 2)[2:] for key in found["key"]) == [[], [], ["#2"], ["#3"]]
    assert sorted(found.loc[found["status"] == "ok", "caption"]) == ["cat", "dog"]
    assert found["id"].tolist() == [item_id("web", key) for key in found["key"]]


def test_which_duplicate_is_kept_does_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = [(url(1), "cat", language) for language in ("fr", "en", "de", "")]
    spec = url_pool(listing(facts=LANGUAGE))
    for name, order in {"a": rows, "b": rows[::-1]}.items():
        split(
            tmp_path / name / "out", write(tmp_path / name / "x.tsv", tsv(order, ("url", "caption", "language"))), spec
        )
    assert contents(tmp_path / "a" / "out") == contents(tmp_path / "b" / "out")


def test_bad_rows_keep_their_own_status_and_are_all_counted(tmp_path: Path) -> None:
    lines = [
        b"url\tcaption",
        url(1).encode() + b"\tcaf\xe9",
        b"\t",
        b"\t",
        url(1).encode() + b"\ta\0b",
        b"no tab",
        b"no tab",
    ]
    lines += [url(2).encode() + b"\t" + b"x" * 70_000, url(2).encode() + b"\tfine"]
    manifest = split(tmp_path / "out", write(tmp_path / "a.tsv", b"\n".join(lines)))
    found = rows_of(tmp_path / "out", manifest)
    expected = {"undecodable_caption": 2, "invalid_url": 2, "malformed_row": 2, "caption_too_long": 1, "ok": 1}
    assert manifest["statuses"] == dict(sorted(expected.items()))
    assert Counter(found["status"]) == expected
    assert sorted(found.loc[found["status"] == "malformed_row", "key"]) == ["line 6 of a.tsv", "line 7 of a.tsv"]
    assert found.loc[found["status"] == "caption_too_long", "caption"].tolist() == ["x" * 200]
    assert found.loc[found["status"] == "undecodable_caption", "caption"].tolist() == ["", ""]
    assert found["id"].is_unique


def test_selection_counts_by_first_reason_and_leaves_malformed_rows(tmp_path: Path) -> None:
    rows: list[tuple[str, ...]] = [
        (url(1), "cat", "en"),
        (url(2), "a long caption", "en"),
        (url(3), "chat", "fr"),
        (url(4), "a long one", ""),
    ]
    rows += [(url(5), "", "en"), ("ftp://a.org", "cat", "en"), ("bad", "", "fr"), ("malformed",)]
    path = write(tmp_path / "a.tsv", tsv(rows, ("url", "caption", "language")))
    manifest = split(tmp_path / "out", path, url_pool(listing(facts=LANGUAGE), select=[ENGLISH, SHORT]))
    assert manifest["not_selected"] == {"english": 3, "short": 1}
    assert manifest["statuses"] == {"empty_caption": 1, "malformed_row": 1, "ok": 1, "refused_scheme": 1}
    assert (manifest["rows"], manifest["requested"]) == (8, 4)
    facts = rows_of(tmp_path / "out", manifest).set_index("status")["fact.language"]
    assert facts.drop("malformed_row").tolist() == ["en"] * 3
    assert pd.isna(facts["malformed_row"])


def test_a_long_caption_is_selected_by_all_of_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", tsv([(url(1), "x" * 300)]))
    step = {**SHORT, "min": 250, "max": None}
    manifest = split(tmp_path / "out", path, url_pool(listing(caption_limit=100), select=[step]))
    assert manifest["statuses"] == {"caption_too_long": 1}


def test_a_step_that_cannot_judge_a_list_is_an_error_before_any_work(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", tsv(numbered(3)))
    with pytest.raises(PoolError, match=r"^pools\.web\.select: .*'english'.* needs the fact 'language'"):
        split(tmp_path / "out", path, url_pool(select=[ENGLISH]))
    assert not (tmp_path / "out").exists()


def test_excluded_rows_are_not_asked_for_and_touch_only_their_parts(tmp_path: Path) -> None:
    lines = [*numbered(40), (url(1), "another"), (url(2), "cat 2"), ("ftp://a.org", "x")]
    path = write(tmp_path / "a.tsv", tsv(lines))
    before = split(tmp_path / "out", path, url_pool(parts=20))
    rows = rows_of(tmp_path / "out", before)
    ids, keys = (dict(zip(rows["caption"], rows[name], strict=True)) for name in ("id", "key"))
    named = [("", ids["cat 3"]), (url(1), ""), (url(2), ""), ("https://elsewhere.org/", "")]
    first = write(tmp_path / "first.csv", "url,id\n" + "".join(f"{link},{name}\n" for link, name in named))
    second = write(tmp_path / "second.csv", f"pool,key\nother,{keys['cat 5']}\nweb,{keys['cat 4']}\n")
    after = split(tmp_path / "out", path, url_pool(parts=20), exclusions=[first, second])
    found = rows_of(tmp_path / "out", after)
    assert after["statuses"] == {"duplicate_row": 1, "excluded": 5, "ok": 36, "refused_scheme": 1}
    captions = found.loc[found["status"] == "excluded", "caption"]
    assert sorted(captions) == ["another", "cat 1", "cat 2", "cat 3", "cat 4"]
    pairs = zip(before["parts"], after["parts"], strict=True)
    changed = {int(new["part"]) for old, new in pairs if old["digest"] != new["digest"]}
    hashes = [hashlib.blake2b(url(number).encode(), digest_size=8).digest() for number in (1, 2, 3, 4)]
    assert changed == {int.from_bytes(value, "big") * 20 >> 64 for value in hashes}


def test_samples_are_counted_and_nested(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", tsv(numbered(2000)))
    found = {}
    for share in (0.2, 0.6):
        out = tmp_path / str(share)
        manifest = split(out, path, url_pool(sample={"share": share, "seed": 3}))
        found[share] = set(rows_of(out, manifest)["id"])
        assert manifest["not_sampled"] == 2000 - len(found[share])
        assert abs(len(found[share]) - 2000 * share) < 5 * (2000 * share * (1 - share)) ** 0.5
    assert found[0.2] < found[0.6]


def test_an_edited_row_changes_only_its_parts(tmp_path: Path) -> None:
    rows = numbered(400)
    spec = url_pool(parts=20)
    path = write(tmp_path / "a.tsv", tsv(rows))
    before = split(tmp_path / "out", path, spec)
    files = {entry.name: entry for entry in (tmp_path / "out").iterdir()}
    for entry in files.values():
        os.utime(entry, (1, 1))
    edited = [(url(7), "another caption") if row == rows[7] else row for row in rows if row != rows[11]]
    write(path, tsv([(url(1000), "new"), *edited]))
    after = split(tmp_path / "out", path, spec)
    homes = {
        int.from_bytes(hashlib.blake2b(url(n).encode(), digest_size=8).digest(), "big") * 20 >> 64
        for n in (7, 11, 1000)
    }
    changed = {
        int(new["part"])
        for old, new in zip(before["parts"], after["parts"], strict=True)
        if old["digest"] != new["digest"]
    }
    assert changed == homes
    assert {int(name.split(".")[0]) for name, entry in files.items() if entry.stat().st_mtime != 1} == homes


def test_a_damaged_part_is_written_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", tsv(numbered(50)))
    split(tmp_path / "out", path)
    expected = contents(tmp_path / "out")
    (tmp_path / "out" / "1.parquet").write_bytes(b"half")
    (tmp_path / "out" / "2.parquet").unlink()
    split(tmp_path / "out", path)
    assert contents(tmp_path / "out") == expected


def test_rests_of_earlier_runs_are_removed_and_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", tsv(numbered(50)))
    split(tmp_path / "out", path, url_pool(parts=9))
    write(tmp_path / "out" / ".spill" / "parts" / "0.arrows", b"left")
    write(tmp_path / "out" / ".3.parquet.77.tmp", b"left")
    write(tmp_path / "out" / "notes.parquet", b"mine")
    split(tmp_path / "out", path, url_pool(parts=2))
    assert sorted(contents(tmp_path / "out")) == ["0.parquet", "1.parquet", "notes.parquet"]


def test_an_empty_part_has_a_file(tmp_path: Path) -> None:
    manifest = split(tmp_path / "out", write(tmp_path / "a.tsv", tsv(numbered(1))), url_pool(parts=3))
    assert sorted(part["rows"] for part in manifest["parts"]) == [0, 0, 1]
    assert len(contents(tmp_path / "out")) == 3


def test_a_list_without_rows_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "url\tcaption\n\n")
    with pytest.raises(PoolError, match=r"^pools\.web\.list\.path: no rows in .*a\.tsv; give a list that has some"):
        split(tmp_path / "out", path)
    assert contents(tmp_path / "out") == {}


def test_every_file_is_looked_at_before_any_is_read(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.tsv", tsv(numbered(3))), write(tmp_path / "b.tsv", "URL\tcaption\n")]
    with pytest.raises(PoolError, match=r"columns\.url: .*b\.tsv has no column 'url'"):
        split(tmp_path / "out", paths)
    assert not (tmp_path / "out").exists()


def test_all_formats_give_the_same_parts(tmp_path: Path) -> None:
    rows = [*numbered(60), (url(1), 'a "quoted" cat'), (url(2), " ü ")]
    table = pa.table({"url": [row[0] for row in rows], "caption": [row[1] for row in rows]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=7)
    objects = [{"url": link, "caption": caption} for link, caption in rows]
    write(tmp_path / "a.jsonl", json_lines(objects))
    write(tmp_path / "a.json", "[" + ",".join(json_lines([entry]) for entry in objects) + "]")
    write(tmp_path / "a.tsv", tsv(rows))
    write(tmp_path / "b.tsv.gz", tsv(rows, header=None))
    quoted = table.to_pandas().to_csv(index=False)
    write(tmp_path / "a.csv", quoted)
    declared = {"a.parquet": listing("parquet"), "a.jsonl": listing("jsonl"), "a.json": listing("json")}
    declared |= {"a.tsv": listing(), "b.tsv.gz": headerless(), "a.csv": listing("csv", quoting="standard")}
    for name, spec in declared.items():
        split(tmp_path / f"out-{name}", tmp_path / name, url_pool(spec))
        assert contents(tmp_path / f"out-{name}") == contents(tmp_path / "out-a.parquet")


CAPTION = st.sampled_from([b"cat", b"dog", b"", b"caf\xe9", b"a\0b", b"x" * 30])
LINE = st.tuples(st.sampled_from([url(number).encode() for number in range(6)] + [b"", b"ftp://x"]), CAPTION)


@settings(max_examples=40)
@given(st.data(), st.lists(LINE, min_size=1, max_size=40))
def test_parts_follow_from_the_rows_alone(tmp_path_factory: Any, data: Any, lines: list[tuple[bytes, bytes]]) -> None:
    folder = tmp_path_factory.mktemp("lists")
    spec = url_pool(headerless(caption_limit=20), parts=3)
    shuffled = data.draw(st.permutations(lines))
    cuts = sorted({0, len(lines), *data.draw(st.lists(st.integers(0, len(lines)), max_size=3))})
    pieces = [shuffled[low:high] for low, high in pairwise(cuts)]
    for name, files in {"whole": [lines], "pieces": pieces}.items():
        paths = [_lines(folder / name / f"{number}.tsv", rows) for number, rows in enumerate(files)]
        split(folder / f"out-{name}", paths, spec, rows=data.draw(st.integers(1, 9)))
    assert contents(folder / "out-whole") == contents(folder / "out-pieces")


def _lines(path: Path, rows: list[tuple[bytes, bytes]]) -> Path:
    return write(path, b"".join(b"\t".join(row) + b"\n" for row in rows))


def test_a_part_too_large_to_be_sorted_is_an_error_with_a_number_that_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datalines.lists.split.LARGEST_PART", 20_000)
    path = write(tmp_path / "a.tsv", tsv(numbered(1000)))
    with pytest.raises(
        PoolError, match=r"^pools\.web\.parts: one of 2 parts has \d+ rows .*; write (\d+) or more"
    ) as caught:
        split(tmp_path / "out", path, url_pool(parts=2))
    needed = int(str(caught.value).split("write ")[1].split()[0])
    assert split(tmp_path / "out", path, url_pool(parts=needed))["rows"] == 1000


@given(st.lists(st.tuples(st.text(max_size=3) | st.none(), st.floats(width=16) | st.none())), st.integers(1, 5))
def test_the_digest_of_rows_does_not_depend_on_chunks(rows: list[tuple[str | None, float | None]], size: int) -> None:
    schema = pa.schema([("a", pa.string()), ("b", pa.float64())])
    table = pa.Table.from_pylist([dict(zip("ab", row, strict=True)) for row in rows], schema)
    chunked = pa.Table.from_batches(table.to_batches(max_chunksize=size), schema)
    assert rows_digest(table) == rows_digest(chunked)
    assert rows_digest(table) == rows_digest(pa.concat_tables([table, table]).slice(len(rows)))


def test_the_digest_of_rows_follows_every_value() -> None:
    tables = [pa.table({"a": values}) for values in (["x", ""], ["x", None], ["", "x"], ["xy", ""], ["x"], [1.0, 0.0])]
    tables += [pa.table({"a": [1.0, None]}), pa.table({"b": ["x", ""]}), pa.table({"a": ["x", ""], "b": ["", ""]})]
    assert len({rows_digest(table) for table in tables}) == len(tables)


def test_ten_thousand_rows_of_laion(tmp_path: Path) -> None:
    if not REAL.is_file():
        pytest.skip(f"{REAL} is not here")
    manifest = split(tmp_path / "out", REAL, url_pool(listing("parquet", columns=named("URL", "TEXT")), parts=10))
    found = rows_of(tmp_path / "out", manifest)
    assert manifest["rows"] == manifest["requested"] == len(found) == 10_000
    assert found["id"].is_unique
    # One row of the file is shifted by a column: its URL is a tag.
    assert manifest["statuses"] == {"invalid_url": 1, "ok": 9999}
    assert max(part["rows"] for part in manifest["parts"]) < 1200
