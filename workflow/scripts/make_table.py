"""Make one table of a paper: run the table's script on its records and write csv, LaTeX and Markdown."""

from datalines.forked import run_in_fork

run_in_fork(globals())

import inspect
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.job import run
from datalines.scriptfile import load
from datalines.tables import Table, save_table

PRINTED = {"published": str}
"""Columns whose digits say how far a document rounded: as numbers, `.870` and `.87` would be the same."""


def main(
    spec: dict[str, Any], titles: dict[str, str], study: dict[str, Any], rows: list[Path], script: Path, csv: Path
) -> None:
    module = load(script)
    caption = (spec.get("caption") or inspect.getdoc(module) or "").format(scale=study["scale"])
    notes = [caption, *study["substitutions"], *spec["options"].get("notes", [])]
    table = Table(spec["title"], titles, {**spec["options"], "pools": spec["pools"], "notes": notes})
    read = [pd.read_csv(path, dtype=PRINTED) for path in rows]
    shown = dict(zip(spec["tables"], read, strict=True)) if spec["tables"] else read[0]
    save_table(module.tabulate(shown, table), table, csv.with_suffix(""))


if __name__ == "__main__":
    run(main)
