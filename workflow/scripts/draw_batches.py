"""Draw which sources the first batches of training hold, for every mixture of several sources."""

from datalines.forked import run_in_fork

run_in_fork(globals())

from pathlib import Path
from typing import Any

import numpy as np

from datalines.files import read_json
from datalines.job import run
from datalines.loading.order import Order, listed, shares
from datalines.plotting import save
from datalines.plotting.batchshares import Mixed, batch_shares


def first_batches(name: str, spec: dict[str, Any], content: dict[str, Any], batches: int) -> Mixed:
    """The shares in the first batches of a run, from its mixture's manifest; no image is opened."""
    shards = listed(content)
    order = Order(shards, content["order_sha256"], spec["seed"], spec["window"])
    pools = list(dict.fromkeys(shard.pool for shard in shards))
    counts = [sum(shard.samples for shard in shards if shard.pool == pool) for pool in pools]
    declared = np.array(counts) / content["samples"]
    found = shares(order, shards, batches, spec["batch"])
    return Mixed(name, spec["title"], pools, declared, found, spec["batch"], content["samples"])


def main(mixtures: dict[str, Any], titles: dict[str, str], manifests: list[Path], batches: int, png: Path) -> None:
    mixed = [
        first_batches(name, spec, read_json(manifest), batches)
        for (name, spec), manifest in zip(mixtures.items(), manifests, strict=True)
    ]
    save(batch_shares(mixed, titles), png.with_suffix(""))


if __name__ == "__main__":
    run(main)
