"""Write the kept samples of a pool as immutable shards in keyed pseudo-random order, with an index and a manifest."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from datalines.errors import PoolError
from datalines.files import read_json, sha256_file, write_json, write_parquet
from datalines.job import run
from datalines.pools.rows import attrition, stored_rows
from datalines.shards import id_set_digest, order_digest, write_pool

log = logging.getLogger(__name__)


def main(
    pool: str,
    filter: str,
    spec: dict[str, Any],
    receipts: list[Path],
    kept: Path,
    counts: Path,
    manifest: Path,
    listing: Path,
) -> None:
    lost = attrition(receipts)
    if spec["items"] is not None and lost["requested"] != spec["items"]:
        found = f"{spec['items']} declared, but {lost['requested']} found"
        raise PoolError(f"pools.{pool}.items: {found}; correct the number or the path")
    rows = stored_rows(receipts)
    ids = np.load(kept).astype(str)
    chosen = rows[rows["id"].isin(ids)]
    if chosen.empty:
        dropped = f"{len(rows)} stored samples of pool {pool}: {read_json(counts)['dropped']}"
        raise PoolError(f"filters.{filter}: drops every one of the {dropped}; loosen it")
    shards, table = write_pool(chosen, receipts[0].parent, manifest.parent, spec["shard_size"], spec["seed"])
    write_parquet(listing, table)
    write_json(
        manifest,
        {
            "pool": pool,
            "filter": filter,
            "seed": spec["seed"],
            "shard_size": spec["shard_size"],
            **lost,
            "dropped": read_json(counts)["dropped"],
            "samples": len(table),
            "shards": shards,
            "index": {"path": listing.name, "sha256": sha256_file(listing)},
            "id_set_sha256": id_set_digest(table["id"]),
            "order_sha256": order_digest(table["id"]),
        },
    )
    log.info("%d samples in %d shards", len(table), len(shards))


if __name__ == "__main__":
    run(main)
