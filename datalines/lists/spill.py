"""Rows sorted into parts on disk: as many rows and parts as there are, with a bounded number of open files.

Memory: the rows that wait to be written (BUFFER bytes, and their copies while they are sorted), then one part at a
time. Disk: all rows once, uncompressed; with more than 256 parts, a 256th of them once more.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from datalines.lists.keys import PART

BUFFER = 32 << 20
OPEN_FILES = 256


class Spill:
    """The parts `first .. first+count-1`, in files of one or more parts each below `folder`, which must be new."""

    def __init__(self, folder: Path, schema: pa.Schema, first: int, count: int) -> None:
        self._folder = folder
        self._schema = schema
        self._first = first
        self._count = count
        self._width = -(-count // OPEN_FILES)
        self._waiting: list[pa.Table] = []
        self._waiting_bytes = 0
        self._writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
        folder.mkdir(parents=True)

    def add(self, rows: pa.Table) -> None:
        """Take in rows with a column `part`; within a part they keep their order."""
        self._waiting.append(rows.select(self._schema.names))
        self._waiting_bytes += rows.nbytes
        if self._waiting_bytes >= BUFFER:
            self._write()

    def tables(self) -> Iterator[pa.Table]:
        """All parts in their order, empty ones too, each as one table. Can be read once: files go as they are read."""
        self._write()
        for writer in self._writers.values():
            writer.close()
        for number, low in enumerate(range(self._first, self._first + self._count, self._width)):
            high = min(low + self._width, self._first + self._count)
            path = self._file(number)
            if number not in self._writers:
                yield from [self._schema.empty_table()] * (high - low)
                continue
            with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
                if high - low == 1:
                    yield reader.read_all()
                else:
                    finer = Spill(self._folder / f"{number}.parts", self._schema, low, high - low)
                    for batch in reader:
                        finer.add(pa.Table.from_batches([batch]))
                    yield from finer.tables()
            path.unlink()

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.arrows"

    def _write(self) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting, self._waiting_bytes = [], 0
        files = (rows.column(PART).to_numpy() - self._first) // self._width
        order = np.argsort(files, kind="stable")
        rows, files = rows.take(pa.array(order)), files[order]
        present, starts = np.unique(files, return_index=True)
        for number, low, high in zip(present.tolist(), starts, [*starts[1:], len(files)], strict=True):
            if number not in self._writers:
                self._writers[number] = pa.ipc.new_stream(str(self._file(number)), self._schema)
            self._writers[number].write_table(rows.slice(low, high - low))
