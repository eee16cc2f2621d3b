"""Simulate one part of a paper's theory: closed forms beside Monte Carlo, as one table."""

from pathlib import Path
from typing import Any

from datalines.files import write_csv
from datalines.job import run
from datalines.theory.tables import simulate


def main(simulation: str, spec: dict[str, Any], table: Path) -> None:
    write_csv(table, simulate(simulation, spec))


if __name__ == "__main__":
    run(main)
