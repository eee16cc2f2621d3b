"""What the tests of loading share: mixtures of small pictures on disk, and batches of them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from datalines.files import sha256_file, write_json
from datalines.loading.batches import Batch, Batches, Slice
from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.shards import Sample, id_set_digest, order_digest, write_shard
from tests.builders import jpeg

# As in a job: on a busy machine, more threads make steps of a millisecond slower by far.
torch.set_num_threads(1)

POOLS = {"yfcc": 23, "laion": 41}
CROPS: dict[str, Any] = {"scale": [0.3, 1.0], "ratio": [0.75, 4 / 3], "flip": True}
NOTHING = b"these bytes are no image"


def sample(pool: str, number: int, image: bytes | None = None) -> Sample:
    """A small picture of its own size and noise; every third sample has no class."""
    data = jpeg(12 + number % 5, 10 + number % 3, number) if image is None else image
    label = None if number % 3 == 0 else f"class {number % 2}"
    name = hashlib.blake2b(f"{pool} {number}".encode(), digest_size=16).hexdigest()
    return Sample(name, "jpg", data, f"{pool} № {number}", label)


def write_mixture(
    folder: Path, pools: dict[str, int] = POOLS, shard_size: int = 5, bad: Sequence[int] = (), images: bytes = b""
) -> Path:
    """A mixture of whole shards; rows in `bad` do not decode, the others hold `images` if given. Gives the manifest."""
    shards: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for pool, count in pools.items():
        for first in range(0, count, shard_size):
            numbers = enumerate(range(first, min(first + shard_size, count)), start=len(rows))
            chosen = [sample(pool, number, NOTHING if row in bad else images or None) for row, number in numbers]
            entry, found = write_shard(folder / f"{len(shards):05d}.tar", chosen)
            shards.append({**entry, "pool": pool})
            rows += found
    index = pd.DataFrame(rows)
    pq.write_table(pa.Table.from_pandas(index), folder / "index.parquet", row_group_size=2 * shard_size + 1)
    content = {
        "mixture": "mixed",
        "size": "full",
        "samples": len(rows),
        "shards": shards,
        "index": {"path": "index.parquet", "sha256": sha256_file(folder / "index.parquet")},
        "id_set_sha256": id_set_digest(index["id"]),
        "order_sha256": order_digest(index["id"]),
    }
    write_json(folder / "manifest.json", content)
    return folder / "manifest.json"


def targets(captions: Sequence[str], labels: Sequence[str | None]) -> torch.Tensor:
    """Two numbers a sample that tell captions and classes apart."""
    texts = zip(captions, labels, strict=True)
    return torch.tensor([[len(caption), sum(f"{caption}{label}".encode())] for caption, label in texts])


def batches(
    manifest: Path,
    cut: Slice | None = None,
    *,
    workers: int = 0,
    first: int = 0,
    views: int = 1,
    window: int = 12,
    seed: int = 0,
    **changes: Any,
) -> Batches:
    """Batches of 8 in micro-batches of 2, crops of 8 pixels, two epochs on one rank."""
    contents = Contents.open(manifest)
    order = Order(contents.shards, contents.digest, seed, window)
    cut = cut or Slice(8, 2, 0, 1, 2)
    options: dict[str, Any] = {"targets": targets, "decoder": "pillow", **changes}
    return Batches(contents, order, cut, 8, CROPS, seed, views, workers=workers, first_step=first, **options)


def content(batch: Batch) -> tuple[Any, ...]:
    """All of a batch as plain data, to compare byte by byte."""
    images = batch.images.numpy()
    return batch.step, batch.epoch, images.tobytes(), batch.targets.tolist(), batch.rows.tolist(), batch.failed


def contents_of(made: Batches) -> list[tuple[Any, ...]]:
    """All batches as plain data."""
    return [content(batch) for batch in made]
