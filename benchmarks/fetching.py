"""Images a second that a part is fetched with, side by side with img2dataset; prints one line of JSON.

Both sides fetch the same images from one local server, which runs in a process of its own on the same cores, in turns,
and the ratio is that of the medians. Each side has two worker processes and first tries how many requests at once suit
it best. Ours is the whole of `fetch_part`: requests, a full decode of every image, journal, tar, rows, attempts,
receipt, from the first request on, while its processes still start. Of img2dataset the time between the first and the
last moment of its own statistics counts, when its processes are started. The figure is of equal image work: `checked`,
where both decode what they keep as it came, and `resized`, where both reduce by area. In `original`, which is told
beside it, img2dataset stores bytes without looking at them.

Usage: python -m benchmarks.fetching [images] [repeats]
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from datalines.config.fetching import Fetch, ImageForm
from datalines.errors import CountError
from datalines.fetch.img2dataset import VARIABLE
from datalines.fetch.part import fetch_part
from datalines.pools.base import item_id

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-img2dataset"
PICTURES = 64
PROCESSES = 2
AT_ONCE = (16, 32, 64)
TRIED = 1500  # images with which the number of requests at once is chosen
SIDE = 256
QUALITY = 95
# Forms of what is stored: ours, and img2dataset's options for the same.
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "original": ({"store": "original", "side": None, "by": None}, {"disable_all_reencoding": True}),
    "checked": ({"store": "original", "side": None, "by": None}, {"resize_mode": "no", "skip_reencode": True}),
    "resized": (
        {"store": "resized", "side": SIDE, "by": "shorter"},
        {"image_size": SIDE, "resize_mode": "keep_ratio", "resize_only_if_bigger": True, "encode_quality": QUALITY},
    ),
}
PROMISED = ("checked", "resized")
Side = Callable[[Path, list[str], str, int], float]


def picture(seed: int) -> bytes:
    """A JPEG of 400 to 1,000 pixels width and 30 to 150 kB, with detail at several scales as photographs have."""
    draw = np.random.default_rng(seed)
    width = int(draw.integers(400, 1001))
    height = int(width * draw.uniform(0.65, 0.8))
    layers = np.full((height, width, 3), 128, np.float32)
    for columns, strength in ((4, 80), (16, 40), (64, 24), (160, 14)):
        coarse = draw.integers(0, 256, (max(2, height * columns // width), columns, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        layers += (np.asarray(smooth, np.float32) - 128) * (strength / 128)
    layers += draw.normal(0, 4, layers.shape)
    stream = io.BytesIO()
    Image.fromarray(np.clip(layers, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=87)
    return stream.getvalue()


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """A process that serves a folder; its port."""
    command = [sys.executable, "-m", "tests.web.server", "--folder", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def environment() -> Path:
    """The Python of img2dataset's environment, which is made if it is not there."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    python = ENVIRONMENT / "bin" / "python"
    if not python.is_file():
        command = ["python3", str(ROOT / "envs" / "setup.py"), "img2dataset", "--venv", str(ENVIRONMENT)]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return python


def ours(folder: Path, urls: list[str], form: str, at_once: int) -> float:
    """Seconds from the first request of a part, `at_once` under way, to its receipt."""
    limits = {"concurrency": at_once, "host": {"concurrency": at_once, "burst": at_once}, "allow_private": True}
    spec = {
        "kind": "urls",
        "version": 1,
        "fetch": Fetch.model_validate(limits).model_dump(mode="json") | {"user_agent": "datalines (+benchmark)"},
        "image": ImageForm.model_validate({**FORMS[form][0], "quality": QUALITY}).model_dump(mode="json"),
    }
    listing = folder / "listing.parquet"
    pq.write_table(pa.Table.from_pylist(sorted(map(_row, urls), key=lambda row: row["id"])), listing)
    images, rows, attempts, receipt = (folder / f"0{end}" for end in (".tar", ".parquet", ".attempts.parquet", ".json"))
    counts = fetch_part(
        spec, "bench", "0", listing, folder / "state", images, rows, attempts, receipt, threads=PROCESSES
    )
    ended = time.time()
    first = pq.read_table(attempts, columns=["started"]).to_pandas()["started"].min().timestamp()
    _check(counts["stored"], len(urls))
    return ended - first


def _row(url: str) -> dict[str, str]:
    common = {"caption": "a photograph", "status": "ok", "message": "", "expected_sha256": ""}
    return {"id": item_id("bench", url), "key": url, "url": url, **common}


def theirs(folder: Path, urls: list[str], form: str, at_once: int) -> float:
    """Seconds between the beginning of img2dataset's first shard and the end of its last."""
    listing, shards = folder / "listing.parquet", folder / "shards"
    pq.write_table(pa.table({"url": urls, "caption": ["a photograph"] * len(urls)}), listing)
    options = {
        "url_list": str(listing),
        "input_format": "parquet",
        "caption_col": "caption",
        "output_folder": str(shards),
        "output_format": "webdataset",
        "number_sample_per_shard": -(-len(urls) // PROCESSES),
        "processes_count": PROCESSES,
        "thread_count": at_once,
        "extract_exif": False,
        **FORMS[form][1],
    }
    program = "import json, sys; from img2dataset import download; download(**json.loads(sys.argv[1]))"
    quiet = {**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1", "WANDB_MODE": "disabled"}
    command = [str(environment()), "-c", program, json.dumps(options)]
    subprocess.run(command, check=True, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    statistics_files = [json.loads(path.read_text()) for path in sorted(shards.glob("*_stats.json"))]
    _check(sum(shard["successes"] for shard in statistics_files), len(urls))
    first = min(shard["start_time"] for shard in statistics_files)
    return float(max(shard["end_time"] for shard in statistics_files) - first)


def _check(stored: int, asked: int) -> None:
    if stored != asked:
        raise CountError(f"{stored} of {asked} images were stored: the rates of the two sides cannot be compared")


def run(side: Side, urls: list[str], form: str, at_once: int) -> float:
    """Images a second of one run in a fresh folder."""
    with tempfile.TemporaryDirectory() as folder:
        return len(urls) / side(Path(folder), urls, form, at_once)


def compare(urls: list[str], form: str, repeats: int) -> dict[str, Any]:
    """Both sides in turns, each with the number of requests at once that suited it best in one run."""
    few = urls[: min(len(urls), TRIED)]
    tried = {side.__name__: {at_once: run(side, few, form, at_once) for at_once in AT_ONCE} for side in (ours, theirs)}
    best = {name: max(rates, key=lambda at_once: rates[at_once]) for name, rates in tried.items()}
    rates: dict[str, list[float]] = {name: [] for name in best}
    for _ in range(repeats):
        for side in (ours, theirs):
            rates[side.__name__].append(run(side, urls, form, best[side.__name__]))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    return {
        "ratio": medians["ours"] / medians["theirs"],
        "images_per_second": {name: [round(value, 1) for value in values] for name, values in rates.items()},
        "at_once": best,
        "tried": {name: {str(at): round(rate, 1) for at, rate in found.items()} for name, found in tried.items()},
    }


def measure(images: int = 6000, repeats: int = 3) -> dict[str, Any]:
    """The smaller ratio of images a second, ours to img2dataset's, of the forms in PROMISED; under `raw` all of FORMS.

    Makes img2dataset's environment if it is not there.
    """
    environment()
    with tempfile.TemporaryDirectory() as folder:
        sizes = [Path(folder, f"{seed}.jpg").write_bytes(picture(seed)) for seed in range(PICTURES)]
        with server(Path(folder)) as port:
            urls = [f"http://127.0.0.1:{port}/{number % PICTURES}.jpg?{number}" for number in range(images)]
            forms = {form: compare(urls, form, repeats if form in PROMISED else 1) for form in FORMS}
    raw = {"images": images, "kilobytes": round(statistics.mean(sizes) / 1000, 1), "repeats": repeats, **forms}
    return {"fetch_vs_img2dataset": min(forms[form]["ratio"] for form in PROMISED), "raw": raw}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(*map(int, sys.argv[1:]))) + "\n")
