"""Writes what a filter decided: the sorted ids that are kept, and the dropped ones with their reasons."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import CountError
from datalines.files import atomic
from datalines.filters.database import database, in_order
from datalines.filters.decide import Context, Decision
from datalines.filters.parts import Part
from datalines.filters.reasons import KEPT

ID = np.dtype("S32")
ROW_GROUP = 1 << 17
_VERDICTS = pa.schema([("id", pa.string()), ("code", pa.uint8())])
_DROPPED = pa.schema([("id", pa.string()), ("reason", pa.string())])


def write_outcome(decision: Decision, parts: list[Part], kept: Path, dropped: Path, context: Context) -> None:
    """Write `kept` (numpy's format, sorted ids as S32) and `dropped` (Parquet: id, reason, sorted by id).

    Raises CountError if an id stands twice among the stored rows. Memory: the database's, and a row group.
    """
    with (
        atomic(kept) as kept_file,
        atomic(dropped) as dropped_file,
        database(context.scratch, context.threads) as connection,
        pq.ParquetWriter(dropped_file, _DROPPED, compression="zstd") as writer,
    ):
        array = np.lib.format.open_memmap(kept_file, mode="w+", dtype=ID, shape=(decision.kept,))
        groups = _RowGroups(writer)
        reasons = pa.array(["", *(step["name"] for step in decision.steps)], pa.string())
        position = 0
        verdicts = in_order(connection, "id", _verdicts(parts, decision), _VERDICTS)
        for batch, ids in _unique(verdicts, parts):
            codes = batch.column("code").to_numpy()
            chosen = ids[codes == KEPT]
            array[position : position + len(chosen)] = chosen
            position += len(chosen)
            refused = batch.filter(pa.array(codes != KEPT))
            groups.add(refused.column("id"), reasons.take(refused.column("code")))
        groups.flush()
        array.flush()


def _verdicts(parts: list[Part], decision: Decision) -> Iterator[pa.RecordBatch]:
    for part in parts:
        for batch in part.batches(["id"]):
            codes = decision.codes[batch.column("row").to_numpy()]
            yield pa.RecordBatch.from_arrays([batch.column("id").cast(pa.string()), pa.array(codes)], schema=_VERDICTS)


def _unique(
    verdicts: Iterator[pa.RecordBatch], parts: list[Part]
) -> Iterator[tuple[pa.RecordBatch, npt.NDArray[np.bytes_]]]:
    """Sorted batches and their ids as numpy has them; no id may follow itself."""
    last = np.empty(0, dtype=ID)
    for batch in verdicts:
        fixed = batch.column("id").cast(pa.binary()).cast(pa.binary(ID.itemsize))
        ids = np.frombuffer(fixed.buffers()[1], dtype=ID)[fixed.offset : fixed.offset + len(fixed)]
        joint = np.concatenate([last, ids])
        repeated = joint[1:][joint[1:] == joint[:-1]]
        if len(repeated):
            text = f"the id {repeated[0].decode()} stands twice among the stored items"
            raise CountError(f"{parts[0].receipt.parent}: {text}; rebuild the parts")
        yield batch, ids
        last = ids[-1:]


class _RowGroups:
    """Collects dropped rows into row groups of one size, however they arrive, so that equal rows give equal bytes."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._pending: list[pa.Table] = []

    def add(self, ids: pa.Array, reasons: pa.Array) -> None:
        """Append rows."""
        self._pending.append(pa.table([ids, reasons], schema=_DROPPED))
        while sum(map(len, self._pending)) >= ROW_GROUP:
            table = pa.concat_tables(self._pending)
            self._writer.write_table(table.slice(0, ROW_GROUP))
            self._pending = [table.slice(ROW_GROUP)]

    def flush(self) -> None:
        """Write what is left."""
        table = pa.concat_tables([_DROPPED.empty_table(), *self._pending])
        if len(table):
            self._writer.write_table(table)
