"""Lists of tab- or comma-separated columns in which quotes mean nothing: what stands between two delimiters is a field.

No text is special: a caption may be NA, null or a single quotation mark, and may be no UTF-8 at all. Lines end with LF
or CRLF; empty lines are not rows. Memory: one block of lines, or one line of up to 16 MiB.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalines.errors import PoolError
from datalines.lists.columns import numbered, positions, with_problems
from datalines.lists.files import opened, whole_lines

DELIMITERS = {"csv": ",", "tsv": "\t"}
ROW_BYTES = 128
HEAD_LINES = 1000
HEAD_BYTES = 1 << 18
Places = npt.NDArray[np.int64]


class Layout(NamedTuple):
    """How many fields a row has, and which of them are wanted under which name."""

    fields: int
    wanted: dict[str, int]


def check(path: Path, spec: dict[str, Any], where: str) -> Layout:
    """The layout of a file from its header, or from its first 1,000 rows; PoolError if a wanted column is missing."""
    delimiter = DELIMITERS[spec["format"]].encode()
    first: list[bytes] = []
    with opened(path, where) as stream:
        for block in whole_lines(stream, HEAD_BYTES):
            first += [line.removesuffix(b"\r") for line in block.split(b"\n") if line not in (b"", b"\r")]
            if (first and spec["header"]) or len(first) >= HEAD_LINES:
                break
    if not first:
        raise PoolError(f"{where}.path: {path} holds only empty lines; fetch it again, or leave it out")
    if spec["header"]:
        names = [name.decode("utf-8", "backslashreplace") for name in first[0].split(delimiter)]
        return Layout(len(names), positions(names, spec, where, path))
    # The most frequent number of fields: a broken first line must not make all others malformed.
    counts = Counter(line.count(delimiter) + 1 for line in first[:HEAD_LINES])
    fields = max(counts, key=lambda number: (counts[number], number))
    return Layout(fields, numbered(fields, spec, where, path))


def read(path: Path, spec: dict[str, Any], where: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Batches of about `rows` rows of 128 bytes, all columns binary; a line with another number of fields is a
    problem."""
    layout = check(path, spec, where)
    delimiter = ord(DELIMITERS[spec["format"]])
    number = 1
    header = spec["header"]
    with opened(path, where) as stream:
        for block in whole_lines(stream, rows * ROW_BYTES):
            lines = _Lines(block, delimiter)
            filled = np.flatnonzero(lines.stops > lines.starts)
            if header and len(filled):
                filled, header = filled[1:], False
            good = lines.fields[filled] == layout.fields
            columns = {name: lines.column(place, filled[good]) for name, place in layout.wanted.items()}
            problems = [
                (f"line {number + line} of {path.name}", f"{lines.fields[line]} fields, not {layout.fields}")
                for line in filled[~good].tolist()
            ]
            yield with_problems(columns, problems)
            number += len(lines.starts)


class _Lines:
    """Where the lines of a block and their fields begin and end, in bytes from the block's start."""

    def __init__(self, block: bytes, delimiter: int) -> None:
        self._block = pa.py_buffer(block)
        data = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(data == ord("\n"))
        self.starts: Places = np.concatenate([[0], ends[:-1] + 1])
        # Where a line is empty, the byte before its end belongs to the line before.
        self.stops: Places = ends - ((data[ends - 1] == ord("\r")) & (ends > self.starts))
        self._marks: Places = np.append(np.flatnonzero(data == delimiter), len(block))
        self._first = np.searchsorted(self._marks, self.starts)
        self.fields: Places = np.searchsorted(self._marks, ends) - self._first + 1

    def column(self, place: int, lines: Places) -> pa.Array:
        """Field `place` of these lines, which must have so many."""
        mark = self._first[lines] + place
        starts = self.starts[lines] if place == 0 else self._marks[mark - 1] + 1
        last = self.fields[lines] == place + 1
        stops = np.where(last, self.stops[lines], self._marks[mark])
        if not len(lines):
            return pa.array([], pa.binary())
        # Every second element of the array between all these bounds is a field.
        bounds = np.stack([starts, stops], axis=1).ravel().astype(np.int32)
        between = pa.Array.from_buffers(pa.binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), self._block])
        return between.take(pa.array(np.arange(0, len(bounds), 2)))
