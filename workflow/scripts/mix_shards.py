"""Compose a mixture of a stated size from pools' shards: links, one cut per source, an index and a manifest."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import read_json, sha256_file, write_json, write_parquet
from datalines.job import run
from datalines.mixing import Source, mix
from datalines.shards import id_set_digest, order_digest

log = logging.getLogger(__name__)


def main(mixture: str, size: str, spec: dict[str, Any], shards: list[Path], manifest: Path, listing: Path) -> None:
    sources = []
    for entry, path in zip(spec["entries"], shards, strict=True):
        content = read_json(path)
        source = Source(
            entry["pool"], entry["filter"], path.parent, content, pd.read_parquet(path.with_name("index.parquet"))
        )
        sources.append((source, entry["count"]))
    entries, files, table = mix(sources, manifest.parent, spec["seed"], f"mixtures.{mixture}")
    write_parquet(listing, table)
    write_json(
        manifest,
        {
            "mixture": mixture,
            "size": size,
            "seed": spec["seed"],
            "samples": len(table),
            "entries": entries,
            "shards": files,
            "index": {"path": listing.name, "sha256": sha256_file(listing)},
            "id_set_sha256": id_set_digest(table["id"]),
            "order_sha256": order_digest(table["id"]),
        },
    )
    log.info(
        "%d samples: %s",
        len(table),
        ", ".join(f"{entry['pool']} {entry['samples']} ({entry['share']:.1%})" for entry in entries),
    )


if __name__ == "__main__":
    run(main)
