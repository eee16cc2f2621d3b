"""Mixtures for both trainers: tars that webdataset reads, with our manifest and index beside them."""

import itertools
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pyarrow as pa
from PIL import Image

from benchmarks.fetching import picture
from datalines.files import write_json
from datalines.sharding.index import INDEX, index_writer
from datalines.shards import Sample, write_shard
from datalines.testbed.domain import CLASSES, STYLES, Domain
from datalines.testbed.generate import encode_jpeg, generate
from workflow.scripts import mix_shards

PICTURES = 256  # different ones; the bytes of many samples are equal, the work to read and decode them is not less
SHORTER = 256  # pixels: what image pools are commonly reduced to before training at 224
QUALITY = 90
Item = tuple[bytes, str, str]  # encoded image, caption, class


def drawn(count: int, size: tuple[int, int] = (32, 40)) -> Iterator[Item]:
    """Items of the embedded testbed, all styles evenly; `size` is the range of their shorter sides in pixels."""
    domain = Domain(styles={style: 1 / len(STYLES) for style in STYLES}, size=size)
    for example in generate(domain, 0, 0, count):
        yield encode_jpeg(example.image, domain.jpeg_quality), example.caption, example.class_name


@cache
def photographs() -> list[bytes]:
    """JPEGs with the detail of photographs, `SHORTER` pixels on the shorter side."""
    found = []
    for seed in range(PICTURES):
        image = Image.open(BytesIO(picture(seed)))
        scale = SHORTER / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        stream = BytesIO()
        image.resize(size, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=QUALITY)
        found.append(stream.getvalue())
    return found


def photographed(count: int) -> Iterator[Item]:
    """Items with photographs; each caption occurs once."""
    images = photographs()
    for number in range(count):
        name = CLASSES[number % len(CLASSES)]
        yield images[number * 31 % len(images)], f"a photograph of a {name} taken by number {number}", name


def mixture(items: Iterable[Item], folder: Path, shard: int) -> Path:
    """A mixture of one pool that holds the items, in shards of `shard`; returns its manifest."""
    pool, mixed = folder / "pool", folder / "mixture"
    entries = []
    samples = (
        Sample(f"{number:032x}", "jpg", image, caption, name) for number, (image, caption, name) in enumerate(items)
    )
    with index_writer(pool / "index.parquet", INDEX) as index:
        for number in itertools.count():
            some = list(itertools.islice(samples, shard))
            if not some:
                break
            entry, rows = write_shard(pool / f"{number:05d}.tar", some)
            more = {"sha256": 64 * "0", "url": "", "width": 0, "height": 0}
            index.write_table(pa.Table.from_pylist([row | more for row in rows], INDEX), row_group_size=len(rows))
            entries.append(entry)
    count = sum(entry["samples"] for entry in entries)
    write_json(pool / "manifest.json", {"samples": count, "shards": entries})
    spec = {"seed": 0, "entries": [{"pool": "pool", "filter": "some", "count": "all"}]}
    manifest = mixed / "manifest.json"
    mix_shards.main("benchmarked", "full", spec, [pool / "manifest.json"], manifest, mixed / "index.parquet")
    return manifest
