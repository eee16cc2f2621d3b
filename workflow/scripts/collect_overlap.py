"""Count the kept images that pools share with each other and with evaluation sets, equal ones and look-alikes."""

import logging
from collections import Counter
from pathlib import Path

from datalines.errors import DatalinesError
from datalines.files import write_csv
from datalines.filters.database import scratch_folder
from datalines.filters.overlap import Kept, overlap
from datalines.filters.parts import by_pool
from datalines.job import run

log = logging.getLogger(__name__)


def main(
    kept: list[Path],
    receipts: list[Path],
    hashes: list[Path],
    shift_hashes: list[Path],
    distance: int,
    table: Path,
    threads: int = 1,
) -> None:
    parts = by_pool(receipts, hashes)
    filters = Counter(path.parent.parent.name for path in kept)
    pools = []
    for path in kept:
        pool, name = path.parent.parent.name, path.parent.name
        if pool not in parts:
            raise DatalinesError(f"{path}: no receipt of a part of pool {pool} is among the inputs; add its parts")
        pools.append(Kept(pool if filters[pool] == 1 else f"{pool}/{name}", parts[pool], path))
    with scratch_folder(table) as scratch:
        found = overlap(pools, {path.stem: path for path in shift_hashes}, distance, scratch, threads)
    write_csv(table, found)
    log.info(
        "%d pairs of pools and sets, %d of them share images",
        len(found) // 2,
        found[found["n"] > 0][["a", "b"]].drop_duplicates().shape[0],
    )


if __name__ == "__main__":
    run(main)
