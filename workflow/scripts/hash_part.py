"""Hash the stored images of one part of a pool, so that images that look alike can be found."""

import logging
from pathlib import Path

from datalines.errors import CountError
from datalines.filters.parts import open_parts
from datalines.hashes import hash_part
from datalines.job import run

log = logging.getLogger(__name__)


def main(receipt: Path, rows: Path, hashes: Path, threads: int = 1) -> None:
    (part,) = open_parts([receipt])
    if part.rows.name != rows.name:
        raise CountError(f"{receipt} speaks of {part.rows.name} and not of {rows.name}; delete it and run again")
    hash_part(part, hashes, threads)
    log.info("%d images hashed", part.stored)


if __name__ == "__main__":
    run(main)
