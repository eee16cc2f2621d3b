"""Collect an experiment's records: a row for every model or ensemble point and shift; a hole in the grid is an
error."""

import logging
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from datalines import records
from datalines.files import write_csv
from datalines.job import run

log = logging.getLogger(__name__)


def main(
    experiment: str,
    spec: dict[str, Any],
    families: dict[str, Any],
    ensembles: dict[str, Any],
    evaluations: list[Path],
    table: Path,
    published: list[Path] | None = None,
) -> None:
    found = {evaluation.run: evaluation for evaluation in map(records.read, evaluations)}
    drawn = [*spec["families"], *([spec["baseline"]] if spec["baseline"] else [])]
    wanted = {run for run in found if run[0] in drawn}
    rows = [row for run in sorted(wanted) for row in records.model_rows(found[run])]
    shifts = spec["sets"]
    for name, ensemble in ensembles.items():
        for size, seed in product(ensemble["sizes"], ensemble["seeds"]):
            members = [found[member, size, seed] for member in ensemble["members"]]
            rows += records.ensemble_rows(name, ensemble, members, shifts)
    for path in published or []:
        base = spec["published"]
        rows += records.published_rows(base["name"], pd.read_csv(path), shifts[0], base["shifts"])
    frame = records.table(experiment, rows, shifts)
    grid = {
        (family, size, seed, epoch)
        for family in drawn
        for size, seed, epoch in product(
            families[family]["sizes"], families[family]["seeds"], families[family]["epochs"]
        )
    }
    records.check_grid(frame, grid, shifts, experiment)
    write_csv(table, frame)
    log.info(
        "%d rows: %d models, %d ensemble points on %d sets",
        len(frame),
        len(grid),
        (frame["kind"] == "ensemble").sum() // len(shifts),
        len(shifts),
    )


if __name__ == "__main__":
    run(main)
