"""Collect captions' lengths and images' sizes of a random sample of every pool: 10,000 pairs each, as in Quality Not
Quantity, Appendix A.1 (Figures 7 to 9)."""

import logging
from pathlib import Path

import pandas as pd

from datalines.errors import DatalinesError
from datalines.files import read_json, write_csv
from datalines.job import run
from datalines.statistics import sample_statistics

log = logging.getLogger(__name__)


def main(pools: list[str], manifests: list[Path], table: Path, sample: int = 10_000, seed: int = 0) -> None:
    tables = []
    for pool, manifest in zip(pools, manifests, strict=True):
        content = read_json(manifest)
        if content["pool"] != pool:
            raise DatalinesError(f"{manifest} is of pool {content['pool']}, but stands in the place of {pool}")
        rows = sample_statistics(manifest.with_name("index.parquet"), sample, seed)
        rows.insert(0, "pool", pool)
        log.info("%s: %d of %d kept samples", pool, len(rows), content["samples"])
        tables.append(rows)
    write_csv(table, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    run(main)
