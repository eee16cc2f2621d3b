"""Judging rows of a list: one form for good ones, one status for each bad one, names that follow from the row alone."""

from hashlib import blake2b
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.fetch.addresses import AddressError, canonical_url
from datalines.lists.keys import in_sample, part_numbers, with_names
from datalines.lists.normal import Normal, normalise
from datalines.pools.base import item_id
from tests.unit.list_files import listing

URL = b"https://a.org/1.jpg"


def judged(rows: list[tuple[Any, ...]], **changes: Any) -> Normal:
    """Rows of (url, caption, sha256), in one form."""
    padded = [(*row, None)[:3] for row in rows]
    columns = {
        name: pa.array([row[place] for row in padded], pa.binary())
        for place, name in enumerate(("url", "caption", "sha256"))
    }
    empty = pa.array([""] * len(rows), pa.string())
    return normalise(pa.RecordBatch.from_pydict({**columns, "place": empty, "problem": empty}), listing(**changes))


def status(url: bytes | None, caption: bytes | None = b"a cat", sha256: bytes | None = None, **changes: Any) -> Any:
    (row,) = judged([(url, caption, sha256)], **changes).rows.to_pylist()
    return row["status"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (b" HTTPS://A.org:443/1.jpg#top\n", "ok"),
        ("http://müller.de/ü.jpg".encode(), "ok"),
        (b"http://a.org/a b.jpg", "ok"),
        (b"http://a.org", "ok"),
        (None, "invalid_url"),
        (b"", "invalid_url"),
        (b"  ", "invalid_url"),
        (b"//a.org/1.jpg", "invalid_url"),
        (b"a.org/1.jpg", "invalid_url"),
        (b"http://", "invalid_url"),
        (b"http://a.org/\xff.jpg", "invalid_url"),
        (b"http://a.org/\0.jpg", "invalid_url"),
        (b"http://a.org/" + b"x" * 9000, "invalid_url"),
        (b"http://" + b".".join([b"a" * 63] * 4) + b"/1.jpg", "invalid_url"),
        (b"ftp://a.org/1.jpg", "refused_scheme"),
        (b"file:///etc/passwd", "refused_scheme"),
        (b"data:image/png;base64,AAAA", "refused_scheme"),
        (b"javascript:alert(1)", "refused_scheme"),
    ],
)
def test_urls(url: bytes | None, expected: str) -> None:
    assert status(url) == expected


def test_a_url_that_is_refused_is_kept_as_given_up_to_a_length() -> None:
    rows = judged([(b"ftp://A.org/x", b"c"), (b"data:" + b"A" * 10_000, b"c"), (b"caf\xe9", b"c")]).rows.to_pylist()
    assert [row["url"] for row in rows] == ["ftp://A.org/x", "data:" + "A" * 995, "caf\\xe9"]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        (b" a cat\t", "ok"),
        (b"NA", "ok"),
        (b"null", "ok"),
        (b"x" * 65536, "ok"),
        (b"  " + "ü".encode() * 65536 + b"  ", "ok"),
        (b"x" * 65537, "caption_too_long"),
        (None, "empty_caption"),
        (b"", "empty_caption"),
        ("\u3000\u00a0 \n".encode(), "empty_caption"),
        (b"caf\xe9", "undecodable_caption"),
        (b"\xed\xa0\xbd", "undecodable_caption"),
        (b"a\0b", "undecodable_caption"),
    ],
)
def test_captions(caption: bytes | None, expected: str) -> None:
    assert status(URL, caption) == expected


@pytest.mark.parametrize(
    ("sha256", "expected"),
    [
        (None, "ok"),
        (b" ", "ok"),
        (b"A" * 64, "ok"),
        (b" " + b"0" * 64, "ok"),
        (b"0" * 63, "malformed_row"),
        (b"g" * 64, "malformed_row"),
        (b"\xff", "malformed_row"),
    ],
)
def test_sha256(sha256: bytes | None, expected: str) -> None:
    assert status(URL, sha256=sha256) == expected


def test_the_first_fault_decides_and_says_what_it_is() -> None:
    rows = [(b"ftp://a.org/x", None, b"x"), (URL, None, b"x"), (URL, b"\xff", b"x"), (URL, b"abc", b"x")]
    found = judged(rows, caption_limit=2).rows.to_pylist()
    assert [(row["status"], row["message"]) for row in found] == [
        ("refused_scheme", "scheme ftp"),
        ("empty_caption", ""),
        ("undecodable_caption", "is not UTF-8, or holds a NUL character: \\xff"),
        ("caption_too_long", "3 characters, more than 2"),
    ]


def test_good_rows_in_one_form() -> None:
    (row,) = judged([(b" HTTP://A.org:80/x?q#f ", b"\n two  words ", b"AB" * 32)]).rows.to_pylist()
    assert (row["url"], row["caption"], row["expected_sha256"]) == ("http://a.org/x?q", "two  words", "ab" * 32)


def test_numbers_that_cannot_be_read_are_counted() -> None:
    texts = [b"1", b" -2.5e3 ", b"+.5", b"7.", b"1e999", b"", None, b"NaN", b"n/a", b"1,5", b"0x10", b"\xff", b"a\0"]
    batch = pa.RecordBatch.from_pydict(
        {
            **{name: pa.array([b""] * len(texts)) for name in ("url", "caption", "sha256")},
            "fact.n": pa.array(texts, pa.binary()),
            **{name: pa.array([""] * len(texts)) for name in ("place", "problem")},
        }
    )
    found = normalise(batch, listing(facts={"n": {"column": "n", "type": "number"}}))
    numbers = [1, -2500, 0.5, 7, float("inf"), *[None] * 8]
    assert found.rows["fact.n"].to_pylist() == numbers
    assert found.unreadable == {"n": 4}


PIECE = st.text("aB1-._~%2eEF:@!$&'()*+,;=?/#[]| \\ü猫\t\u2028", max_size=14)
HOST = st.sampled_from(["a.org", "WWW.a.ORG", "a..b", "1.2.3.4", "0x7f.1", "[::1]", "müller.de", "a-.org", "x" * 64])
ADDRESS = st.builds(
    "{}{}{}{}{}".format, st.sampled_from(["http://", "HTTPS://", "ftp:", ""]), HOST, PIECE, PIECE, PIECE
)


@given(st.lists(ADDRESS, max_size=6))
def test_urls_in_bulk_are_spelled_as_one_by_one(addresses: list[str]) -> None:
    found = judged([(address.encode(), b"c") for address in addresses]).rows.to_pylist()
    assert [row["url"] if row["status"] == "ok" else row["status"] for row in found] == [*map(_spelled, addresses)]


def _spelled(address: str) -> str:
    try:
        return canonical_url(address)
    except AddressError as error:
        return error.status


@given(st.lists(st.tuples(st.binary(max_size=9) | st.none(), st.binary(max_size=9) | st.none())))
def test_no_bytes_are_an_exception_and_equal_rows_are_judged_alike(
    rows: list[tuple[bytes | None, bytes | None]],
) -> None:
    together = judged(rows).rows.to_pylist()
    assert together == [judged([row]).rows.to_pylist()[0] for row in rows]


def test_names_follow_from_pool_url_and_caption() -> None:
    rows = judged([(b"HTTPS://A.org/1.jpg", b" a cat "), (None, b"caf\xe9")]).rows
    found = with_names(rows, "web", 7).to_pylist()
    key = f"https://a.org/1.jpg {blake2b(b'a cat').hexdigest()[:8]}"
    assert (found[0]["key"], found[0]["id"]) == (key, item_id("web", key))
    assert found[1]["key"] == f" {blake2b(b'caf' + bytes([0xE9])).hexdigest()[:8]}"


@given(st.lists(st.text("ab/", max_size=4)), st.integers(1, 2**31 - 1))
def test_parts_are_the_scaled_hash_of_the_url(texts: list[str], parts: int) -> None:
    hashes = [int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") for text in texts]
    assert part_numbers(texts, parts).tolist() == [value * parts >> 64 for value in hashes]


def test_samples_are_nested_about_as_large_as_asked_and_differ_by_seed() -> None:
    ids = pa.chunked_array([[item_id("web", str(number)) for number in range(20_000)]])
    small, large, other = (in_sample(ids, share, seed) for share, seed in ((0.1, 0), (0.3, 0), (0.1, 1)))
    assert not (small & ~large).any()
    # Five standard deviations of a binomial.
    assert abs(small.mean() - 0.1) < 5 * (0.1 * 0.9 / 20_000) ** 0.5
    assert abs(large.mean() - 0.3) < 5 * (0.3 * 0.7 / 20_000) ** 0.5
    assert abs((small & other).mean() - 0.01) < 5 * (0.01 * 0.99 / 20_000) ** 0.5
    assert in_sample(ids, 1.0, 0).all()
    assert not in_sample(ids, 0.0, 0).any()
