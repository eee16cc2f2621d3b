"""Writes a pool's kept samples as shards with their index; tars whose samples are unchanged stay as they are."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datalines.errors import CountError
from datalines.idsets import IdSet
from datalines.pools.rows import stored_batches
from datalines.sharding.index import INDEX, index_rows, index_writer
from datalines.sharding.layout import Layout, shard_bits, with_hashes
from datalines.sharding.ledger import Ledger
from datalines.sharding.parts import PartTars, samples
from datalines.shards import Digests, write_sample
from datalines.tars import tar_writer

LAYOUT = 1  # raise it when equal samples give other bytes in a tar
CONTENT = ("id", "extension", "sha256", "caption", "label")  # what a tar's bytes follow from
_SCRATCH = ".order-"


@dataclass
class Written:
    """A pool's shards: entries for the manifest, in their order, the digests of the ids, and what stayed untouched."""

    shards: list[dict[str, Any]] = field(default_factory=list)
    digests: Digests = field(default_factory=Digests)
    unchanged: int = 0


def write_pool(
    receipts: list[Path], kept: Path, listing: Path, shard_size: int, seed: int, threads: int = 4
) -> Written:
    """Write the kept samples of a pool's parts as tars beside `listing`, their index, which is written last.

    The index has a row group for each shard. The result is the same whether tars of an earlier run lie there or not.
    Every image is compared with its row's sha256. `threads` read ahead. Memory: see `Layout` and `parts.samples`.
    """
    ids = IdSet(kept)
    folder = listing.parent
    folder.mkdir(parents=True, exist_ok=True)
    ledger, tars, written = Ledger(folder), PartTars(receipts), Written()
    with (
        _scratch(folder) as scratch,
        index_writer(listing, INDEX) as index,
        ThreadPoolExecutor(max(1, threads)) as readers,
    ):
        try:
            layout = Layout(scratch, shard_bits(len(ids), shard_size))
            for number, rows in layout.shards(_kept_rows(receipts, ids, seed)):
                path = folder / f"{number:05d}.tar"
                content = content_key(rows)
                entry = ledger.unchanged(path.name, content)
                written.unchanged += entry is not None
                listed = index_rows(path.name, rows)
                if entry is None:
                    entry = _write_tar(path, rows, listed, tars, readers)
                    ledger.note(entry, content)
                written.shards.append(entry)
                written.digests.add(listed["id"].to_pylist())
                index.write_table(listed, row_group_size=len(listed))
        finally:
            readers.shutdown(cancel_futures=True)
            tars.close()
        if written.digests.count != len(ids):
            counted = f"{len(ids)} ids, but {written.digests.count} of them are stored"
            raise CountError(f"{kept} keeps {counted}; delete it and run again to filter anew")
        ledger.keep_only(entry["path"] for entry in written.shards)
    return written


def _kept_rows(receipts: list[Path], kept: IdSet, seed: int) -> Iterator[pa.RecordBatch]:
    for part, batch in stored_batches(receipts):
        yield with_hashes(part, batch.filter(pa.array(kept.contains(batch["id"]))), seed)


def _write_tar(
    path: Path, rows: pa.Table, listed: pa.Table, tars: PartTars, readers: ThreadPoolExecutor
) -> dict[str, Any]:
    with tar_writer(path) as writer:
        for sample in samples(rows, tars, readers):
            write_sample(writer, sample)
        if writer.tell() != listed["end"][-1].as_py():
            raise CountError(f"{path}: {writer.tell()} bytes written, but its index ends at {listed['end'][-1]}")
    return {"path": path.name, "samples": len(rows), "bytes": writer.tell(), "sha256": writer.hexdigest()}


def content_key(rows: pa.Table) -> str:
    """What the bytes of a shard follow from: the layout's version and the samples in their order. 32 hex digits."""
    digest = hashlib.sha256(f"layout {LAYOUT}".encode())
    for name in CONTENT:
        values = rows[name].combine_chunks().cast(pa.large_binary())
        digest.update(pc.fill_null(pc.binary_length(values), -1).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
        for value in values:
            digest.update(value.as_py() or b"")
    return digest.hexdigest()[:32]


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for files that are needed only now; those of a job that was killed are removed."""
    for leftover in folder.glob(f"{_SCRATCH}*"):
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder) as scratch:
        yield Path(scratch)
