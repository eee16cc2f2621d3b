"""Fit a line through every family, ensemble and merged line of an experiment, on every shift and axis, with seeded
bootstrap intervals."""

from datalines.forked import run_in_fork

run_in_fork(globals())

from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import write_csv
from datalines.job import run
from datalines.robustness.families import fit_families


def main(spec: dict[str, Any], records: Path, fits: Path) -> None:
    write_csv(fits, fit_families(pd.read_csv(records), spec))


if __name__ == "__main__":
    run(main)
