"""Collect random samples of every pool and every evaluation set: small images with their captions or classes, from
which sheets and figures of samples are drawn without shards."""

import io
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from datalines.errors import DatalinesError
from datalines.files import read_json, write_parquet
from datalines.images import decode
from datalines.job import run
from datalines.shards import image_bytes
from datalines.statistics import keyed_sample
from datalines.thumbnails import reduced

log = logging.getLogger(__name__)

TEXTS = {"pool": "caption", "shift": "label"}
PLACES = ["shard", "image_offset", "image_bytes"]
DIGEST = "sha256"  # indexes of evaluation sets made by older versions have none


def png(data: bytes) -> tuple[bytes, int, int]:
    """An encoded image as a PNG file of the size that sheets show, with the width and height that it had."""
    image = decode(data)
    buffer = io.BytesIO()
    reduced(image).save(buffer, "PNG", optimize=False)
    return buffer.getvalue(), image.width, image.height


def pictured(kind: str, name: str, chosen: pd.DataFrame, manifest: Path, of: str) -> pd.DataFrame:
    """Chosen rows of an index with their images, in their order. `of` is the class that was asked for, or empty."""
    content = read_json(manifest)
    total = content["samples"] if "samples" in content else content["items"]
    # Images are read shard by shard, and kept in the order of the choice.
    grouped = chosen.sort_values("shard", kind="stable")
    images = {
        identity: png(data) for identity, data in zip(grouped["id"], image_bytes(grouped, manifest.parent), strict=True)
    }
    rows = [
        {"kind": kind, "name": name, "total": total, "of": of, "place": place, "id": identity, "text": str(text),
         "width": images[identity][1], "height": images[identity][2], "png": images[identity][0]}
        for place, (identity, text) in enumerate(zip(chosen["id"], chosen[TEXTS[kind]], strict=True))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def columns(index: Path, *more: str) -> list[str]:
    """Columns of an index that are needed to read images, and some more."""
    return [*PLACES, *([DIGEST] if DIGEST in pq.read_schema(index).names else []), *more]


def of_class(index: Path, wanted: str, count: int, name: str) -> pd.DataFrame:
    """The first `count` images of one class in keyed order."""
    every = keyed_sample(index, len(pd.read_parquet(index, columns=["id"])), 0, columns(index, "label"))
    found = every[every["label"] == wanted]
    if found.empty:
        held = ", ".join(sorted(every["label"].unique())[:20])
        raise DatalinesError(f"shift {name} holds no image of class {wanted!r}; a figure may name one of: {held}")
    return found.iloc[:count]


def main(pools: dict[str, int], shifts: dict[str, Any], manifests: list[Path], table: Path) -> None:
    """`pools` says how many pairs of each, `shifts` {count, classes: {class: count}}; manifests in the same order."""
    tables = []
    for (kind, name, wanted), manifest in zip(
        [*(("pool", name, count) for name, count in pools.items()), *(("shift", *item) for item in shifts.items())],
        manifests,
        strict=True,
    ):
        index = manifest.with_name("index.parquet")
        count = wanted if kind == "pool" else wanted["count"]
        rows = keyed_sample(index, count, 0, columns(index, TEXTS[kind]))
        tables.append(pictured(kind, name, rows, manifest, ""))
        for label, number in wanted["classes"].items() if kind == "shift" else ():
            tables.append(pictured(kind, name, of_class(index, label, number, name), manifest, label))
    frame = pd.concat(tables, ignore_index=True)
    write_parquet(table, frame)
    log.info("%d images of %d pools and %d evaluation sets", len(frame), len(pools), len(shifts))


if __name__ == "__main__":
    run(main)
