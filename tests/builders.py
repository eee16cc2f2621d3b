"""Small inputs, made on the fly: images, tars, declarations of pools and shifts, the data scripts."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from datalines.files import read_json
from workflow.scripts import download_pool, filter_pool, mix_shards, write_shards

Files = Mapping[str, bytes] | Iterable[tuple[str, bytes]]


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """An image's bytes in a format that Pillow names `kind`."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def noise(width: int, height: int, seed: int) -> Image.Image:
    """Random pixels, RGB."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def jpeg(width: int = 24, height: int = 16, seed: int = 0) -> bytes:
    """A JPEG of random pixels."""
    return encode(noise(width, height, seed), "JPEG", quality=80)


def png(width: int = 24, height: int = 16, seed: int = 0) -> bytes:
    """A PNG of random pixels."""
    return encode(noise(width, height, seed), "PNG")


def make_tar(path: Path, files: Files) -> Path:
    """A tar of these files, in this order; a list of pairs may hold one name twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in files.items() if isinstance(files, Mapping) else files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def make_folder(path: Path, files: Files) -> Path:
    """The same files in a directory."""
    for name, data in files.items() if isinstance(files, Mapping) else files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def animals(count: int = 4, root: str = "") -> dict[str, bytes]:
    """`count` images each in the class folders `cat` and `sea_lion`."""
    names = [f"{root}{label}/{number}.jpg" for label in ("cat", "sea_lion") for number in range(count)]
    return {name: jpeg(20 + seed, 16, seed) for seed, name in enumerate(names)}


def folder_pool(path: Path | str | list[str], **more: Any) -> dict[str, Any]:
    """A resolved declaration of a pool of class folders."""
    spec = {
        "kind": "folder",
        "path": path if isinstance(path, list) else str(path),
        "version": 1,
        "parts": 1,
        "seed": 0,
    }
    return {**spec, "root": None, "templates": ["a photo of a {}"], "names": None, "split": None, "items": None, **more}


def shards_pool(path: Path | str | list[str], **more: Any) -> dict[str, Any]:
    """A resolved declaration of a pool of webdataset shards."""
    spec = {
        "kind": "shards",
        "path": path if isinstance(path, list) else str(path),
        "version": 1,
        "parts": 1,
        "seed": 0,
    }
    return {**spec, "captions": "txt", "label": "none", "items": None, **more}


def folder_shift(path: Path | str, items: int, classes: list[str], **more: Any) -> dict[str, Any]:
    """A resolved declaration of an evaluation set of class folders."""
    spec = {"kind": "folder", "path": str(path), "version": 1, "root": None, "names": None, "split": None}
    labels = {"class_names": classes, "subset": classes, "prompts": ["a {}"]}
    return {**spec, "items": items, **labels, **more}


def stored_table(count: int, seed: int = 0, repeats: bool = False) -> pd.DataFrame:
    """Rows of `count` stored items, as `stored_rows` returns them; with `repeats`, images and captions recur."""
    draw = np.random.default_rng(seed)
    ids = [f"{number:032x}" for number in draw.permutation(count)]
    pictures = draw.integers(0, max(2, count // 3), count) if repeats else np.arange(count)
    words = draw.integers(1, 9, count)
    return pd.DataFrame(
        {
            "id": pd.Series(ids, dtype="string"),
            "caption": pd.Series([" ".join(["word"] * number) for number in words], dtype="string"),
            "label": pd.Series(draw.choice(["cat", "dog"], count), dtype="string"),
            "width": draw.integers(8, 64, count),
            "height": draw.integers(8, 64, count),
            "sha256": pd.Series([f"{number:064x}" for number in pictures], dtype="string"),
        }
    )


class Pipeline:
    """The data half of the workflow, run by calling the scripts' `main` with the paths that the rules give."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def download(self, pool: str, spec: dict[str, Any]) -> list[Path]:
        """Receipts of all parts."""
        folder = self.root / "pools" / pool
        for part in range(spec["parts"]):
            paths = [folder / f"{part}.{extension}" for extension in ("tar", "parquet", "json")]
            download_pool.main(spec, pool, part, *paths)
        return [folder / f"{part}.json" for part in range(spec["parts"])]

    def filter(self, pool: str, receipts: list[Path], steps: list[dict[str, Any]], name: str = "some") -> Path:
        """Folder of the filter's decisions."""
        folder = self.root / "filters" / pool / name
        paths = [folder / "kept.npy", folder / "dropped.parquet", folder / "report.json"]
        filter_pool.main(pool, name, steps, receipts, *paths)
        return folder

    def shard(
        self,
        pool: str,
        spec: dict[str, Any],
        steps: list[dict[str, Any]] | None = None,
        shard_size: int = 3,
        name: str = "some",
    ) -> Path:
        """Manifest of the pool's shards, after download and filter."""
        receipts = self.download(pool, spec)
        decided = self.filter(pool, receipts, steps or [], name)
        manifest = self.root / "shards" / pool / name / "manifest.json"
        stated = {"seed": spec["seed"], "shard_size": shard_size, "items": spec["items"]}
        kept, counts = decided / "kept.npy", decided / "report.json"
        write_shards.main(pool, name, stated, receipts, kept, counts, manifest, manifest.with_name("index.parquet"))
        return manifest

    def mix(self, mixture: str, size: str, shards: dict[Path, int | str], seed: int = 0) -> Path:
        """Manifest of a mixture of so many samples of each pool."""
        manifest = self.root / "mixtures" / mixture / size / "manifest.json"
        contents = [read_json(path) for path in shards]
        entries = [
            {"pool": content["pool"], "filter": content["filter"], "count": count}
            for content, count in zip(contents, shards.values(), strict=True)
        ]
        spec = {"seed": seed, "size": size, "entries": entries}
        mix_shards.main(mixture, size, spec, list(shards), manifest, manifest.with_name("index.parquet"))
        return manifest
