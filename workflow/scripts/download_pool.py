"""Obtain one part of a pool: its images in a tar, a row for every requested item, and a receipt with the counts."""

import logging
from pathlib import Path
from typing import Any

from datalines.job import run
from datalines.pools.store import FACTS, read_items, store_part, write_part_receipt

log = logging.getLogger(__name__)


def main(spec: dict[str, Any], pool: str, part: int, images: Path, rows: Path, receipt: Path) -> None:
    items = read_items(spec, part, spec["parts"], f"pools.{pool}")
    counts = store_part(pool, items, images, rows, FACTS[spec["kind"]])
    write_part_receipt(receipt, pool, part, spec, counts)
    log.info("%d requested, %d stored, failed: %s", counts["requested"], counts["stored"], counts["failed"] or "none")


if __name__ == "__main__":
    run(main)
