"""Lists of separated columns in which a field may stand in quotes and then hold delimiters and newlines (RFC 4180).

Memory: one batch of rows; a field may have up to 16 MiB.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from datalines.errors import PoolError
from datalines.lists.columns import numbered, positions, with_problems
from datalines.lists.delimited import DELIMITERS, HEAD_BYTES, HEAD_LINES, ROW_BYTES, Layout
from datalines.lists.files import LONGEST, opened, whole_lines

Row = tuple[int, list[str] | str]


def check(path: Path, spec: dict[str, Any], where: str) -> Layout:
    """The layout of a file from its header, or from its first 1,000 rows; PoolError if a wanted column is missing."""
    first: list[list[str]] = []
    with opened(path, where) as stream:
        for _, row in _rows(stream, spec, where, path, HEAD_BYTES):
            if isinstance(row, list):
                first.append(row)
            if first and (spec["header"] or len(first) >= HEAD_LINES):
                break
    if not first:
        raise PoolError(f"{where}.path: {path} holds no row that can be read; check `quoting` and `format`")
    if spec["header"]:
        return Layout(len(first[0]), positions(first[0], spec, where, path))
    counts = [len(row) for row in first]
    fields = max(set(counts), key=lambda number: (counts.count(number), number))
    return Layout(fields, numbered(fields, spec, where, path))


def read(path: Path, spec: dict[str, Any], where: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Batches of up to `rows` rows, all columns binary; a row with another number of fields is a problem."""
    layout = check(path, spec, where)
    header = spec["header"]
    good: list[list[str]] = []
    problems: list[tuple[str, str]] = []
    with opened(path, where) as stream:
        for number, row in _rows(stream, spec, where, path, rows * ROW_BYTES):
            if header and isinstance(row, list):
                header = False
            elif isinstance(row, list) and len(row) == layout.fields:
                good.append(row)
            else:
                text = row if isinstance(row, str) else f"{len(row)} fields, not {layout.fields}"
                problems.append((f"line {number} of {path.name}", text))
            if len(good) + len(problems) >= rows:
                yield _batch(good, problems, layout)
                good, problems = [], []
    yield _batch(good, problems, layout)


def _batch(rows: list[list[str]], problems: list[tuple[str, str]], layout: Layout) -> pa.RecordBatch:
    columns = {
        name: pa.array([row[place].encode("utf-8", "surrogateescape") for row in rows], pa.binary())
        for name, place in layout.wanted.items()
    }
    return with_problems(columns, problems)


def _rows(stream: IO[bytes], spec: dict[str, Any], where: str, path: Path, size: int) -> Iterator[Row]:
    """(line number, fields) of every row, or (line number, problem); empty lines are no rows."""
    csv.field_size_limit(LONGEST)
    reader = csv.reader(_lines(stream, size), delimiter=DELIMITERS[spec["format"]], strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error) or "field limit" in str(error):
                text = f"a quotation mark in or after line {number} is never closed"
                advice = "repair it, or write `quoting: none` if quotes have no meaning there"
                raise PoolError(f"{where}.quoting: {path}: {text}; {advice}") from error
            yield number, str(error)
            continue
        if row:
            yield number, row


def _lines(stream: IO[bytes], size: int) -> Iterator[str]:
    """Single lines; bytes that are not UTF-8 survive as surrogates."""
    for block in whole_lines(stream, size):
        yield from io.StringIO(block.decode("utf-8", "surrogateescape"), newline="\n")
