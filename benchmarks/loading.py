"""Training batches, side by side with a bare decode loop and with webdataset's own loader; prints one line of JSON.

Both sides run in turns, and what counts is the median of the turns' ratios. Images are JPEGs of 30 to 100 KB with the
spectrum of photographs, cut to 224 pixels; the same for drawings of 64 pixels, cut to 32, stands in the raw figures.
Decoder (Pillow), crop, batch and shuffle buffer are the same on both sides, captions are handed through as they are,
and everything lies in the system's cache. Starting of workers counts, checking of sha256 before a run does not.

- overhead: what our loader takes more than the bare loop, which decodes, crops and stacks bytes in memory, in one
  process; with a worker for each core (up to eight), seconds count once for each of them;
- webdataset: tars through `WebDataset`, its shuffle buffer, its `decode("pilrgb")` and `WebLoader`.

Usage: python -m benchmarks.loading [photographs] [repeats]
"""

import io
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import webdataset
from PIL import Image

from benchmarks.sharding import mix_ours, pool
from datalines.files import read_json
from datalines.images import decode
from datalines.loading.batches import Batches, Slice
from datalines.loading.crops import box, crop, draws
from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.shards import Sample

BATCH = 64
WINDOW = 1000  # samples in our window and in webdataset's shuffle buffer
CROPS: dict[str, Any] = {"scale": [0.9, 1.0], "ratio": [0.75, 4 / 3], "flip": False}
WORKERS = min(os.cpu_count() or 1, 8)
Job = Callable[[], int]
"""Loads everything and returns how many samples that were."""


@dataclass(frozen=True)
class Case:
    """What is loaded: a mixture, its images in memory, and the side of the crops in pixels."""

    manifest: Path
    images: list[bytes]
    side: int


def picture(width: int, height: int, seed: int, quality: int) -> bytes:
    """A JPEG of noise with amplitudes that fall with frequency, as those of photographs do."""
    draw = np.random.default_rng(seed)
    down, right = np.meshgrid(np.fft.fftfreq(height), np.fft.rfftfreq(width), indexing="ij")
    falling = 1 / np.maximum(np.hypot(down, right), 1 / max(width, height)) ** 1.2
    grey, *colours = (np.fft.irfft2(np.fft.rfft2(draw.normal(size=(height, width))) * falling) for _ in range(4))
    channels = [128 + 45 * (grey / grey.std() + 0.3 * colour / colour.std()) for colour in colours]
    stream = io.BytesIO()
    pixels = np.stack([channel[:height, :width] for channel in channels], axis=-1)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def photographs() -> list[bytes]:
    """Sixteen of different sizes, upright and lying, 30 to 100 KB."""
    return [
        picture(*((size, 3 * size // 4) if seed % 2 else (3 * size // 4, size)), seed, 80)
        for seed, size in enumerate(range(360, 600, 15))
    ]


def drawings() -> list[bytes]:
    """Sixteen of 64 pixels, about 2 KB."""
    return [picture(64, 64, seed, 85) for seed in range(16)]


def prepare(images: Sequence[bytes], count: int, side: int, folder: Path) -> Case:
    """A mixture of `count` samples on disk, in shards enough for all workers."""
    samples = [
        # Bytes of their own: of a few images only, the bare loop would find them in the processor's cache.
        Sample(f"{number:032x}", "jpg", bytes(bytearray(images[number % len(images)])), f"thing number {number}", None)
        for number in range(count)
    ]
    (folder / "pool").mkdir(parents=True)
    (folder / "mixture").mkdir()
    shards = pool(samples, folder / "pool", max(1, min(64, count // (2 * WORKERS))))
    mix_ours(shards, "all", folder / "mixture")
    return Case(folder / "mixture" / "manifest.json", [sample.image for sample in samples], side)


def ours(case: Case, workers: int) -> Job:
    """Our loader; the contents are opened before."""
    contents = Contents.open(case.manifest)

    def job() -> int:
        order = Order(contents.shards, contents.digest, 0, WINDOW)
        cut = Slice(BATCH, BATCH, 0, 1, 1)
        made = Batches(contents, order, cut, case.side, CROPS, 0, 1, no_targets, "pillow", workers, 0, cache_bytes=0)
        return sum(batch.images.shape[1] for batch in made)

    return job


def no_targets(captions: Sequence[str], labels: Sequence[str | None]) -> torch.Tensor:
    """A number for each caption: turning words into tokens is the same work for every loader."""
    return torch.zeros(len(captions), dtype=torch.int64)


def cropped(image: Image.Image, side: int, draw: Sequence[float]) -> Any:
    """A random crop as an array."""
    part = box(draw, image.width, image.height, CROPS["scale"], CROPS["ratio"])
    return crop(image, part, side, False)


def bare(case: Case) -> Job:
    """Images in memory, decoded, cropped and stacked, and nothing else; what is random is drawn before."""
    drawn = draws(0, 1, 0, len(case.images)).tolist()
    full = len(case.images) // BATCH * BATCH

    def job() -> int:
        seen = 0
        for start in range(0, full, BATCH):
            chosen = zip(case.images[start : start + BATCH], drawn[start : start + BATCH], strict=True)
            stacked = np.stack([cropped(decode(data), case.side, draw) for data, draw in chosen])
            seen += len(torch.from_numpy(stacked).permute(0, 3, 1, 2))
        return seen

    return job


def theirs(case: Case, workers: int) -> Job:
    """The same by webdataset, with draws of its own for the crops."""
    tars = [str(case.manifest.with_name(entry["path"])) for entry in read_json(case.manifest)["shards"]]
    drawn = draws(0, 1, 0, 1000).tolist()

    def stack(samples: list[tuple[Any, str]]) -> tuple[torch.Tensor, list[str]]:
        pixels = np.stack([image for image, _ in samples])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2), [caption for _, caption in samples]

    def job() -> int:
        data = (
            webdataset.WebDataset(tars, shardshuffle=len(tars))
            .shuffle(WINDOW)
            .decode("pilrgb")
            .to_tuple("jpg", "txt")
            .map_tuple(lambda image: cropped(image, case.side, random.choice(drawn)), lambda caption: caption)
            .batched(BATCH, collation_fn=stack)
        )
        loader = webdataset.WebLoader(data, batch_size=None, num_workers=workers)
        return sum(len(images) for images, _ in loader)

    return job


@dataclass
class Turns:
    """What a job's turns gave: samples in each second, and in each second of this process's cores."""

    wall: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)


def rates(jobs: dict[str, Job], repeats: int) -> dict[str, Turns]:
    """All jobs in turns, after one turn that fills the caches."""
    found = {name: Turns() for name in jobs}
    for turn in range(repeats + 1):
        for name, job in jobs.items():
            started, used = time.perf_counter(), time.process_time()
            seen = job()
            if turn:
                found[name].wall.append(seen / (time.perf_counter() - started))
                found[name].cores.append(seen / (time.process_time() - used))
    return found


def ratio(above: list[float], below: list[float]) -> float:
    """The median of the turns' ratios."""
    return statistics.median(first / second for first, second in zip(above, below, strict=True))


def compare(case: Case, repeats: int) -> dict[str, float]:
    """Every pair for one kind of images. What cores took is told too: other programs on the machine change it less."""
    jobs = {
        "bare": bare(case),
        "ours": ours(case, 0),
        "webdataset": theirs(case, 0),
        "ours_workers": ours(case, WORKERS),
        "webdataset_workers": theirs(case, WORKERS),
    }
    found = rates(jobs, repeats)
    sizes = [len(image) for image in case.images]
    return {
        "overhead": round(ratio(found["bare"].wall, found["ours"].wall) - 1, 4),
        "overhead_of_cores": round(ratio(found["bare"].cores, found["ours"].cores) - 1, 4),
        "overhead_workers": round(WORKERS * ratio(found["bare"].wall, found["ours_workers"].wall) - 1, 4),
        "vs_webdataset": round(ratio(found["ours"].wall, found["webdataset"].wall), 3),
        "vs_webdataset_of_cores": round(ratio(found["ours"].cores, found["webdataset"].cores), 3),
        "vs_webdataset_workers": round(ratio(found["ours_workers"].wall, found["webdataset_workers"].wall), 3),
        **{f"{name}_per_second": round(statistics.median(turns.wall), 1) for name, turns in found.items()},
        "samples": len(sizes),
        "mean_kilobytes": round(sum(sizes) / len(sizes) / 1000, 1),
        "side": case.side,
    }


def cases(count: int, folder: Path) -> Iterator[tuple[str, Case]]:
    """Photographs, and five times as many drawings."""
    yield "photographs", prepare(photographs(), count, 224, folder / "photographs")
    yield "drawings", prepare(drawings(), 5 * count, 32, folder / "drawings")


def measure(samples: int = 1_000, repeats: int = 9) -> dict[str, Any]:
    """The loader's overhead over a bare loop, as a fraction, and how many times faster than webdataset's it is, at
    photographs: the one in one process, the other with a worker for each core."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        raw: dict[str, Any] = {kind: compare(case, repeats) for kind, case in cases(samples, Path(name))}
    shown = raw["photographs"]
    raw |= {"repeats": repeats, "workers": WORKERS, "batch": BATCH, "window": WINDOW}
    return {"loader_overhead": shown["overhead"], "loader_vs_webdataset": shown["vs_webdataset_workers"], "raw": raw}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"benchmark": "loading", **measure(*map(int, sys.argv[1:]))}) + "\n")
