"""Measure the effective robustness of every model and ensemble point of an experiment, above the baseline's line and
beside several in-distribution sets."""

from datalines.forked import run_in_fork

run_in_fork(globals())

from pathlib import Path
from typing import Any

import pandas as pd

from datalines.files import write_csv
from datalines.job import run
from datalines.robustness.effective import effective_points


def main(spec: dict[str, Any], records: Path, points: Path) -> None:
    write_csv(points, effective_points(pd.read_csv(records), spec))


if __name__ == "__main__":
    run(main)
