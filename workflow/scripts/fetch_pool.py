"""Obtain one part of a pool of URLs, or a supplement to it: images, a row for every requested item, the attempts, and a
receipt with the counts."""

import logging
from pathlib import Path
from typing import Any

from datalines.errors import FetchError
from datalines.fetch.part import fetch_part
from datalines.job import run

log = logging.getLogger(__name__)


def main(
    spec: dict[str, Any],
    pool: str,
    part: str,
    listing: Path,
    images: Path,
    rows: Path,
    attempts: Path,
    receipt: Path,
    states: Path,
    previous: list[Path] | None = None,
    threads: int = 1,
    config: dict[str, Any] | None = None,
) -> None:
    # What decides the stored bytes is a param; how patiently and politely is asked stands in Snakemake's config, so
    # that it may be changed at any time and makes nothing out of date.
    if config is not None:
        spec = {**spec, "fetch": {**config["fetching"]["pools"][pool], **spec["fetch"]}}
    wanted = listing.with_name(f"{part.partition('r')[0]}.parquet")
    if not wanted.is_file():
        raise FetchError(f"{wanted} is missing: delete {listing} and run again to read the list anew")
    outputs = (images, rows, attempts, receipt)
    counts = fetch_part(spec, pool, part, wanted, states, *outputs, previous=previous or (), threads=threads)
    log.info("%d requested, %d stored, failed: %s", counts["requested"], counts["stored"], counts["failed"] or "none")


if __name__ == "__main__":
    run(main)
