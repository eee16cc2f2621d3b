"""Prepare an evaluation set: every image checked, the declared size confirmed, images, index and manifest written."""

import logging
from pathlib import Path
from typing import Any

from datalines import evalsets, shifts
from datalines.job import run
from datalines.pools.store import read_items

log = logging.getLogger(__name__)


def main(shift: str, spec: dict[str, Any], manifest: Path) -> None:
    where = f"shifts.{shift}"
    declared = evalsets.reading(spec)
    passed = evalsets.left_out(declared, where)
    samples = shifts.samples_of(shift, read_items(declared, 0, 1, where), declared, where)
    extra = {"left_out": passed} if passed else None
    count = shifts.write(manifest.parent, shift, samples, declared, where, extra)
    log.info("%d images of %d classes", count, len(spec["subset"]))
    if passed:
        log.info("left out: %d images in %d class folders", sum(passed.values()), len(passed))


if __name__ == "__main__":
    run(main)
