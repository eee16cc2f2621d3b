"""Collect what is known of every pool into one table: attrition, filter, shards, captions, image sizes."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.errors import CountError, DatalinesError
from datalines.files import read_json, write_csv
from datalines.job import run
from datalines.pools.rows import attrition
from datalines.statistics import caption_words

WHOLE = ("list_rows", "not_sampled", "paper_pairs")  # known of some pools only


def counted(manifest: Path, receipts: list[Path], lists: list[Path]) -> dict[str, Any]:
    """A manifest's content with the counts of the pool's lists, after comparing it with the parts' receipts."""
    content = read_json(manifest)
    lost = attrition(receipts, lists)
    for name in ("requested", "stored", "failed"):
        if content[name] != lost[name]:
            raise CountError(
                f"{manifest} says {name}: {content[name]}, the receipts in {receipts[0].parent} say {lost[name]}; "
                "delete that manifest and run again to rebuild the shards"
            )
    return content | lost


def describe(
    pool: str,
    labels: dict[str, Any],
    manifest: Path,
    receipts: list[Path],
    lists: list[Path],
    sample: pd.DataFrame,
) -> dict[str, Any]:
    """One row: counts of every stage, the mean words of all kept captions, and medians over the random sample."""
    content = counted(manifest, receipts, lists)
    n, mean, spread = caption_words(manifest.with_name("index.parquet"))
    if n != content["samples"]:
        raise CountError(f"{manifest} counts {content['samples']} samples, its index {n}; delete it and run again")
    if sample.empty:
        raise DatalinesError(f"records/statistics.csv has no row of pool {pool}; delete it and run again")
    sides = sample[["width", "height"]]
    return {
        "pool": pool,
        "title": labels["title"],
        "kind": labels["kind"],
        "substitutes": labels["substitutes"],
        "list_rows": content.get("list_rows"),
        "not_selected": json.dumps(content.get("not_selected", {})),
        "not_sampled": content.get("not_sampled"),
        "requested": content["requested"],
        "stored": content["stored"],
        "failed": json.dumps(content["failed"]),
        "filter": content["filter"],
        "kept": content["samples"],
        "dropped": json.dumps(content["dropped"]),
        "shards": len(content["shards"]),
        "bytes": sum(shard["bytes"] for shard in content["shards"]),
        "caption_words_mean": round(mean, 2),
        "caption_words_sd": round(spread, 2),
        "sampled": len(sample),
        "caption_words_median": float(sample["words"].median()),
        "width_median": float(sample["width"].median()),
        "height_median": float(sample["height"].median()),
        "aspect_median": round(float((sides.max(axis=1) / sides.min(axis=1)).median()), 3),
        "paper_pairs": labels["paper_pairs"],
    }


def main(
    pools: dict[str, Any], manifests: list[Path], receipts: list[Path], lists: list[Path], statistics: Path, table: Path
) -> None:
    samples = pd.read_csv(statistics)
    rows = []
    for (pool, labels), manifest in zip(pools.items(), manifests, strict=True):
        own, listed = ([path for path in paths if path.parent.name == pool] for paths in (receipts, lists))
        rows.append(describe(pool, labels, manifest, own, listed, samples[samples["pool"] == pool]))
    frame = pd.DataFrame(rows)
    for name in WHOLE:
        frame[name] = frame[name].astype("Int64")
    write_csv(table, frame)


if __name__ == "__main__":
    run(main)
