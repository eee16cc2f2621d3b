"""Write the kept samples of a pool as immutable shards in keyed pseudo-random order, with an index and a manifest."""

import logging
from pathlib import Path
from typing import Any

from datalines.errors import PoolError
from datalines.files import read_json, sha256_file, write_json
from datalines.idsets import IdSet
from datalines.job import run
from datalines.pools.rows import attrition, decoders
from datalines.sharding.build import write_pool

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
    lists: list[Path] | None = None,
) -> None:
    lost = attrition(receipts, lists or [])
    if spec["items"] is not None and lost["requested"] != spec["items"]:
        found = f"{spec['items']} declared, but {lost['requested']} found"
        raise PoolError(f"pools.{pool}.items: {found}; correct the number or the path")
    decided = read_json(counts)
    if not len(IdSet(kept)):
        dropped = f"{lost['stored']} stored samples of pool {pool}: {decided['dropped']}"
        raise PoolError(f"filters.{filter}: drops every one of the {dropped}; loosen it")
    written = write_pool(receipts, kept, listing, spec["shard_size"], spec["seed"])
    write_json(
        manifest,
        {
            "pool": pool,
            "filter": filter,
            "seed": spec["seed"],
            "shard_size": spec["shard_size"],
            **lost,
            "dropped": decided["dropped"],
            "samples": written.digests.count,
            "decoder": decoders(receipts),
            "shards": written.shards,
            "index": {"path": listing.name, "sha256": sha256_file(listing)},
            "id_set_sha256": written.digests.id_set,
            "order_sha256": written.digests.order,
        },
    )
    log.info("%d samples, %d of %d shards unchanged", written.digests.count, written.unchanged, len(written.shards))


if __name__ == "__main__":
    run(main)
