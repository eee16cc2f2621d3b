"""Measure the class balance of every pool from the labels of the pairs that its filter keeps: the indicators of the
Indicators paper (section 4.2.1), and the number of samples of every class."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.errors import CountError, DatalinesError
from datalines.files import read_json, write_csv
from datalines.indicators import indicators, label_counts, over_classes
from datalines.job import run

log = logging.getLogger(__name__)

LABELLED, PARTLY, UNLABELLED = "labelled", "partly labelled", "no labels"
COLUMNS = [
    *["pool", "filter", "status", "classes", "samples", "unlabelled", "left_skew", "long_tail_500", "long_tail_100"],
    *["largest", "largest_class", "smallest", "smallest_class", "entropy_ratio"],
]
CLASS_COLUMNS = ["pool", "index", "class", "count"]
WHOLE = ("classes", "samples", "unlabelled", "largest", "smallest")


def measure(
    pool: str, classes: list[str] | None, manifest: Path, listing: Path
) -> tuple[dict[str, Any], list[tuple[str, int, str, int]]]:
    """The row of one pool, and one for each of its classes; of equally frequent classes the first is named."""
    content = read_json(manifest)
    if content["pool"] != pool:
        raise DatalinesError(f"{manifest} is of pool {content['pool']}, but stands in the place of {pool}")
    found, unlabelled = label_counts(listing)
    labelled = sum(found.values())
    if labelled + unlabelled != content["samples"]:
        raise CountError(
            f"{manifest} counts {content['samples']} samples, its index {labelled + unlabelled}; "
            "delete it and run again"
        )
    row: dict[str, Any] = {"pool": pool, "filter": content["filter"], "samples": labelled, "unlabelled": unlabelled}
    if not labelled:
        return row | {"status": UNLABELLED}, []
    counts = over_classes(pool, found, classes)
    row |= {"status": PARTLY if unlabelled else LABELLED, **indicators(list(counts.values()))}
    row |= {"largest_class": max(counts, key=counts.__getitem__), "smallest_class": min(counts, key=counts.__getitem__)}
    return row, [(pool, number, name, count) for number, (name, count) in enumerate(counts.items())]


def main(
    pools: dict[str, list[str] | None], manifests: list[Path], listings: list[Path], table: Path, classes: Path
) -> None:
    rows, counted = [], []
    for (pool, names), manifest, listing in zip(pools.items(), manifests, listings, strict=True):
        row, own = measure(pool, names, manifest, listing)
        rows.append(row)
        counted += own
        log.info("%s: %s, %d samples of %d classes", pool, row["status"], row["samples"], row.get("classes", 0))
    frame = pd.DataFrame(rows).reindex(columns=COLUMNS)
    write_csv(table, frame.astype(dict.fromkeys(WHOLE, "Int64")))
    write_csv(classes, pd.DataFrame(counted, columns=CLASS_COLUMNS))


if __name__ == "__main__":
    run(main)
