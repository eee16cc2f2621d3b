"""Fit the testbed's lines through the standard models of one table of published results."""

from datalines.forked import run_in_fork

run_in_fork(globals())

import logging
from pathlib import Path

import pandas as pd

from datalines.files import write_csv
from datalines.job import run
from datalines.published.testbed import baseline_lines

log = logging.getLogger(__name__)


def main(rows: Path, lines: Path) -> None:
    found = baseline_lines(pd.read_csv(rows))
    write_csv(lines, found)
    log.info("%d lines", len(found))


if __name__ == "__main__":
    run(main)
