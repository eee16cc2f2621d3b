"""Bringing rows of a list into one form and judging them: each gets `ok` or the status that says what is wrong."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalines.fetch.addresses import PLAIN_URL, AddressError, canonical_url
from datalines.fetch.statuses import (
    CAPTION_TOO_LONG,
    EMPTY_CAPTION,
    INVALID_URL,
    MALFORMED_ROW,
    UNDECODABLE_CAPTION,
)
from datalines.lists.columns import PLACE, PROBLEM
from datalines.pools.base import OK

CAPTION_LIMIT = 1 << 16
KEPT_OF_LONG = 200
KEPT_OF_INVALID = 1000
# Up to this length a plain URL's host is short enough for DNS whatever it holds.
SHORT = 253
SHA256 = "^[0-9a-f]{64}$"
NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
NO_NUMBER = ("", "na", "n/a", "nan", "none", "null")
Mask = npt.NDArray[np.bool_]


class Normal(NamedTuple):
    """Rows in one form, and for every fact of type number how many of its texts are neither a number nor missing.

    Columns of `rows`: url (canonical, or as given if it is refused), caption (stripped, in full, empty if it is
    undecodable), named (binary: the bytes of the caption that the row's key is made from), status, message,
    expected_sha256 (empty if there is none), `fact.<name>` (string or float64), place (empty unless malformed).
    """

    rows: pa.Table
    unreadable: dict[str, int]


class _Verdicts:
    """Statuses and messages of a batch; the first verdict on a row stays."""

    def __init__(self, count: int) -> None:
        self.statuses = [OK] * count
        self.messages = [""] * count

    def give(self, row: int, status: str, message: str = "") -> None:
        if self.statuses[row] == OK:
            self.statuses[row] = status
            self.messages[row] = message


def normalise(batch: pa.RecordBatch, spec: dict[str, Any]) -> Normal:
    """One batch of `read_batches` in one form. A row with several faults gets the status of the first of these:
    malformed row, URL, caption, sha256."""
    verdicts = _Verdicts(len(batch))
    problems = batch.column(PROBLEM)
    for row in _rows(pc.greater(pc.binary_length(problems), 0)):
        verdicts.give(row, MALFORMED_ROW, problems[row].as_py())
    urls = _urls(batch.column("url"), verdicts)
    captions, named = _captions(batch.column("caption"), spec.get("caption_limit", CAPTION_LIMIT), verdicts)
    expected = _sha256(batch.column("sha256"), verdicts)
    facts, unreadable = _facts(batch, spec.get("facts") or {})
    columns = {
        "url": urls,
        "caption": captions,
        "named": named,
        "status": pa.array(verdicts.statuses, pa.string()),
        "message": pa.array(verdicts.messages, pa.string()),
        "expected_sha256": expected,
        **facts,
        PLACE: batch.column(PLACE),
    }
    return Normal(pa.table(columns), unreadable)


def _urls(values: pa.Array, verdicts: _Verdicts) -> pa.Array:
    texts, broken = _decoded(values)
    texts = pc.utf8_trim_whitespace(texts)
    plain = pc.and_(pc.match_substring_regex(texts, PLAIN_URL), pc.less_equal(pc.binary_length(texts), SHORT))
    others = _rows(pc.invert(plain))
    if not others:
        return texts
    spelled = texts.to_pylist()
    for row in others:
        text = spelled[row]
        try:
            if row in broken:
                text = broken[row]
                raise AddressError(INVALID_URL, "is not UTF-8, or holds a NUL character")
            if not text:
                raise AddressError(INVALID_URL, "no URL")
            spelled[row] = canonical_url(text)
        except AddressError as error:
            spelled[row] = text[:KEPT_OF_INVALID]
            verdicts.give(row, error.status, str(error))
    return pa.array(spelled, pa.string())


def _captions(values: pa.Array, limit: int, verdicts: _Verdicts) -> tuple[pa.Array, pa.Array]:
    """Captions without white space around them, and the bytes that stand for them in keys."""
    texts, broken = _decoded(values)
    for row, shown in broken.items():
        verdicts.give(row, UNDECODABLE_CAPTION, f"is not UTF-8, or holds a NUL character: {shown[:KEPT_OF_LONG]}")
    texts = pc.utf8_trim_whitespace(texts)
    for row in _rows(pc.equal(pc.binary_length(texts), 0)):
        verdicts.give(row, EMPTY_CAPTION)
    lengths = pc.utf8_length(texts)
    for row in _rows(pc.greater(lengths, limit)):
        verdicts.give(row, CAPTION_TOO_LONG, f"{lengths[row]} characters, more than {limit}")
    named = texts.cast(pa.binary())
    if broken:
        raw = values.to_pylist()
        named = pa.array(
            [raw[row].strip() if row in broken else text for row, text in enumerate(named.to_pylist())], pa.binary()
        )
    return texts, named


def _sha256(values: pa.Array, verdicts: _Verdicts) -> pa.Array:
    texts, broken = _decoded(values)
    texts = pc.ascii_lower(pc.utf8_trim_whitespace(texts))
    good = pc.match_substring_regex(texts, SHA256)
    bad = pc.and_(pc.greater(pc.binary_length(texts), 0), pc.invert(good))
    for row in [*_rows(bad), *broken]:
        verdicts.give(row, MALFORMED_ROW, "the sha256 is not 64 hexadecimal digits")
    return pc.if_else(good, texts, "")


def _facts(batch: pa.RecordBatch, facts: dict[str, Any]) -> tuple[dict[str, pa.Array], dict[str, int]]:
    columns: dict[str, pa.Array] = {}
    unreadable: dict[str, int] = {}
    for name in sorted(facts):
        values = batch.column(f"fact.{name}")
        if facts[name]["type"] == "number":
            columns[f"fact.{name}"], unreadable[name] = _numbers(values)
        else:
            columns[f"fact.{name}"] = _texts(values)
    return columns, unreadable


def _texts(values: pa.Array) -> pa.Array:
    """Texts without white space around them, null where nothing is left; bytes that are no UTF-8 as `\\xNN`."""
    if not pa.types.is_binary(values.type):
        return values.cast(pa.string())
    texts, broken = _decoded(values)
    if broken:
        texts = pa.array([broken.get(row, text) for row, text in enumerate(texts.to_pylist())], pa.string())
    texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.greater(pc.binary_length(texts), 0), texts, None)


def _numbers(values: pa.Array) -> tuple[pa.Array, int]:
    """Numbers, null where there is none, and how many texts are neither a number nor a word for a missing one."""
    if not pa.types.is_binary(values.type):
        numbers = values.cast(pa.float64(), safe=False)
        return pc.if_else(pc.is_nan(numbers), None, numbers), 0
    texts, broken = _decoded(values)
    texts = pc.utf8_trim_whitespace(texts)
    good = pc.match_substring_regex(texts, NUMBER)
    missing = pc.is_in(pc.ascii_lower(texts), value_set=pa.array(NO_NUMBER))
    unreadable = pc.sum(pc.invert(pc.or_(good, missing))).as_py() or 0
    return pc.if_else(good, texts, None).cast(pa.float64()), unreadable + len(broken)


def _decoded(values: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """Strings, empty where there is nothing or no text; and by row, what is no text, with `\\xNN` for its bytes."""
    broken: dict[int, str] = {}
    try:
        texts = values.cast(pa.string())
    except pa.ArrowInvalid:
        raw = values.to_pylist()
        for row, value in enumerate(raw):
            try:
                raw[row] = None if value is None else value.decode()
            except UnicodeDecodeError:
                raw[row] = None
                broken[row] = _shown(value)
        texts = pa.array(raw, pa.string())
    texts = pc.fill_null(texts, "")
    nul = pc.match_substring(texts, "\0")
    for row in _rows(nul):
        broken[row] = _shown(values[row].as_py())
    return pc.if_else(nul, "", texts), broken


def _shown(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _rows(mask: pa.Array) -> list[int]:
    """The positions at which a mask without nulls is true."""
    found: list[int] = np.flatnonzero(np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)).tolist()
    return found
