"""Hash the images of an evaluation set, so that what looks like them can be found in the pools."""

import logging
from pathlib import Path

from datalines import shifts
from datalines.hashes import hash_shift
from datalines.job import run

log = logging.getLogger(__name__)


def main(manifest: Path, hashes: Path, threads: int = 1) -> None:
    shift = shifts.load(manifest)
    hash_shift(shift, hashes, threads)
    log.info("%d images hashed", len(shift.index))


if __name__ == "__main__":
    run(main)
