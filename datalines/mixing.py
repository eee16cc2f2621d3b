"""Mixtures: whole shards of pools are linked, others are cut by byte ranges, and nothing is decoded or re-encoded."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.errors import CountError, DatalinesError
from datalines.files import sha256_file
from datalines.idsets import write_ids
from datalines.pools.rows import TEXT
from datalines.ranges import copy_ranges, link
from datalines.sharding.index import INDEX, index_writer
from datalines.shards import Digests
from datalines.taking import Listing, Source, Taken, take

MIXED = INDEX.append(pa.field("pool", TEXT))
GROUP = 1 << 14  # rows in a row group of a mixture's index: whole shards, as many as reach this number
LAYING = 2  # shards laid at the same time
AHEAD = 4  # shards begun before the first of them is done


@dataclass
class Mixture:
    """A mixture's entries (one a source) and shards for its manifest, and the digests of its ids."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    shards: list[dict[str, Any]] = field(default_factory=list)
    digests: Digests = field(default_factory=Digests)


def mix(sources: list[tuple[Source, int | str]], listing: Path, seed: int, where: str) -> Mixture:
    """Lay a mixture's shards beside `listing`, their index.

    Memory: `GROUP` rows and those of `AHEAD` shards. What was asked for is what is there, else a CountError.
    """
    mixture, out = Mixture(), listing.parent
    with ExitStack() as stack:
        listings = [stack.enter_context(Listing(source)) for source, _ in sources]
        taken = [
            take(source, rows.available(), count, seed, f"{where}.entries[{place}]")
            for place, ((source, count), rows) in enumerate(zip(sources, listings, strict=True))
        ]
        out.mkdir(parents=True, exist_ok=True)
        for stale in (*out.glob("*.tar"), *out.glob(".*.tmp")):
            stale.unlink()
        index = _Index(stack.enter_context(index_writer(listing, MIXED)))
        laying = stack.enter_context(ThreadPoolExecutor(LAYING))
        total = sum(entry.samples for entry in taken)
        for entry, rows in zip(taken, listings, strict=True):
            before = mixture.digests.count
            _lay_all(mixture, entry, rows, index, out, laying)
            mixture.entries.append(_entry(entry, mixture.digests.count - before, total, where))
        index.flush()
    return mixture


class _Index:
    """The index of a mixture, written some shards at a time. Memory: about `GROUP` rows."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._waiting: list[pa.Table] = []

    def add(self, rows: pa.Table) -> None:
        """Append a shard's rows."""
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered as one row group."""
        if self._waiting:
            rows = pa.concat_tables(self._waiting)
            self._writer.write_table(rows, row_group_size=len(rows))
            self._waiting = []


def _lay_all(mixture: Mixture, taken: Taken, listing: Listing, index: _Index, out: Path, laying: Executor) -> None:
    """Lay a source's pieces and list them in their order; the one that is cut is begun first, as it takes longest."""

    def submit(place: int, rows: pa.Table) -> Future[dict[str, Any]]:
        return laying.submit(lay, taken.source, taken.pieces[place].shard, rows, out / names[place])

    first, last = len(mixture.shards), len(taken.pieces) - 1
    names = [f"{first + place:05d}.tar" for place in range(len(taken.pieces))]
    cut = submit(last, listing.rows(taken.pieces[last])) if taken.pieces and taken.source.subset is None else None
    waiting: deque[Future[dict[str, Any]]] = deque()
    for place, piece in enumerate(taken.pieces):
        rows = listing.rows(piece)
        waiting.append(cut if cut is not None and place == last else submit(place, rows))
        mixture.digests.add(rows["id"].to_pylist())
        index.add(_moved(rows, names[place], taken.source.pool))
        if len(waiting) > AHEAD:
            mixture.shards.append(waiting.popleft().result())
    mixture.shards += [future.result() for future in waiting]


def note_ids(mixture: Mixture, listing: Path, states: Path | None, where: str) -> None:
    """Keep a mixture's sorted ids as `<states>/mixtures/<digest of the set>.npy`, to tell later what a model saw.

    Entries of one pool may overlap, those of different pools cannot: ids hold the pool's name. A sample that two
    entries take is a CountError, with or without `states`.
    """
    pools = [entry["pool"] for entry in mixture.entries]
    path = None if states is None else states / "mixtures" / f"{mixture.digests.id_set}.npy"
    if len(set(pools)) == len(pools) and (path is None or path.is_file()):
        return
    checked = listing.with_name(".ids.npy") if path is None else path
    with pq.ParquetFile(listing) as index:
        batches = (batch["id"].to_pylist() for batch in index.iter_batches(columns=["id"]))
        write_ids(checked, batches, mixture.digests.count, where)
    if path is None:
        checked.unlink()


def _entry(taken: Taken, samples: int, total: int, where: str) -> dict[str, Any]:
    """A source's entry of the manifest; the samples laid must be those asked for, and so must their share."""
    source, asked = taken.source, taken.available if taken.asked == "all" else int(taken.asked)
    if not samples == taken.samples == asked:
        text = f"{asked} samples of pool {source.pool} asked for, but {samples} laid"
        raise CountError(f"{where}: {text}; delete {source.folder / 'manifest.json'} and run again")
    return {
        "pool": source.pool,
        "filter": source.filter,
        **({"subset": source.name} if source.subset is not None else {}),
        "asked": taken.asked,
        "available": taken.available,
        "samples": samples,
        "share": samples / total if total else 0.0,
        "repeats": 1,
    }


def lay(source: Source, shard: dict[str, Any], rows: pa.Table, target: Path) -> dict[str, Any]:
    """Link a whole shard, or write the byte ranges of some of its samples and an end-of-archive marker."""
    origin = source.folder / shard["path"]
    if not origin.is_file() or origin.stat().st_size != shard["bytes"]:
        text = f"is missing or not as its manifest says: delete {source.folder / 'manifest.json'}"
        raise DatalinesError(f"{origin} {text} and run again to rebuild it")
    common = {"path": target.name, "pool": source.pool, "origin": shard["path"], "samples": len(rows)}
    if len(rows) == shard["samples"]:
        link(origin, target)
        return {**common, "how": "whole", "bytes": shard["bytes"], "sha256": shard["sha256"]}
    if sha256_file(origin) != shard["sha256"]:  # the digest of what is cut would tell nothing of this
        text = f"has been altered: delete {source.folder / 'manifest.json'}"
        raise DatalinesError(f"{origin} {text} and run again to rebuild it")
    ranges = list(runs(rows["start"].to_numpy(), rows["end"].to_numpy()))
    size, digest = copy_ranges(origin, ranges, target)
    how: dict[str, Any] = {"how": "subset", "runs": len(ranges)}
    if source.subset is None:
        how = {"how": "cut", "range": list(ranges[0])}
    return {**common, **how, "bytes": size, "sha256": digest}


def runs(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Byte ranges of samples, neighbours joined: [0, 5), [5, 9), [12, 14) are [0, 9), [12, 14)."""
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    firsts, lasts = np.append(0, breaks), np.append(breaks, len(starts)) - 1
    return zip(starts[firsts].tolist(), ends[lasts].tolist(), strict=True)


def _moved(rows: pa.Table, shard: str, pool: str) -> pa.Table:
    """Index rows of samples that now lie in `shard`, one after the other."""
    starts, ends = rows["start"].to_numpy(), rows["end"].to_numpy()
    new_ends = np.cumsum(ends - starts)
    shift = new_ends - ends
    placed = {
        "shard": pa.repeat(pa.scalar(shard, TEXT), len(rows)),
        "start": starts + shift,
        "end": new_ends,
        "image_offset": rows["image_offset"].to_numpy() + shift,
        "pool": pa.repeat(pa.scalar(pool, TEXT), len(rows)),
    }
    return pa.table([placed[name] if name in placed else rows[name] for name in MIXED.names], schema=MIXED)
