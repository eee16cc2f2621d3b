"""Parts of a pool with arbitrary bytes for images, as downloads leave them, and shards made of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.files import sha256_file, write_json
from datalines.pools.base import item_id
from datalines.pools.rows import STORED
from datalines.sharding.build import Written, write_pool
from datalines.tars import tar_writer


@dataclass(frozen=True)
class Row:
    """One stored item."""

    key: str
    image: bytes
    caption: str = "a picture"
    label: str | None = None

    @property
    def id(self) -> str:
        """The item's id in the pool `web`."""
        return item_id("web", self.key)


def rows(count: int, size: int = 700) -> list[Row]:
    """Items of different lengths, some with a class."""
    labels = [None, "Katze/猫", "dog"]
    return [
        Row(f"{n}", f"image {n} ".encode() * (1 + n * 37 % size // 8), f"Bild № {n}", labels[n % 3])
        for n in range(count)
    ]


def write_part(folder: Path, number: int | str, items: Sequence[Row], failed: int = 0) -> Path:
    """A part's tar, rows and receipt; `failed` items could not be had. Returns the receipt."""
    table = []
    with tar_writer(folder / f"{number}.tar") as writer:
        for item in items:
            offset = writer.add(f"{item.id}.jpg", item.image)
            where = {"offset": offset, "bytes": len(item.image), "sha256": hashlib.sha256(item.image).hexdigest()}
            shown = {"caption": item.caption, "label": item.label, "url": f"https://a.org/{item.key}"}
            table.append({"id": item.id, "extension": "jpg", "width": 3, "height": 2, **where, **shown, "status": "ok"})
    table += [{"id": item_id("web", f"{number} failed {n}"), "status": "timeout"} for n in range(failed)]
    pq.write_table(
        pa.Table.from_pylist(table, STORED.append(pa.field("status", pa.string()))), folder / f"{number}.parquet"
    )
    counts = {"requested": len(table), "stored": len(items), "failed": {"timeout": failed} if failed else {}}
    files = {"tar": {"path": f"{number}.tar"}, "rows": {"path": f"{number}.parquet"}}
    write_json(folder / f"{number}.json", {**counts, "decoder": "pillow 1", **files})
    return folder / f"{number}.json"


def write_parts(folder: Path, items: Sequence[Row], parts: int = 2) -> list[Path]:
    """Items dealt out to parts; returns the receipts."""
    return [write_part(folder, number, items[number::parts], failed=number % 3) for number in range(parts)]


def write_kept(path: Path, ids: Sequence[str]) -> Path:
    """Sorted ids, as a filter leaves them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.array(sorted(ids), dtype="S32"))
    return path


def build(folder: Path, receipts: list[Path], ids: Sequence[str], shard_size: int = 4, seed: int = 0) -> Written:
    """Shards of the kept ids in `folder`."""
    kept = write_kept(folder.parent / f"{folder.name}-kept" / "kept.npy", ids)
    return write_pool(receipts, kept, folder / "index.parquet", shard_size, seed)


def changed(item: Row, image: bytes) -> Row:
    """The same item with another image."""
    return replace(item, image=image)


def contents(folder: Path) -> dict[str, str]:
    """{name: sha256} of all files that a user sees."""
    return {path.name: sha256_file(path) for path in sorted(folder.iterdir()) if not path.name.startswith(".")}
