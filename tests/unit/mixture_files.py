"""Pools' shards and mixtures of them, small enough to look at."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from datalines.mixing import mix
from datalines.sharding.index import INDEX, index_writer
from datalines.shards import Sample, id_set_digest, keyed_order, order_digest, write_shard
from datalines.taking import Source
from tests.builders import jpeg
from tests.unit.shard_files import write_kept

WHERE = "mixtures.half"


def picture(pool: str, number: int) -> bytes:
    return jpeg(8 + len(pool), 8, number)


def source(folder: Path, pool: str, count: int, shard_size: int = 4) -> Source:
    """A pool's shards, as `write_shards` leaves them."""
    ids = {f"{pool}-{number}": number for number in range(count)}
    order = keyed_order(ids, 0)
    entries = []
    with index_writer(folder / pool / "index.parquet", INDEX) as index:
        for number, start in enumerate(range(0, count, shard_size)):
            chosen = order[start : start + shard_size]
            samples = [Sample(entry, "jpg", picture(pool, ids[entry]), f"caption of {entry}", None) for entry in chosen]
            entry, rows = write_shard(folder / pool / f"{number:05d}.tar", samples)
            entries.append(entry)
            more = [
                {"sha256": hashlib.sha256(one.image).hexdigest(), "url": "", "width": 8, "height": 8} for one in samples
            ]
            listed = [row | extra for row, extra in zip(rows, more, strict=True)]
            index.write_table(pa.Table.from_pylist(listed, INDEX))
    return Source(pool, "some", folder / pool, {"samples": count, "shards": entries})


def part_of(pool: Source, ids: set[str], name: str = "nice") -> Source:
    """The same source, of which only some samples are taken."""
    kept = write_kept(pool.folder.parent / "filters" / pool.pool / name / "kept.npy", sorted(ids))
    return Source(pool.pool, pool.filter, pool.folder, pool.manifest, kept, name)


def mixed(
    sources: list[tuple[Source, int | str]], out: Path, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], pd.DataFrame]:
    """Entries, shards and index of a mixture."""
    found = mix(sources, out / "index.parquet", seed, WHERE)
    index = pd.read_parquet(out / "index.parquet")
    assert found.digests.count == len(index)
    assert (found.digests.id_set, found.digests.order) == (id_set_digest(index["id"]), order_digest(index["id"]))
    return found.entries, found.shards, index


def tars(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.tar"))
