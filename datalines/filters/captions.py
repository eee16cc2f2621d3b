"""Row-wise units that look at the caption."""

import unicodedata
from functools import cache
from sys import maxunicode

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalines.filters.bounds import between
from datalines.filters.registry import Mask, Step, row_unit

Counts = npt.NDArray[np.int64]
_WORD_BYTES = bytes(not chr(code).isspace() for code in range(128)) + bytes(128)
_ASCII_END = 128


@row_unit("caption-length", "caption")
def caption_length(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep captions with min..max words (separated by white space, as Python's `split`) or characters (code points).

    A caption that is null is dropped.
    """
    captions = rows.column("caption").cast(pa.large_string())
    counts = word_counts(captions) if step["unit"] == "words" else _filled(pc.utf8_length(captions))
    return _present(captions) & between(counts, step["min"], step["max"])


@row_unit("caption-characters", "caption")
def caption_characters(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep captions with enough letters, not too much beyond ASCII, and none of the forbidden texts.

    Shares are among the characters that are not white space; a caption without any has shares of 0. Letters are
    Unicode's categories L and M, since many scripts write vowels as marks. Forbidden texts are found as written, upper
    and lower case apart. A caption that is null is dropped.
    """
    captions = rows.column("caption").cast(pa.large_string())
    mask = _present(captions)
    for text in step["forbid"]:
        mask &= ~pc.match_substring(captions, text).fill_null(False).to_numpy(zero_copy_only=False)
    if step["min_letter_share"] is not None or step["max_non_ascii_share"] is not None:
        letters, beyond, visible = _character_counts(captions)
        # Counts are compared and not quotients: a bound such as 0.1 is met by 1 character of 10.
        if step["min_letter_share"] is not None:
            mask &= letters >= _rounded(step["min_letter_share"] * visible)
        if step["max_non_ascii_share"] is not None:
            mask &= beyond <= _rounded(step["max_non_ascii_share"] * visible)
        if step["min_letter_share"]:
            mask &= visible > 0
    return mask


def word_counts(captions: pa.LargeStringArray) -> Counts:
    """Words of every caption, shape (n,); 0 for null."""
    if not pc.all(pc.string_is_ascii(captions), min_count=0).as_py():
        trimmed = pc.utf8_trim_whitespace(captions)
        pieces = _filled(pc.list_value_length(pc.utf8_split_whitespace(trimmed)))
        return np.where(_filled(pc.binary_length(trimmed)) > 0, pieces, 0)
    # Four times as fast as splitting: a word begins where a byte of a word follows another byte or a caption's start.
    data, edges = _bytes_and_edges(captions)
    inside = np.frombuffer(data.translate(_WORD_BYTES), dtype=np.uint8)
    begins = np.empty(len(inside), dtype=bool)
    np.greater(inside[1:], inside[:-1], out=begins[1:])
    filled = np.flatnonzero(np.diff(edges))
    firsts = edges[filled]
    begins[firsts] = inside[firsts] == 1
    counts = np.zeros(len(captions), dtype=np.int64)
    if len(firsts):
        counts[filled] = np.add.reduceat(begins, firsts, dtype=np.int64)
    return counts


def _character_counts(captions: pa.LargeStringArray) -> tuple[Counts, Counts, Counts]:
    """Letters, visible characters beyond ASCII, and visible characters of every caption."""
    data, _ = _bytes_and_edges(captions)
    codes = np.frombuffer(data.decode().encode("utf-32-le"), dtype=np.uint32)
    edges = np.concatenate([[0], np.cumsum(_filled(pc.utf8_length(captions)))])
    letter, space = _tables()
    visible = ~space[codes]
    return (
        _sums(letter[codes], edges),
        _sums(visible & (codes >= _ASCII_END), edges),
        _sums(visible, edges),
    )


@cache
def _tables() -> tuple[Mask, Mask]:
    """Whether each code point is a letter (or a mark), and whether it is white space."""
    characters = [chr(code) for code in range(maxunicode + 1)]
    letters = np.array([unicodedata.category(character)[0] in "LM" for character in characters])
    return letters, np.array([character.isspace() for character in characters])


def _bytes_and_edges(captions: pa.LargeStringArray) -> tuple[bytes, Counts]:
    """All captions' bytes in one piece, and where each begins and ends in them, shape (n + 1,)."""
    filled = captions.fill_null("")
    _, offsets, data = filled.buffers()
    edges = np.frombuffer(offsets, dtype=np.int64)[filled.offset : filled.offset + len(filled) + 1]
    if not len(edges):
        return b"", np.zeros(1, dtype=np.int64)
    return (data or pa.py_buffer(b"")).slice(edges[0], edges[-1] - edges[0]).to_pybytes(), edges - edges[0]


def _sums(flags: Mask, edges: Counts) -> Counts:
    totals = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    return totals[edges[1:]] - totals[edges[:-1]]


def _filled(lengths: pa.Array) -> Counts:
    return np.asarray(lengths.fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64)


def _present(column: pa.Array) -> Mask:
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=bool)


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.round(values, 9)
