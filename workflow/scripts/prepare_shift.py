"""Prepare an evaluation set: every image checked, the declared size confirmed, images, index and manifest written."""

import logging
from pathlib import Path
from typing import Any

from datalines import shifts
from datalines.job import run
from datalines.pools.store import read_items

log = logging.getLogger(__name__)


def main(shift: str, spec: dict[str, Any], manifest: Path) -> None:
    where = f"shifts.{shift}"
    samples = shifts.samples_of(shift, read_items(spec, 0, 1, where), spec, where)
    shifts.write(manifest.parent, shift, samples, spec, where)
    log.info("%d images of %d classes", len(samples), len(spec["subset"]))


if __name__ == "__main__":
    run(main)
