"""The order of a pool's shards computed again from the rows of its parts, and some of the shards written again.

The order needs no images, so that it can be checked where the parts' tars are gone.
"""

import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datalines.audit.replay import plan
from datalines.audit.results import Receipt, Results
from datalines.audit.verdicts import Check, Verdict
from datalines.errors import DatalinesError
from datalines.files import read_json
from datalines.idsets import IdSet
from datalines.pools.rows import stored_batches
from datalines.sharding.index import index_rows
from datalines.sharding.layout import Layout, shard_bits, with_hashes
from datalines.sharding.parts import PartTars, samples
from datalines.shards import Digests, write_sample
from datalines.tars import tar_writer

RULE = "write_shards"
SHARDS = 2
"""Shards of each pool that are written again."""
THREADS = 2
COMPARED = ("samples", "id_set_sha256", "order_sha256")


@dataclass
class Rebuilt:
    """What came out: counts and digests as the manifest has them, the shards' names and counts, and the digests of
    those that were written, or why one could not be."""

    digests: Digests = field(default_factory=Digests)
    shards: list[tuple[str, int]] = field(default_factory=list)
    other_rows: list[str] = field(default_factory=list)
    """Shards whose rows in the index are others."""
    written: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """What the manifest says in the same words."""
        return dict(zip(COMPARED, (self.digests.count, self.digests.id_set, self.digests.order), strict=True))


def reordered(results: Results, checkout: Path, seed: int, pools: int) -> Check:
    """The shards of `pools` pools, drawn by `seed`: their order, their index, and the bytes of some of them."""
    check = Check(
        "shard-order",
        "sample",
        "Shards hold the kept samples in the order that follows from their ids and the seed, byte by byte.",
    )
    found = sorted((entry for entry in results.receipts if entry.rule == RULE), key=lambda entry: entry.path)
    if not found:
        check.not_run = f"the results hold no receipt of {RULE}"
    chance = random.Random(f"{seed}/shard-order")
    for receipt in sorted(chance.sample(found, min(pools, len(found))), key=lambda entry: entry.path):
        _judge(check, results, checkout, receipt, chance)
    return check


def _judge(check: Check, results: Results, checkout: Path, receipt: Receipt, chance: random.Random) -> None:
    path = next((path for path in receipt.outputs if path.endswith(".json")), receipt.path)
    manifest = results.file(path)
    try:
        content = read_json(manifest)
        names = chance.sample([shard["path"] for shard in content["shards"]], min(SHARDS, len(content["shards"])))
        with tempfile.TemporaryDirectory(prefix="datalines-audit-") as folder:
            job = plan(results, receipt, checkout, Path(folder))
            found = rebuild(job.values, manifest.with_name("index.parquet"), set(names), Path(folder))
    except Exception as error:  # whatever was done to the files, the other pools are still looked at
        said = str(error) if isinstance(error, DatalinesError) else f"{type(error).__name__}: {error}"
        check.add(path, Verdict.UNVERIFIABLE, f"could not be made again: {said}")
        return
    remark = f" ({job.remark})" if job.remark else ""
    wrong = [key for key, value in found.summary().items() if content[key] != value]
    if found.shards != [(shard["path"], shard["samples"]) for shard in content["shards"]]:
        wrong.append("shards")
    check.add(path, *(_drifted(f"{', '.join(wrong)}: not what follows from the kept ids{remark}") if wrong else ()))
    listing = str(Path(path).with_name("index.parquet"))
    other = f"the rows of {', '.join(found.other_rows[:3])} are not those of the kept samples{remark}"
    check.add(listing, *(_drifted(other) if found.other_rows else ()))
    digests = {shard["path"]: shard["sha256"] for shard in content["shards"]}
    for name in sorted(names):
        at = str(Path(path).with_name(name))
        if name in found.failed:
            check.add(at, Verdict.UNVERIFIABLE, f"could not be written again: {found.failed[name]}")
        else:
            same = found.written.get(name) == digests[name]
            check.add(
                at, *(() if same else _drifted(f"written again, it has another digest than the manifest{remark}"))
            )


def _drifted(reason: str) -> tuple[Verdict, str]:
    return Verdict.DRIFTED, reason


def rebuild(values: dict[str, Any], listing: Path, names: set[str], folder: Path) -> Rebuilt:
    """Lay out a pool's shards from what the job was given, and write those called `names` in `folder`.

    Memory: that of `Layout`, and the rows of one shard.
    """
    receipts, kept, spec = [Path(path) for path in values["receipts"]], IdSet(Path(values["kept"])), values["spec"]
    found, tars = Rebuilt(), PartTars(receipts)
    layout = Layout(folder, shard_bits(len(kept), spec["shard_size"]))
    with ThreadPoolExecutor(THREADS) as readers, pq.ParquetFile(listing) as index:
        try:
            for place, (number, rows) in enumerate(layout.shards(_kept(receipts, kept, spec["seed"]))):
                name = f"{number:05d}.tar"
                listed = index_rows(name, rows)
                found.digests.add(listed["id"].to_pylist())
                found.shards.append((name, len(rows)))
                if place >= index.num_row_groups or not _same(index.read_row_group(place), listed):
                    found.other_rows.append(name)
                if name in names:
                    _write(found, folder / name, rows, tars, readers)
        finally:
            tars.close()
    return found


def _kept(receipts: list[Path], kept: IdSet, seed: int) -> Iterator[pa.RecordBatch]:
    for part, batch in stored_batches(receipts):
        yield with_hashes(part, batch.filter(pa.array(kept.contains(batch["id"]))), seed)


def _same(recorded: pa.Table, rows: pa.Table) -> bool:
    """Whether both hold the same values; a file may give text in another type of text."""
    return recorded.schema.names == rows.schema.names and bool(recorded.cast(rows.schema).equals(rows))


def _write(found: Rebuilt, path: Path, rows: pa.Table, tars: PartTars, readers: ThreadPoolExecutor) -> None:
    try:
        with tar_writer(path) as writer:
            for sample in samples(rows, tars, readers):
                write_sample(writer, sample)
        found.written[path.name] = writer.hexdigest()
    except DatalinesError as error:
        found.failed[path.name] = str(error)
    path.unlink(missing_ok=True)
