"""Shards with an index and a manifest, as a pool's shards have them, without the steps that make them."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.files import write_json
from tests.builders import jpeg


def rows(captions: Sequence[str], sizes: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """Index rows of one sample per caption, with (width, height) from `sizes` in turn."""
    sides = list(itertools.islice(itertools.cycle(sizes), len(captions)))
    return pd.DataFrame(
        {
            "id": [f"{number * 7919:032x}" for number in range(len(captions))],
            "caption": list(captions),
            "width": [width for width, _ in sides],
            "height": [height for _, height in sides],
            "image_bytes": [100 + number for number in range(len(captions))],
        }
    )


def write_index(folder: Path, table: pd.DataFrame, group: int = 3) -> Path:
    """index.parquet with row groups of `group` rows."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.parquet"
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, row_group_size=group)
    return path


def write_shards(
    folder: Path,
    pool: str,
    captions: Sequence[str],
    sizes: Sequence[tuple[int, int]],
    labels: Sequence[str] | None = None,
    shard_size: int = 4,
) -> Path:
    """Manifest of real JPEGs of these sizes, `shard_size` to a file, with their index (and the classes, if given)."""
    table = rows(captions, sizes)
    images = [jpeg(row.width, row.height, row.Index) for row in table.itertuples()]
    shards = [f"{number // shard_size:05d}.tar" for number in range(len(table))]
    offsets = [0 if number % shard_size == 0 else -1 for number in range(len(table))]
    folder.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(shards):
        own = [place for place, shard in enumerate(shards) if shard == name]
        for place in own[1:]:
            offsets[place] = offsets[place - 1] + len(images[place - 1])
        (folder / name).write_bytes(b"".join(images[place] for place in own))
    table = table.assign(shard=shards, image_offset=offsets, image_bytes=[len(image) for image in images])
    if labels is not None:
        table = table.assign(label=list(labels))
    write_index(folder, table, shard_size)
    listed = [{"path": name, "bytes": (folder / name).stat().st_size} for name in dict.fromkeys(shards)]
    content = {"pool": pool, "filter": "keep-all", "requested": len(table) + 1, "stored": len(table)}
    content |= {"failed": {"timeout": 1}, "dropped": {}, "samples": len(table), "shards": listed}
    write_json(folder / "manifest.json", content)
    return folder / "manifest.json"
