"""Reading lists of any format: batches of the wanted columns, and all that is wrong with a declaration up front."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from datalines.lists import delimited, jsonlines, jsonlist, parquet, quoted

BATCH_ROWS = 1 << 15


class Reader(Protocol):
    """One format's module: `check` raises PoolError for what a file lacks, `read` yields its rows in batches."""

    def check(self, path: Path, spec: dict[str, Any], where: str) -> Any: ...

    def read(self, path: Path, spec: dict[str, Any], where: str, rows: int) -> Iterator[pa.RecordBatch]: ...


def check_files(paths: list[Path], spec: dict[str, Any], where: str) -> None:
    """Look into the beginning of every file; PoolError, naming key, file and choices, if one cannot be read as
    declared."""
    for path in paths:
        _reader(spec).check(path, spec, where)


def read_batches(path: Path, spec: dict[str, Any], where: str, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """One file of a list in batches of about `rows` rows, in its order; `spec` is a pool's `list`, `where` its key.

    Columns: url, caption and sha256 (binary, null where the list has nothing; bytes as they stand, not yet checked),
    `fact.<name>` (binary, or a type of Parquet's), place and problem (strings, empty unless the row cannot be read at
    all: then they say where it stands and why). Memory: a batch; what the format's module states.
    """
    for batch in _reader(spec).read(path, spec, where, rows):
        names = [name for name in batch.schema.names if not name.startswith("caption.")]
        columns = {name: batch.column(name) for name in names}
        columns.setdefault("sha256", pa.nulls(len(batch), pa.binary()))
        yield pa.RecordBatch.from_pydict({**columns, "caption": _caption(batch)})


def _reader(spec: dict[str, Any]) -> Reader:
    readers: dict[str, Reader] = {"parquet": parquet, "jsonl": jsonlines, "json": jsonlist}
    plain: Reader = quoted if spec.get("quoting") == "standard" else delimited
    return readers.get(spec["format"], plain)


def _caption(batch: pa.RecordBatch) -> pa.Array:
    """The caption's columns, those that are not blank joined by one space; one column is left as it stands."""
    names = [name for name in batch.schema.names if name.startswith("caption.")]
    if len(names) == 1:
        return batch.column(names[0])
    first, *others = [pc.fill_null(trimmed(batch.column(name)), b"") for name in names]
    return functools.reduce(_joined, others, first)


def _joined(first: pa.Array, second: pa.Array) -> pa.Array:
    """Both with a space between them, or the one that is not empty."""
    both = pc.binary_join_element_wise(first, second, pa.scalar(b" ", pa.binary()))
    either = pc.if_else(_empty(first), second, first)
    return pc.if_else(pc.or_(_empty(first), _empty(second)), either, both)


def _empty(values: pa.Array) -> pa.Array:
    return pc.equal(pc.binary_length(values), 0)


def trimmed(values: pa.Array) -> pa.Array:
    """Binary texts without white space around them; in one that is not UTF-8, only ASCII's counts."""
    try:
        return pc.utf8_trim_whitespace(values.cast(pa.string())).cast(pa.binary())
    except pa.ArrowInvalid:
        return pa.array([_stripped(value) for value in values.to_pylist()], pa.binary())


def _stripped(value: bytes | None) -> bytes | None:
    if value is None:
        return None
    try:
        return value.decode().strip().encode()
    except UnicodeDecodeError:
        return value.strip()
