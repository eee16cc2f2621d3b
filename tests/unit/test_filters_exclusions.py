"""Exclusion lists: every way to name a row, lists that name nothing, entries that fit nothing."""

from pathlib import Path

import pytest

from datalines.errors import DatalinesError
from datalines.filters.exclusions import NAME, Entries, read_exclusions
from tests.unit.pool_parts import ids, rows_of, write_pool
from tests.unit.test_filters_decide import WORDS, outcome, twins

DIGEST = "ab" * 32


def listed(path: Path, text: str, pool: str = "web") -> Entries:
    path.write_text(text, encoding="utf-8")
    return read_exclusions(path, pool)


def refused(folder: Path, entries: Entries) -> list[str]:
    """Reasons of four rows, in the order of the ids."""
    urls = ["http://a.org/1.jpg", "http://a.org/2.jpg", "", ""]
    rows = rows_of(4, url=urls, sha256=["0" * 64, DIGEST, "1" * 64, "2" * 64], key=["k0", "k1", "k2", "k3"])
    step = {"kind": NAME, "name": NAME, "entries": entries}
    return list(outcome(folder, write_pool(folder, rows, parts=3), [step])[0].values())


@pytest.mark.parametrize(
    "line",
    [
        f",{ids(2)[1]},,,,why",
        f",{ids(2)[1].upper()},,,,",
        ",,http://a.org/2.jpg,,,",
        ",,HTTP://A.org:80/2.jpg#top,,,",
        ",,,k1,,",
        f",,,,{DIGEST},",
        f",,,,{DIGEST.upper()},",
        "web,,,k1,,",
        f",{ids(2)[1]},http://gone.org/,,,",
    ],
)
def test_a_row_is_named_by_id_address_key_or_digest(tmp_path: Path, line: str) -> None:
    entries = listed(tmp_path / "list.csv", f"pool,id,url,key,sha256,reason\n{line}\n")
    assert refused(tmp_path, entries) == ["", "excluded", "", ""]
    assert (entries.count, entries.unmatched()) == (1, 0)


def test_a_text_holds_one_id_digest_or_address_a_line(tmp_path: Path) -> None:
    lines = ["# takedown of May", ids(1)[0], "", "http://A.org/2.jpg", "1" * 64, "https://gone.org/x,y", "f" * 32]
    entries = listed(tmp_path / "list.txt", "\n".join(lines))
    assert refused(tmp_path, entries) == ["excluded", "excluded", "excluded", ""]
    assert (entries.count, entries.unmatched()) == (5, 2)


def test_any_subset_of_columns_in_any_order_will_do(tmp_path: Path) -> None:
    entries = listed(tmp_path / "list.csv", '\ufeffreason,key\r\n"no, thanks",k3\r\n\r\nno,k0\r\n')
    assert refused(tmp_path, entries) == ["excluded", "", "", "excluded"]


def test_entries_of_other_pools_are_neither_used_nor_counted(tmp_path: Path) -> None:
    entries = listed(tmp_path / "list.csv", "pool,key\nother,k0\nweb,k1\n,k2\n,k9\n")
    assert refused(tmp_path, entries) == ["", "excluded", "excluded", ""]
    assert (entries.count, entries.unmatched()) == (3, 1)


def test_an_empty_list_excludes_nothing(tmp_path: Path) -> None:
    for text in ("", "pool,id\n", "# nothing\n"):
        entries = listed(tmp_path / "list", text)
        assert refused(tmp_path, entries) == ["", "", "", ""]
        assert (entries.count, entries.unmatched()) == (0, 0)


def test_two_lists_are_one(tmp_path: Path) -> None:
    entries = listed(tmp_path / "one", "key\nk0\nk9\n")
    entries.extend(listed(tmp_path / "two", f"{ids(4)[3]}\nhttp://a.org/9.jpg\n"))
    assert refused(tmp_path, entries) == ["excluded", "", "", "excluded"]
    assert (entries.count, entries.unmatched()) == (4, 2)


def test_a_row_that_is_excluded_counts_for_no_other_step(tmp_path: Path) -> None:
    rows = rows_of(3, sha256=["a" * 64] * 3, caption=["one", "one two", "one two"])
    step = {"kind": NAME, "name": NAME, "entries": listed(tmp_path / "list", f"{ids(1)[0]}\n{ids(2)[1]}\n")}
    reasons, decision, _ = outcome(tmp_path, write_pool(tmp_path, rows), [step, WORDS, twins()])
    assert list(reasons.values()) == ["excluded", "excluded", ""]
    assert decision.dropped == {"excluded": 2, "short": 0, "twins": 0}


def test_a_row_that_is_not_stored_matches_no_entry(tmp_path: Path) -> None:
    rows = rows_of(2, status=["ok", "http_404"])
    entries = listed(tmp_path / "list", "\n".join(ids(2)))
    outcome(tmp_path, write_pool(tmp_path, rows), [{"kind": NAME, "name": NAME, "entries": entries}])
    assert entries.unmatched() == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pool,id,reason\nweb,,because\n", r"line 2: names nothing; fill one of id, url, key and sha256"),
        ("id,url\n,http://a.org/\n , \n", r"line 3: names nothing"),
        ("id\n" + "f" * 31 + "\n", r"line 2: 'f{31}' is no id; it has 32 hex digits"),
        ("sha256\nxyz\n", r"line 2: 'xyz' is no sha256; it has 64 hex digits"),
        ("url\nnowhere\n", r"line 2: 'nowhere' is no address \("),
        ("id,url\nx\n", r"line 2: 1 cells, but the header has 2"),
        ("id,note\nx,y\n", r"unknown columns note; write some of pool, id, url, key, sha256, reason"),
        ("# first\nhttp://a.org/\nwhat\n", r"line 3: 'what' is not an id \(32 hex digits\), a sha256"),
        ("ftp://a.org/x\n", r"line 1: 'ftp://a.org/x' is no address \("),
    ],
)
def test_a_line_that_names_nothing_is_an_error_with_its_number(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatalinesError, match=rf"list\.csv(, |: ){message}"):
        listed(tmp_path / "list.csv", text)


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"key\n\xff\n")
    with pytest.raises(DatalinesError, match=r"list\.csv is not UTF-8"):
        read_exclusions(tmp_path / "list.csv", "web")
