"""Shards: samples in tars, a keyed pseudo-random order of a pool, byte-range reading. The one module that moves images.

A sample is `<id>.<ext>`, `<id>.txt` and, where the class is known, `<id>.json`: webdataset's layout, readable by its
tools. Beside the tars lies `index.parquet` with a row per sample: where its bytes are, its caption and label. A pool's
shards hold its kept samples in the order of a keyed hash of their ids (`datalines.sharding`), so that any prefix of
them is a uniform random subset, and smaller subsets are contained in larger ones.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd

from datalines.errors import DatalinesError
from datalines.tars import TarWriter, tar_writer


@dataclass(frozen=True)
class Sample:
    """One training pair or one evaluation image, ready to be written."""

    id: str
    extension: str
    image: bytes
    caption: str
    label: str | None


def order_keys(ids: Iterable[str], seed: int) -> list[bytes]:
    """What `keyed_order` sorts by: 16 bytes for each id, blake2b keyed with the seed."""
    start = hashlib.blake2b(digest_size=16, key=seed.to_bytes(8, "little", signed=True))
    keys = []
    for entry in ids:
        state = start.copy()
        state.update(entry.encode())
        keys.append(state.digest())
    return keys


def keyed_order(ids: Iterable[str], seed: int) -> list[str]:
    """The ids in an order that looks random, depends only on `seed` and each id, and never on how the ids arrive."""
    entries = list(ids)
    return [entry for _, entry in sorted(zip(order_keys(entries, seed), entries, strict=True))]


class Digests:
    """The digests of many ids, taken in piece by piece: of their set and of their order."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0
        self._order = hashlib.sha256()

    def add(self, ids: list[str]) -> None:
        """Take in the next ids."""
        if not ids:
            return
        encoded = [entry.encode() for entry in ids]
        self._order.update((b"\n" if self.count else b"") + b"\n".join(encoded))
        self._sum += sum(int.from_bytes(hashlib.sha256(entry).digest(), "big") for entry in encoded)
        self.count += len(ids)

    @property
    def id_set(self) -> str:
        """The sum of the ids' sha256 as numbers, modulo 2^256, 64 hex digits: it can be taken in any order."""
        return f"{self._sum % (1 << 256):064x}"

    @property
    def order(self) -> str:
        """Sha256 of the ids in their order, one a line."""
        return self._order.hexdigest()


def _digests(ids: Iterable[str]) -> Digests:
    found = Digests()
    found.add(list(ids))
    return found


def id_set_digest(ids: Iterable[str]) -> str:
    """64 hex digits that are equal for equal sets of ids, whatever their order."""
    return _digests(ids).id_set


def order_digest(ids: Iterable[str]) -> str:
    """Sha256 of the ids in their order, one a line."""
    return _digests(ids).order


def label_json(label: str) -> bytes:
    """The content of a sample's `.json` member."""
    return json.dumps({"class": label}, ensure_ascii=False).encode()


def write_sample(writer: TarWriter, sample: Sample) -> int:
    """Append a sample; return where its image begins."""
    offset = writer.add(f"{sample.id}.{sample.extension}", sample.image)
    writer.add(f"{sample.id}.txt", sample.caption.encode())
    if sample.label is not None:
        writer.add(f"{sample.id}.json", label_json(sample.label))
    return offset


def write_shard(path: Path, samples: Iterable[Sample]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write one tar; return its entry for a manifest and its samples' index rows (offsets in bytes from its start)."""
    rows: list[dict[str, Any]] = []
    with tar_writer(path) as writer:
        for sample in samples:
            start = writer.tell()
            offset = write_sample(writer, sample)
            rows.append(
                {
                    "shard": path.name,
                    "id": sample.id,
                    "start": start,
                    "end": writer.tell(),
                    "image_offset": offset,
                    "image_bytes": len(sample.image),
                    "extension": sample.extension,
                    "caption": sample.caption,
                    "label": sample.label,
                    "sha256": hashlib.sha256(sample.image).hexdigest(),
                }
            )
    return {"path": path.name, "samples": len(rows), "bytes": writer.tell(), "sha256": writer.hexdigest()}, rows


def image_bytes(index: pd.DataFrame, folder: Path) -> Iterator[bytes]:
    """The encoded images of an index's samples, in its order, compared with their sha256 where the index holds it; a
    missing shard or an altered image is an error that says what to do."""
    digests = index["sha256"] if "sha256" in index else [None] * len(index)
    places = zip(index["shard"], index["image_offset"], index["image_bytes"], digests, strict=True)
    for shard, images in itertools.groupby(places, key=lambda place: str(place[0])):
        path = folder / shard
        if not path.is_file():
            text = f"is listed in {folder / 'manifest.json'} but missing"
            raise DatalinesError(f"{path} {text}: delete that manifest and run again to rebuild it")
        with path.open("rb") as stream:
            for _, offset, size, digest in images:
                data = _read_range(stream, offset, size, folder / "manifest.json")
                if digest is not None and hashlib.sha256(data).hexdigest() != digest:
                    text = f"has been altered at byte {offset}: delete {folder / 'manifest.json'}"
                    raise DatalinesError(f"{path} {text} and run again to rebuild it")
                yield data


def _read_range(stream: IO[bytes], offset: int, size: int, statement: Path) -> bytes:
    """Exactly `size` bytes from `offset`; a file that has become shorter contradicts the `statement` about it."""
    stream.seek(offset)
    data = stream.read(size)
    if len(data) != size:
        text = f"ends before byte {offset + size}: delete {statement} and run again to rebuild it"
        raise DatalinesError(f"{stream.name} {text}")
    return data
