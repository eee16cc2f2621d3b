"""Mixing, subsetting and writing shards, side by side with webdataset's ShardWriter; prints one line of JSON.

Every pair is measured alternately in one run, and the ratio is that of the medians. Ours includes what a mixture needs
besides its tars (index, digests, manifest) and waits until each file is on disk (fsync); ShardWriter does neither.
Images are about 30 KB, in shards of `SHARD` samples, and lie in the system's cache on both sides.

Usage: python -m benchmarks.sharding [samples] [repeats]
"""

import io
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import webdataset
from PIL import Image

from datalines.files import write_json
from datalines.sharding.index import INDEX, index_writer
from datalines.shards import Sample, write_shard
from workflow.scripts import mix_shards

SHARD = 512  # the configuration's default
Job = Callable[[Path], object]


def pictures(count: int = 16) -> list[bytes]:
    """JPEGs of 25 to 33 KB."""
    found = []
    for seed in range(count):
        noise = np.random.default_rng(seed).integers(0, 256, (200, 180 + 4 * seed, 3), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(noise).save(stream, "JPEG", quality=80)
        found.append(stream.getvalue())
    return found


def loose(count: int) -> list[Sample]:
    """Samples in memory."""
    images = pictures()
    return [
        Sample(f"{number:032x}", "jpg", images[number % len(images)], f"a photograph of thing number {number}", None)
        for number in range(count)
    ]


def write_ours(
    samples: list[Sample], out: Path, shard: int = SHARD
) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Loose samples as shards of so many samples, with digests and index rows."""
    return [
        write_shard(out / f"{start // shard:05d}.tar", samples[start : start + shard])
        for start in range(0, len(samples), shard)
    ]


def pool(samples: list[Sample], out: Path, shard: int = SHARD) -> Path:
    """A pool's shards with index and manifest, as write_shards leaves them; returns the manifest."""
    written = write_ours(samples, out, shard)
    with index_writer(out / "index.parquet", INDEX) as index:
        for _, rows in written:
            more = {"sha256": 64 * "0", "url": "https://example.org/a.jpg", "width": 200, "height": 150}
            index.write_table(pa.Table.from_pylist([row | more for row in rows], INDEX), row_group_size=len(rows))
    write_json(out / "manifest.json", {"samples": len(samples), "shards": [entry for entry, _ in written]})
    return out / "manifest.json"


def mix_ours(manifest: Path, count: int | str, out: Path, subset: Path | None = None) -> None:
    """A mixture through its script: tars, index, digests, manifest."""
    entry = {"pool": "pool", "filter": "some", "count": count} | ({"subset": subset.parent.name} if subset else {})
    paths = out / "manifest.json", out / "index.parquet"
    mix_shards.main("mixed", "full", {"seed": 0, "entries": [entry]}, [manifest], *paths, [subset] if subset else [])


def shard_writer(samples: Iterable[dict[str, Any]], out: Path) -> None:
    """The same by webdataset."""
    with webdataset.ShardWriter(str(out / "%05d.tar"), maxcount=SHARD, verbose=0) as writer:
        for sample in samples:
            writer.write(sample)


def stored(manifest: Path) -> Iterator[dict[str, Any]]:
    """A pool's samples as webdataset reads them, undecoded."""
    tars = sorted(str(path) for path in manifest.parent.glob("*.tar"))
    for sample in webdataset.WebDataset(tars, shardshuffle=False):
        yield {key: value for key, value in sample.items() if key in ("__key__", "jpg", "txt")}


def compare(ours: Job, theirs: Job, repeats: int, folder: Path) -> tuple[float, dict[str, float]]:
    """How many times faster ours is, and the medians in seconds."""
    seconds: dict[str, list[float]] = {"ours_seconds": [], "shardwriter_seconds": []}
    for _ in range(repeats):
        for name, job in zip(seconds, (ours, theirs), strict=True):
            out = folder / "out"
            out.mkdir()
            os.sync()
            started = time.perf_counter()
            job(out)
            seconds[name].append(time.perf_counter() - started)
            shutil.rmtree(out)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratio = medians["shardwriter_seconds"] / medians["ours_seconds"]
    return round(ratio, 2), {name: round(value, 4) for name, value in medians.items()}


def measure(samples: int = 20_000, repeats: int = 5) -> dict[str, Any]:
    """Ratios for a mixture of 11/12 of a pool (whole shards and one cut), a random half of each shard, and writing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = loose(samples)
        manifest = pool(given, folder / "pool")
        chosen = sorted(np.random.default_rng(0).choice([sample.id for sample in given], samples // 2, replace=False))
        subset = folder / "half" / "kept.npy"
        subset.parent.mkdir()
        np.save(subset, np.array(chosen, dtype="S32"))
        count, wanted = samples * 11 // 12, set(chosen)
        plain = [{"__key__": sample.id, "jpg": sample.image, "txt": sample.caption} for sample in given]
        pairs: dict[str, tuple[Job, Job]] = {
            "mix": (
                lambda out: mix_ours(manifest, count, out),
                lambda out: shard_writer(
                    (entry for entry, _ in zip(stored(manifest), range(count), strict=False)), out
                ),
            ),
            "subset": (
                lambda out: mix_ours(manifest, "all", out, subset),
                lambda out: shard_writer((entry for entry in stored(manifest) if entry["__key__"] in wanted), out),
            ),
            "write": (lambda out: write_ours(given, out), lambda out: shard_writer(plain, out)),
        }
        found: dict[str, Any] = {}
        raw: dict[str, Any] = {"samples": samples, "repeats": repeats, "shard_size": SHARD, "cores": os.cpu_count()}
        for pair, jobs in pairs.items():
            compare(*jobs, 1, folder)  # fill the caches
            found[f"{pair}_vs_shardwriter"], raw[pair] = compare(*jobs, repeats, folder)
    raw["megabytes"] = round(sum(len(sample.image) for sample in given) / 1e6, 1)
    return {**found, "raw": raw}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"benchmark": "sharding", **measure(*map(int, sys.argv[1:]))}) + "\n")
