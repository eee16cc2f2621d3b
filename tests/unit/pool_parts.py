"""Parts of a pool that hold rows and no images, for what reads rows only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.files import write_json

TYPES = {"label": pa.string(), "url": pa.string(), "caption": pa.string(), "phash": pa.uint64(), "width": pa.int32()}
TYPES |= {"height": pa.int32(), "bytes": pa.int32(), "offset": pa.int64(), "score.clip": pa.float32()}


def ids(count: int) -> list[str]:
    """Ids in rising order."""
    return [f"{number:032x}" for number in range(count)]


def rows_of(count: int, **columns: Sequence[Any]) -> list[dict[str, Any]]:
    """Stored rows with rising ids; what is not given is alike in all rows, apart from key and sha256."""
    rows = [
        {
            "id": identity,
            "key": f"key-{number}",
            "status": "ok",
            "caption": "a picture",
            "label": None,
            "width": 32,
            "height": 32,
            "sha256": f"{number:064x}",
            "url": "",
        }
        for number, identity in enumerate(ids(count))
    ]
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[name.replace("__", ".")] = value
    return rows


def write_table(path: Path, rows: list[dict[str, Any]], names: Sequence[str], row_group: int = 1 << 20) -> Path:
    """A Parquet file of these columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: pa.array([row[name] for row in rows], TYPES.get(name)) for name in names}
    pq.write_table(pa.table(columns), path, row_group_size=row_group)
    return path


def write_pool(
    folder: Path, rows: list[dict[str, Any]], pool: str = "web", parts: int = 1, seed: int | None = None
) -> list[Path]:
    """Receipts of parts that hold these rows, in their order or in an order drawn by `seed`; cut as evenly as it goes.

    A column `phash` or `score.clip` goes to files of its own, as the workflow has it: <folder>/hashes/<pool>/<part>
    and <folder>/scores/clip/<pool>/<part>.
    """
    order = np.arange(len(rows)) if seed is None else np.random.default_rng(seed).permutation(len(rows))
    receipts = []
    for part, chosen in enumerate(np.array_split(order, parts)):
        some = [rows[number] for number in chosen]
        stored = [row for row in some if row["status"] == "ok"]
        home = folder / "pools" / pool
        names = [name for name in (rows or rows_of(1))[0] if name not in ("phash", "score.clip")]
        write_table(home / f"{part}.parquet", some, names, row_group=7)
        for name, place in (("phash", Path("hashes")), ("score.clip", Path("scores") / "clip")):
            if rows and name in rows[0]:
                write_table(folder / place / pool / f"{part}.parquet", stored, ["id", name], row_group=5)
        counts = {"requested": len(some), "stored": len(stored)}
        write_json(home / f"{part}.json", {**counts, "rows": {"path": f"{part}.parquet"}})
        receipts.append(home / f"{part}.json")
    return receipts


def beside(folder: Path, pool: str = "web", kind: str = "hashes") -> list[Path]:
    """The files of hashes, or of scores (`kind` scores/clip), of a pool that `write_pool` wrote."""
    return sorted((folder / kind / pool).glob("*.parquet"))
