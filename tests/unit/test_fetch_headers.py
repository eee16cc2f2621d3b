"""Opt-outs, waits that hosts ask for, packed bodies; the statuses and the policy."""

import gzip
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.fetch.headers import Body, TooLargeError, opted_out, retry_after
from datalines.fetch.policy import Host, Policy, policy_of
from datalines.fetch.statuses import (
    CONTENT_STATUSES,
    LIST_STATUSES,
    NETWORK_STATUSES,
    OUTAGE,
    RETRYABLE,
    http_status,
    is_retryable,
)

TOKENS = frozenset({"noai", "noimageai", "noindex", "noimageindex"})
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "token"),
    [
        ([], None),
        (["all"], None),
        (["noai"], "noai"),
        (["NoAI"], "noai"),
        (["nofollow,  noimageai"], "noimageai"),
        (["nofollow", "noindex"], "noindex"),
        (["none"], "none"),
        (["datalines: noai"], "noai"),
        (["DataLines: noai"], "noai"),
        (["*: noai"], "noai"),
        (["otherbot: noai, noindex"], None),
        (["otherbot: noai, datalines: noindex"], "noindex"),
        (["otherbot: noai", "noai"], "noai"),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, noai"], "noai"),
        (["max-snippet: 20, noai"], "noai"),
        (["noaiplease"], None),
        (["", ",,", ":"], None),
    ],
)
def test_an_opt_out_counts_if_it_is_for_all_or_for_us(lines: list[str], token: str | None) -> None:
    assert opted_out(lines, TOKENS, "datalines/0.1 (+mailto:a@b.org)") == token


def test_no_tokens_respect_nothing() -> None:
    assert opted_out(["noai, none"], frozenset(), "datalines/0.1") is None
    assert opted_out(["none"], frozenset({"noai"}), "datalines/0.1") is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 5000, 999_999_999.0),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
        ("Fri, 02 Jan 2026 03:04:35 -0000", 30.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0.0),
        ("٣", None),
    ],
)
def test_a_wait_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.binary(max_size=2000), st.integers(1, 300), st.sampled_from(["", "identity", "gzip", "X-GZIP", "deflate"]))
def test_a_body_is_unpacked_whatever_the_pieces(content: bytes, piece: int, encoding: str) -> None:
    packed = content
    if "zip" in encoding.lower():
        packed = gzip.compress(content)
    elif encoding == "deflate":
        packed = zlib.compress(content)
    body = Body(encoding, max(len(content), len(packed)))
    for start in range(0, len(packed), piece):
        body.add(packed[start : start + piece])
    assert body.content() == content


def test_a_body_beyond_the_limit_is_cut_off_before_it_fills_the_memory() -> None:
    body = Body("gzip", 1000)
    with pytest.raises(TooLargeError):
        body.add(gzip.compress(bytes(50_000_000)))
    exact = Body("", 3)
    exact.add(b"abc")
    assert exact.content() == b"abc"
    with pytest.raises(TooLargeError):
        exact.add(b"d")


def test_packed_bodies_that_are_torn_or_unknown_are_noticed() -> None:
    body = Body("gzip", 1000)
    body.add(gzip.compress(b"abc")[:-3])
    with pytest.raises(zlib.error, match="ended early"):
        body.content()
    with pytest.raises(ValueError, match="content encoding br"):
        Body("br", 1000)


def test_statuses_are_one_closed_list() -> None:
    assert len({*LIST_STATUSES, *NETWORK_STATUSES, *CONTENT_STATUSES}) == len(
        LIST_STATUSES + NETWORK_STATUSES + CONTENT_STATUSES
    )
    assert OUTAGE < RETRYABLE
    assert http_status(404) == "http_404"
    assert [code for code in range(400, 600) if is_retryable(http_status(code))] == [408, *range(500, 600)]
    assert {status for status in NETWORK_STATUSES if is_retryable(status)} == {
        "dns_failed",
        "connect_failed",
        "tls_failed",
        "timeout",
        "connection_lost",
        "throttled",
    }
    assert not any(is_retryable(status) for status in LIST_STATUSES + CONTENT_STATUSES)


def test_a_policy_is_read_from_the_fetch_section() -> None:
    fetch: dict[str, Any] = {
        "user_agent": "datalines/0.1 (+mailto:a@b.org)",
        "concurrency": 100,
        "timeout": {"connect": 1, "read": 2, "total": 3},
        "tries": {"connect": 4, "http": 5},
        "backoff": {"base": 6, "cap": 7, "retry_after": 8},
        "host": {"rate": None, "burst": 9, "concurrency": 10},
        "hosts": {"Upload.Wikimedia.org": {"rate": 2.5, "burst": 1}},
        "max_bytes": 11,
        "max_redirects": 12,
        "opt_out": {"header": "X-Robots-Tag", "tokens": ["NoAI"]},
        "removed": ["imgur.com/removed.png"],
        "allow_private": False,
        "outage_share": 0.5,
        "outage_minimum": 20,
        "backend": "datalines",
    }
    wikimedia = Host(2.5, 1, 10)
    assert policy_of(fetch) == Policy(
        user_agent="datalines/0.1 (+mailto:a@b.org)",
        concurrency=100,
        connect=1.0,
        read=2.0,
        total=3.0,
        connect_tries=4,
        http_tries=5,
        backoff_base=6.0,
        backoff_cap=7.0,
        host=Host(None, 9, 10),
        hosts={"upload.wikimedia.org": wikimedia},
        max_bytes=11,
        max_redirects=12,
        opt_out_header="X-Robots-Tag",
        opt_out_tokens=frozenset({"noai"}),
        removed=("imgur.com/removed.png",),
        allow_private=False,
        retry_after_cap=8.0,
    )
    assert policy_of(fetch).limits("upload.wikimedia.org") == wikimedia
    assert policy_of(fetch).limits("wikimedia.org") == Host(None, 9, 10)
