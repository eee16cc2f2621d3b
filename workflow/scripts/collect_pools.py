"""Collect what is known of every pool into one table: attrition, filter, shards, captions, image sizes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datalines.files import read_json, write_csv
from datalines.job import run
from datalines.pools.rows import stored_rows


def describe(pool: str, spec: dict[str, Any], manifest: Path, receipts: list[Path]) -> dict[str, Any]:
    """One row: counts of every stage, and medians over the kept samples."""
    content = read_json(manifest)
    index = pd.read_parquet(manifest.with_name("index.parquet"), columns=["id", "caption"])
    rows = stored_rows(receipts).set_index("id").loc[index["id"]]
    sides = rows[["width", "height"]]
    return {
        "pool": pool,
        "title": spec["title"],
        "kind": spec["kind"],
        "requested": content["requested"],
        "stored": content["stored"],
        "failed": json.dumps(content["failed"]),
        "filter": content["filter"],
        "kept": content["samples"],
        "dropped": json.dumps(content["dropped"]),
        "shards": len(content["shards"]),
        "bytes": sum(shard["bytes"] for shard in content["shards"]),
        "caption_words_mean": round(float(np.mean([len(caption.split()) for caption in index["caption"]])), 2),
        "width_median": float(rows["width"].median()),
        "height_median": float(rows["height"].median()),
        "aspect_median": round(float((sides.max(axis=1) / sides.min(axis=1)).median()), 3),
        "paper_pairs": spec["paper_pairs"],
    }


def main(pools: dict[str, Any], manifests: list[Path], receipts: list[Path], table: Path) -> None:
    rows = []
    for (pool, spec), manifest in zip(pools.items(), manifests, strict=True):
        rows.append(describe(pool, spec, manifest, [path for path in receipts if path.parent.name == pool]))
    frame = pd.DataFrame(rows)
    frame["paper_pairs"] = frame["paper_pairs"].astype("Int64")
    write_csv(table, frame)


if __name__ == "__main__":
    run(main)
