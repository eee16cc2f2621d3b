"""Where samples go: a shard is a range of the keyed hash, so that which shard a sample is in depends on no other one.

With n shards, n a power of two, shard k holds the ids whose hash, its first 64 bits as a number, has
floor(hash x n / 2^64) = k, in the order of the hash. Adding or removing samples changes only the shards they are in, as
long as n stays. Every shard, and every prefix of the shards in any fixed order, is a uniform random subset.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalines.errors import CountError
from datalines.pools.rows import STORED
from datalines.shards import order_keys

FAN_BITS = 6  # a file of rows is split into 2^6 at once
SPILL = 48 << 20  # bytes of rows sorted at once, and gathered before they are spilled
ROWS = (
    STORED.append(pa.field("part", pa.int32()))
    .append(pa.field("high", pa.uint64()))
    .append(pa.field("low", pa.uint64()))
)


def shard_bits(samples: int, shard_size: int) -> int:
    """log2 of the number of shards: the fewest, as a power of two, whose mean size is at most `shard_size`.

    So `shard_size` is the largest mean, the mean is more than half of it, and sizes spread around the mean by about
    its square root.
    """
    bits = 0
    while samples > shard_size << bits:
        bits += 1
    return bits


def with_hashes(part: int, batch: pa.RecordBatch, seed: int) -> pa.RecordBatch:
    """Stored rows with the number of their part and both halves of their keyed hash: columns `ROWS`."""
    keys = np.frombuffer(b"".join(order_keys(batch["id"].to_pylist(), seed)), dtype=">u8").astype(np.uint64)
    halves = keys.reshape(-1, 2)
    added = [np.full(batch.num_rows, part, np.int32), halves[:, 0], halves[:, 1]]
    return pa.record_batch([*batch.columns, *(pa.array(column) for column in added)], schema=ROWS)


@dataclass(frozen=True)
class Layout:
    """Puts rows into 2^`bits` shards by way of files in `folder`, which is left empty.

    Memory, whatever the number of samples: about three times `SPILL`, or the rows of one shard if they are more (not
    its images); 2^`FAN_BITS` files are open at once.
    """

    folder: Path
    bits: int

    def shards(self, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.Table]]:
        """(number, rows in their order) of every shard that has samples; an id that comes twice is a CountError."""
        return self._sorted(batches, 0, "rows")

    def _sorted(self, batches: Iterable[pa.RecordBatch], done: int, name: str) -> Iterator[tuple[int, pa.Table]]:
        """Shards of rows whose hashes agree in the first `done` bits."""
        step = min(FAN_BITS, self.bits - done)
        for path in self._split(batches, done, step, name):
            if path.stat().st_size > SPILL and done + step < self.bits:
                yield from self._sorted(_read(path), done + step, path.stem)
            else:
                yield from self._cut(pa.Table.from_batches(_read(path), schema=ROWS))
            path.unlink()

    def _split(self, batches: Iterable[pa.RecordBatch], done: int, step: int, name: str) -> list[Path]:
        """Write rows to 2^`step` files by the bits of the hash that follow the first `done`."""
        paths = [self.folder / f"{name}-{number:02d}.arrow" for number in range(1 << step)]
        writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
        try:
            for table in _gathered(batches):
                bucket = _leading(table["high"].to_numpy(), done + step) & ((1 << step) - 1)
                order = np.argsort(bucket, kind="stable")
                found, starts = np.unique(bucket[order], return_index=True)
                for number, rows in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
                    if number not in writers:
                        writers[number] = pa.ipc.new_stream(str(paths[number]), ROWS)
                    writers[number].write_table(table.take(rows))
        finally:
            for writer in writers.values():
                writer.close()
        return [paths[number] for number in sorted(writers)]

    def _cut(self, table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        high, low = table["high"].to_numpy(), table["low"].to_numpy()
        order = np.lexsort((low, high))
        high, low = high[order], low[order]
        twice = np.flatnonzero((high[1:] == high[:-1]) & (low[1:] == low[:-1]))
        if len(twice):
            repeated = table["id"][int(order[twice[0]])]
            raise CountError(f"the id {repeated} stands twice among the stored items; rebuild the pool's parts")
        numbers, starts = np.unique(_leading(high, self.bits), return_index=True)
        for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
            yield number, table.take(rows).combine_chunks()


def _leading(hashes: npt.NDArray[np.uint64], bits: int) -> npt.NDArray[np.int64]:
    """The first `bits` bits of 64, as numbers."""
    # Numpy leaves a shift by all 64 bits undefined.
    return (hashes >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(hashes), np.int64)


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows in tables of about `SPILL` bytes."""
    waiting: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        waiting.append(batch)
        size += batch.nbytes
        if size >= SPILL:
            yield pa.Table.from_batches(waiting).combine_chunks()
            waiting, size = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()


def _read(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
        yield from stream
