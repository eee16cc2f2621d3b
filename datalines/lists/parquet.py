"""Lists in Parquet files: only the columns that are needed, batch by batch.

Memory: one batch of rows, and the pages of the row group that it is read from.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import PoolError
from datalines.lists.columns import key_of, positions, with_problems

BUFFER = 1 << 20
UNREADABLE = (pa.ArrowInvalid, OSError)


def check(path: Path, spec: dict[str, Any], where: str) -> dict[str, int]:
    """Positions of the wanted columns; PoolError if one is missing or of a type that cannot serve."""
    with _opened(path, where) as file:
        schema = file.schema_arrow
        wanted = positions(schema.names, spec, where, path)
    for name, place in wanted.items():
        kind = schema.types[place]
        if not _serves(name, kind.value_type if pa.types.is_dictionary(kind) else kind, spec):
            text = f"{path} holds {kind} in the column {schema.names[place]!r}, which cannot serve as {name}"
            raise PoolError(f"{key_of(name, spec, where)}: {text}; name another column")
    return wanted


def read(path: Path, spec: dict[str, Any], where: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Batches of up to `rows` rows; texts are binary, numbers keep their type."""
    wanted = check(path, spec, where)
    with _opened(path, where) as file:
        names = file.schema_arrow.names
        needed = sorted({names[place] for place in wanted.values()})
        try:
            for batch in file.iter_batches(rows, columns=needed, use_threads=False):
                columns = {name: _plain(batch.column(names[place])) for name, place in wanted.items()}
                yield with_problems(columns, [])
        except UNREADABLE as error:
            raise PoolError(f"{where}.path: {path} is damaged ({error}); fetch it again") from error


def _opened(path: Path, where: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER)
    except UNREADABLE as error:
        text = "is no Parquet file, or truncated"
        raise PoolError(f"{where}.path: {path} {text} ({error}); check `format`, or fetch it again") from error


def _serves(name: str, kind: pa.DataType, spec: dict[str, Any]) -> bool:
    """Whether values of this type can be a column's: anything flat is a fact of type text, the others need text."""
    group, _, fact = name.partition(".")
    if group != "fact":
        return _is_text(kind)
    if spec["facts"][fact]["type"] == "text":
        return not pa.types.is_nested(kind)
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return _is_text(kind) or any(test(kind) for test in numbers)


def _is_text(kind: pa.DataType) -> bool:
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    binaries = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_null)
    return any(test(kind) for test in (*texts, *binaries))


def _plain(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return values.cast(pa.binary()) if _is_text(values.type) else values
