"""Lists of tab- and comma-separated columns: nothing in a field is special, broken lines are rows, not errors."""

import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import PoolError
from datalines.lists.files import LONGEST, list_paths
from tests.unit.list_files import WHERE, headerless, listing, named, normal, pairs, read, tsv, write

URL = "https://a.org/1.jpg"


def test_without_a_header_columns_are_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "cc12m.tsv", tsv([(URL, "a cat"), ("u2", "a dog")], header=None))
    assert pairs(path, headerless()) == [(URL.encode(), b"a cat"), (b"u2", b"a dog")]


def test_with_a_header_columns_stand_anywhere_and_may_be_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,caption,url\n1,a cat,u1\n2,a dog,u2\n")
    assert pairs(path, listing("csv")) == [(b"u1", b"a cat"), (b"u2", b"a dog")]
    by_number = listing("csv", columns=named(2, 1))
    assert pairs(path, by_number) == pairs(path, listing("csv"))


def test_a_list_of_wit(tmp_path: Path) -> None:
    header = ("language", "page_url", "image_url", "page_title", "caption_reference_description")
    rows = [("en", "p", "u1", "t", "A  view"), ("de", "p", "u2", "t", "Ein Blick"), ("en", "p", "u3", "t", "")]
    path = write(tmp_path / "wit_v1.train.all-00000-of-00010.tsv.gz", tsv(rows, header))
    columns = named("image_url", "caption_reference_description")
    spec = listing(columns=columns, facts={"language": {"column": "language", "type": "text"}})
    found = [(row["fact.language"], row["url"], row["caption"], row["status"]) for row in normal(path, spec)]
    assert found == [
        ("en", "u1", "A  view", "invalid_url"),
        ("de", "u2", "Ein Blick", "invalid_url"),
        ("en", "u3", "", "invalid_url"),
    ]


@pytest.mark.parametrize("quoting", ["none", "standard"])
@pytest.mark.parametrize("caption", ["NA", "null", "None", "nan", "N/A", "", "TRUE", "1e5", " x ", "a,b", "\\N"])
def test_no_caption_is_special(tmp_path: Path, caption: str, quoting: str) -> None:
    path = write(tmp_path / "a.tsv", tsv([(URL, caption)]))
    assert pairs(path, listing(quoting=quoting)) == [(URL.encode(), caption.encode())]


def test_unbalanced_quotes_swallow_nothing(tmp_path: Path) -> None:
    captions = ['"', 'a 12" plate', '"never closed', "fine", '""', "'"]
    path = write(tmp_path / "a.tsv", tsv([(URL, caption) for caption in captions]))
    assert [caption for _, caption in pairs(path, listing())] == [caption.encode() for caption in captions]


def test_bytes_that_are_no_text_are_handed_over(tmp_path: Path) -> None:
    lines = [b"url\tcaption", b"u1\tcaf\xe9", b"u2\ta\0b", b"u3\t\xff\xfe"]
    path = write(tmp_path / "a.tsv", b"\n".join(lines))
    expected = [(b"u1", b"caf\xe9"), (b"u2", b"a\0b"), (b"u3", b"\xff\xfe")]
    assert pairs(path, listing()) == expected
    assert pairs(path, listing(quoting="standard")) == expected


@pytest.mark.parametrize("quoting", ["none", "standard"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks(tmp_path: Path, quoting: str, end: str, last: bool, mark: str) -> None:
    lines = ["url\tcaption", "u1\ta", "", "u2\t", "", "u3\tc"]
    path = write(tmp_path / "a.tsv", mark + end.join(lines) + (end if last else ""))
    assert pairs(path, listing(quoting=quoting)) == [(b"u1", b"a"), (b"u2", b""), (b"u3", b"c")]


@pytest.mark.parametrize("quoting", ["none", "standard"])
def test_a_caption_of_a_megabyte(tmp_path: Path, quoting: str) -> None:
    long = "word " * 200_000
    path = write(tmp_path / "a.tsv", tsv([("u1", "a"), ("u2", long), ("u3", "c")]))
    for rows in (1, 1000, 100_000):
        found = pairs(path, listing(quoting=quoting), rows)
        assert found == [(b"u1", b"a"), (b"u2", long.encode()), (b"u3", b"c")]


def test_a_line_without_an_end_is_cut_and_exhausts_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    with path.open("wb") as stream:
        stream.write(b"url\tcaption\nu1\t")
        for _ in range(64):
            stream.write(b"x" * (1 << 20))
        stream.write(b"\nu2\tafter\n")
    tracemalloc.start()
    (_, long), after = pairs(path, listing())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert long == b"x" * (LONGEST - len("u1\t"))
    assert after == (b"u2", b"after")
    assert peak < 8 * LONGEST


@pytest.mark.parametrize("quoting", ["none", "standard"])
def test_a_wrong_number_of_fields_is_a_row_with_its_place(tmp_path: Path, quoting: str) -> None:
    path = write(tmp_path / "a.tsv", "url\tcaption\nu1\ta\n\nno tab\nu2\tb\textra\r\n \nu3\tc\n")
    found = read(path, listing(quoting=quoting))
    assert [(row["url"], row["caption"]) for row in found[:2]] == [(b"u1", b"a"), (b"u3", b"c")]
    assert [(row["place"], row["problem"]) for row in found[2:]] == [
        ("line 4 of a.tsv", "1 fields, not 2"),
        ("line 5 of a.tsv", "3 fields, not 2"),
        ("line 6 of a.tsv", "1 fields, not 2"),
    ]
    assert all(row["url"] is None and row["caption"] is None for row in found[2:])


def test_a_broken_first_line_does_not_spoil_a_file_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "u0\tx\ty\nu1\ta\nu2\tb\n")
    for quoting in ("none", "standard"):
        found = read(path, headerless(quoting=quoting))
        assert [row["url"] for row in found] == [b"u1", b"u2", None]
        assert found[2]["place"] == "line 1 of a.tsv"


def test_standard_quoting_takes_delimiters_newlines_and_doubled_quotes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'url,caption\r\nu1,"a, b"\r\n"u2","two\nlines"\r\nu3,"say ""x"""\r\nbad\r\n')
    found = read(path, listing("csv", quoting="standard"))
    assert [row["caption"] for row in found[:3]] == [b"a, b", b"two\nlines", b'say "x"']
    assert (found[3]["place"], found[3]["problem"]) == ("line 6 of a.csv", "1 fields, not 2")


def test_text_after_a_closing_quote_spoils_its_row_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'url,caption\nu1,"a" b\nu2,c\n')
    found = read(path, listing("csv", quoting="standard"))
    assert [(row["url"], row["place"]) for row in found] == [(b"u2", ""), (None, "line 2 of a.csv")]


def test_a_quote_that_is_never_closed_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'url,caption\nu1,a\nu2,"b\nu3,c\n')
    with pytest.raises(PoolError, match=r"list\.quoting: .*a\.csv: a quotation mark in or after line 3 is never cl"):
        read(path, listing("csv", quoting="standard"))


def test_a_quote_that_swallows_the_file_ends_at_a_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'url,caption\nu1,"a\n' + "u2,b\n" * (LONGEST // 5 + 1) + 'u3,"c"\n')
    with pytest.raises(
        PoolError, match=r"list\.quoting: .*in or after line 2 is never closed; repair it, or write `quo"
    ):
        read(path, listing("csv", quoting="standard"))


def test_quoted_names_point_to_the_quoting(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", '"url","caption"\n"u1","a"\n')
    with pytest.raises(PoolError, match=r"no column 'url'; did you mean .* names in quotes need `quoting: standard`"):
        read(path, listing("csv"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"list\.path: .*none\.tsv cannot be opened .*; correct the path"):
        read(tmp_path / "none.tsv", listing())


def test_a_caption_joined_from_columns(tmp_path: Path) -> None:
    header = ("url", "title", "description")
    rows = [("u1", " A cat ", "on a mat"), ("u2", "", "only this"), ("u3", "only that", "  "), ("u4", "", "")]
    path = write(tmp_path / "yfcc.tsv", tsv(rows, header))
    spec = listing(columns=named("url", ["title", "description"]))
    assert [caption for _, caption in pairs(path, spec)] == [b"A cat on a mat", b"only this", b"only that", b""]


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".zst"])
def test_compressed_by_suffix(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a.tsv{suffix}", tsv([(URL, f"cat {number}") for number in range(5000)]))
    found = pairs(path, listing(), rows=100)
    assert found == [(URL.encode(), b"cat %d" % number) for number in range(5000)]


def test_gzip_in_several_members(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(b"url\tcaption\nu1\ta\n") + gzip.compress(b"u2\tb\n"))
    assert len(pairs(path, listing())) == 2


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zst"])
def test_a_truncated_archive_is_an_error_and_not_a_shorter_list(tmp_path: Path, suffix: str) -> None:
    rows = [(f"https://a.org/{number * 7919 % 100_003}.jpg", "cat") for number in range(20_000)]
    path = write(tmp_path / f"a.tsv{suffix}", tsv(rows))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(PoolError, match=rf"list\.path: .*a\.tsv\{suffix} is no \w+ file, or truncated .*fetch it"):
        read(path, listing())


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.tsv", b"", "is empty; fetch it again, or leave it out"),
        ("a.tsv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("a.tsv", b"\n\n\r\n", "holds only empty lines"),
        ("a.tsv", gzip.compress(b"url\tcaption\n", mtime=0), r"is compressed with gzip; let its name end in \.gz"),
        ("a.tsv.gz", b"url\tcaption\nu1\ta\n", "is no gzip file, or truncated"),
        ("a.tsv", b"PAR1\x15\x04", "is a Parquet file; write `format: parquet`"),
        ("a.tsv", "url\tcaption\n".encode("utf-16"), "is UTF-16; convert it to UTF-8"),
    ],
)
def test_files_that_are_no_such_list(tmp_path: Path, name: str, data: bytes, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(PoolError, match=rf"^pools\.web\.list\.path: .*{name} {text}"):
        read(path, listing())


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            listing(columns=named("URL", "caption")),
            r"columns\.url: .*no column 'URL'; did you mean 'url'\? it has 'url'",
        ),
        (listing(columns=named("url", "text")), r"columns\.caption: .*no column 'text'; it has 'url', 'caption'"),
        (listing(columns=named("url", ["caption", "t"])), r"columns\.caption\.1: .*no column 't'"),
        (listing(columns=named("url", "caption", "hash")), r"columns\.sha256: .*no column 'hash'"),
        (listing(facts={"nsfw": {"column": "NSFW", "type": "text"}}), r"facts\.nsfw\.column: .*no column 'NSFW'"),
        (listing(columns=named(2, 1)), r"columns\.url: .*has 2 columns, so there is no column 2; .* from 0 to 1"),
        (listing("csv"), r"columns\.url: .*no column 'url'"),
        (headerless(columns=named("url", 1)), r"columns\.url: .*write a number from 0 to 1, or `header: true`"),
        (headerless(columns=named(0, 5)), r"columns\.caption: .*2 columns, so there is no column 5"),
        (headerless("csv"), r"columns\.caption: .*has 1 column, so there is no column 1; check `format`"),
    ],
)
def test_columns_that_are_not_there(tmp_path: Path, spec: dict[str, Any], text: str) -> None:
    path = write(tmp_path / "a.tsv", tsv([("u1", "a"), ("u2", "b")]))
    for quoting in ("none", "standard"):
        with pytest.raises(PoolError, match=rf"^pools\.web\.list\.{text}"):
            read(path, {**spec, "quoting": quoting})


def test_a_column_name_that_stands_twice_is_not_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", tsv([("u1", "a", "b")], header=("url", "caption", "caption")))
    with pytest.raises(PoolError, match=r"columns\.caption: .*several columns 'caption'; write the number of one"):
        read(path, listing())


def test_names_and_globs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTS", str(tmp_path))
    for name in ("b.tsv", "a/c.tsv", "a/a.tsv", ".hidden.tsv"):
        write(tmp_path / name, "url\tcaption\n")
    found = list_paths(["$LISTS/*.tsv", "$LISTS/a/*.tsv", str(tmp_path / "b.tsv")], WHERE)
    assert [path.name for path in found] == ["a.tsv", "b.tsv", "c.tsv"]
    with pytest.raises(PoolError, match=r"^pools\.web\.list\.path: no file matches .*/x\*\.tsv; give a file, a glob"):
        list_paths(["$LISTS/*.tsv", "$LISTS/x*.tsv"], WHERE)
    write(tmp_path / "a" / "b.tsv", "url\tcaption\n")
    with pytest.raises(PoolError, match=r"share a name, by which rows are known; rename one"):
        list_paths("$LISTS/**/b.tsv", WHERE)


FIELD = st.binary(max_size=12).map(lambda raw: raw.translate(None, b"\t\n\r"))


@given(st.lists(st.lists(FIELD, min_size=1, max_size=4), min_size=1), st.integers(1, 40))
def test_every_line_is_a_row_whatever_the_blocks(tmp_path_factory: Any, rows: list[list[bytes]], size: int) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.tsv"
    path.write_bytes(b"url\tcaption\n" + b"".join(b"\t".join(row) + b"\n" for row in rows))
    found = read(path, listing(), size)
    filled = [row for row in rows if row != [b""]]
    good = [(row[0], row[1]) for row in filled if len(row) == 2]
    assert [(row["url"], row["caption"]) for row in found if not row["problem"]] == good
    lines = [f"line {number} of a.tsv" for number, row in enumerate(rows, 2) if len(row) != 2 and row != [b""]]
    assert [row["place"] for row in found if row["problem"]] == lines
