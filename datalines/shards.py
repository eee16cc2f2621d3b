"""Shards: samples in tars, a keyed pseudo-random order of a pool, byte-range reading. The one module that moves images.

A sample is `<id>.<ext>`, `<id>.txt` and, where the class is known, `<id>.json`: webdataset's layout, readable by its
tools. Beside the tars lies `index.parquet` with a row per sample: where its bytes are, its caption and label. A pool's
shards hold its kept samples in the order of a keyed hash of their ids, so that any prefix of them is a uniform random
subset, and smaller subsets are contained in larger ones.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd

from datalines.errors import DatalinesError
from datalines.files import HashingWriter, atomic
from datalines.tars import BLOCK, END_OF_ARCHIVE, tar_entry


@dataclass(frozen=True)
class Sample:
    """One training pair or one evaluation image, ready to be written."""

    id: str
    extension: str
    image: bytes
    caption: str
    label: str | None


def keyed_order(ids: Iterable[str], seed: int) -> list[str]:
    """The ids in an order that looks random, depends only on `seed` and each id, and never on how the ids arrive."""
    key = seed.to_bytes(8, "little", signed=True)
    return sorted(ids, key=lambda entry: (hashlib.blake2b(entry.encode(), digest_size=16, key=key).digest(), entry))


def id_set_digest(ids: Iterable[str]) -> str:
    """Sha256 of the sorted ids, one a line: equal for equal sets, whatever their order."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def order_digest(ids: Iterable[str]) -> str:
    """Sha256 of the ids in their order, one a line."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def write_shard(path: Path, samples: Iterable[Sample]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write one tar; return its entry for a manifest and its samples' index rows (offsets in bytes from its start)."""
    rows = []
    with atomic(path) as temporary, temporary.open("wb") as stream:
        writer = HashingWriter(stream)
        for sample in samples:
            rows.append({"shard": path.name, **_write_sample(writer, sample)})
        writer.write(END_OF_ARCHIVE)
        entry = {"path": path.name, "samples": len(rows), "bytes": writer.position, "sha256": writer.hexdigest()}
    return entry, rows


def _write_sample(writer: HashingWriter, sample: Sample) -> dict[str, Any]:
    start = writer.position
    image_offset = start + BLOCK
    parts = [(sample.extension, sample.image), ("txt", sample.caption.encode())]
    if sample.label is not None:
        parts.append(("json", json.dumps({"class": sample.label}, ensure_ascii=False).encode()))
    for extension, data in parts:
        header, padding = tar_entry(f"{sample.id}.{extension}", len(data))
        writer.write(header + data + padding)
    return {
        "id": sample.id,
        "start": start,
        "end": writer.position,
        "image_offset": image_offset,
        "image_bytes": len(sample.image),
        "extension": sample.extension,
        "caption": sample.caption,
        "label": sample.label,
    }


def read_samples(rows: pd.DataFrame, folder: Path) -> Iterator[Sample]:
    """Read stored images by byte range, in the rows' order.

    `rows` has a pool part's columns: tar, offset, bytes, id, extension, caption, label.
    """
    tars = {name: folder / name for name in rows["tar"].unique()}
    for path in tars.values():
        if not path.is_file():
            receipt = path.with_suffix(".json")
            raise DatalinesError(f"{path} is missing: delete {receipt} and run again to obtain it anew")
    streams = {name: path.open("rb") for name, path in tars.items()}
    try:
        for row in rows.to_dict("records"):
            receipt = tars[row["tar"]].with_suffix(".json")
            image = _read_range(streams[row["tar"]], row["offset"], row["bytes"], receipt)
            label = None if pd.isna(row["label"]) else row["label"]
            yield Sample(row["id"], row["extension"], image, row["caption"], label)
    finally:
        for stream in streams.values():
            stream.close()


def write_pool(
    rows: pd.DataFrame, parts: Path, out: Path, shard_size: int, seed: int
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Write a pool's kept rows as shards of `shard_size` samples in keyed order; return manifest entries and index."""
    ordered = rows.set_index("id", drop=False).loc[keyed_order(rows["id"], seed)]
    for stale in out.glob("*.tar"):
        stale.unlink()
    entries, index = [], []
    for number, start in enumerate(range(0, len(ordered), shard_size)):
        samples = read_samples(ordered.iloc[start : start + shard_size], parts)
        entry, found = write_shard(out / f"{number:05d}.tar", samples)
        entries.append(entry)
        index += found
    return entries, pd.DataFrame(index)


def image_bytes(index: pd.DataFrame, folder: Path) -> Iterator[bytes]:
    """The encoded images of an index's samples, in its order; a missing shard is an error that says what to do."""
    for shard, rows in index.groupby("shard", sort=False):
        path = folder / str(shard)
        if not path.is_file():
            text = f"is listed in {folder / 'manifest.json'} but missing"
            raise DatalinesError(f"{path} {text}: delete that manifest and run again to rebuild it")
        with path.open("rb") as stream:
            for offset, size in zip(rows["image_offset"], rows["image_bytes"], strict=True):
                yield _read_range(stream, offset, size, folder / "manifest.json")


def _read_range(stream: IO[bytes], offset: int, size: int, statement: Path) -> bytes:
    """Exactly `size` bytes from `offset`; a file that has become shorter contradicts the `statement` about it."""
    stream.seek(offset)
    data = stream.read(size)
    if len(data) != size:
        text = f"ends before byte {offset + size}: delete {statement} and run again to rebuild it"
        raise DatalinesError(f"{stream.name} {text}")
    return data
