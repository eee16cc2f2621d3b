"""A pool's stored rows, part by part and batch by batch, with the columns of files that lie beside the parts.

Scores and hashes are such files: one row per stored row, in the order of the part's rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datalines.errors import CountError, DatalinesError
from datalines.files import read_json
from datalines.pools.base import OK

# Rows in memory at a time, and bytes of a column's stored pages.
BATCH = 1 << 14
BUFFER = 1 << 20


@dataclass(frozen=True)
class Part:
    """One part: its receipt and rows, the position of its first row in the pool, and the files beside it."""

    receipt: Path
    rows: Path
    start: int
    requested: int
    stored: int
    beside: tuple[Path, ...] = ()

    def schema(self) -> pa.Schema:
        """Name and type of every column that `batches` can give, `row` included."""
        fields = {"row": pa.field("row", pa.int64())}
        for path in (self.rows, *self.beside):
            fields |= {field.name: field for field in pq.read_schema(path) if field.name not in fields}
        return pa.schema(list(fields.values()))

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """`row` (int64, position in the pool) and the named columns of the stored rows, BATCH at most at a time.

        Raises CountError if the rows are not as many as the receipt says, or a file beside them is about other rows.
        """
        names = set(pq.read_schema(self.rows).names)
        followers = [_Follower(path, columns, names) for path in self.beside]
        followers = [follower for follower in followers if follower.columns]
        own = [name for name in columns if name in names]
        reading = list(dict.fromkeys([*own, "status", *(["id"] if followers else [])]))
        position, stored = self.start, 0
        for batch in _stream(self.rows, reading):
            good = pc.equal(batch.column("status"), OK).fill_null(False)
            rows = position + np.flatnonzero(good.to_numpy(zero_copy_only=False))
            position += len(batch)
            if len(rows) < len(batch):
                batch = batch.filter(good)
            stored += len(batch)
            found = {"row": pa.array(rows), **{name: batch.column(name) for name in own}}
            for follower in followers:
                found |= follower.take(batch.column("id"), self)
            yield pa.RecordBatch.from_pydict({name: found[name] for name in ("row", *columns)})
        self._check(position - self.start, stored)
        for follower in followers:
            follower.finish(self)

    def _check(self, requested: int, stored: int) -> None:
        if (requested, stored) != (self.requested, self.stored):
            counted = f"{self.stored} stored of {self.requested}, its rows {stored} of {requested}"
            raise CountError(f"{self.receipt} counts {counted}; delete it and run again to rebuild the part")


class _Follower:
    """Reads a file beside a part in step with the part's stored rows."""

    def __init__(self, path: Path, columns: list[str], known: set[str]) -> None:
        self._path = path
        schema = pq.read_schema(path)
        self.columns = [name for name in columns if name in schema.names and name not in known]
        self._batches = _stream(path, ["id", *self.columns])
        self._rest = pa.schema([schema.field(name) for name in ("id", *self.columns)]).empty_table()

    def take(self, ids: pa.Array, part: Part) -> dict[str, pa.Array]:
        """The columns for the next rows, which must have these ids."""
        pieces = [self._rest]
        while sum(map(len, pieces)) < len(ids) and (batch := next(self._batches, None)) is not None:
            pieces.append(pa.Table.from_batches([batch]))
        table = pa.concat_tables(pieces).combine_chunks()
        found = table.slice(0, len(ids))
        if not found.column("id").cast(pa.string()).equals(pa.chunked_array([ids.cast(pa.string())])):
            raise self._stale(part)
        self._rest = table.slice(len(ids))
        return {name: found.column(name).combine_chunks() for name in self.columns}

    def finish(self, part: Part) -> None:
        """Raise CountError if there are rows left."""
        if len(self._rest) or next(self._batches, None) is not None:
            raise self._stale(part)

    def _stale(self, part: Part) -> CountError:
        return CountError(f"{self._path} is not about the stored rows of {part.rows}; delete it and run again")


def _stream(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    # Parts are read side by side, so that no part needs threads of its own.
    return pq.ParquetFile(path, buffer_size=BUFFER).iter_batches(BATCH, columns=columns, use_threads=False)


def open_parts(receipts: list[Path], beside: list[Path] | None = None) -> list[Part]:
    """The parts of one pool in the order of the receipts, each with the files of the same stem beside it."""
    parts = []
    start = 0
    for path in receipts:
        content = read_json(path)
        files = tuple(file for file in beside or [] if file.stem == path.stem)
        rows = path.with_name(content["rows"]["path"])
        parts.append(Part(path, rows, start, content["requested"], content["stored"], files))
        start += content["requested"]
    return parts


def by_pool(receipts: list[Path], hashes: list[Path]) -> dict[str, list[Part]]:
    """The parts of several pools by name; a pool's folder is called after it, those of receipts and hashes alike."""
    pools: dict[str, list[Path]] = {}
    for path in receipts:
        pools.setdefault(path.parent.name, []).append(path)
    return {
        pool: open_parts(paths, [file for file in hashes if file.parent.name == pool]) for pool, paths in pools.items()
    }


def needed(parts: list[Part], columns: list[str], why: str) -> pa.Schema:
    """The schema of `row` and these columns; DatalinesError saying `why` they are needed if a part lacks one."""
    for part in parts:
        lacking = [name for name in columns if name not in part.schema().names]
        if lacking:
            text = f"{why} needs {', '.join(lacking)}, which neither {part.rows} nor a file given beside it has"
            raise DatalinesError(f"{text}; delete {part.receipt} and run again, or give the file")
    schema = parts[0].schema()
    return pa.schema([schema.field(name) for name in ("row", *columns)])
