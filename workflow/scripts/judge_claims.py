"""Judge the claims of a paper from records and tables of its theory: the ledger, with a verdict for every claim."""

from datalines.forked import run_in_fork

run_in_fork(globals())

from pathlib import Path
from typing import Any

import pandas as pd

from datalines.claims.ledger import judge
from datalines.claims.page import ledger_table, shown
from datalines.files import write_csv, write_text
from datalines.job import run
from datalines.tables import to_latex, to_markdown


def main(
    claims: dict[str, Any],
    experiments: dict[str, Any],
    study: dict[str, Any],
    inputs: list[Path],
    csv: Path,
    parts: Path,
    md: Path,
    tex: Path,
) -> None:
    tables = {path: pd.read_csv(path) for path in inputs}
    records = {path.stem: table for path, table in tables.items() if path.parent.name != "theory"}
    theory = {path.stem: table for path, table in tables.items() if path.parent.name == "theory"}
    ledger, listed = judge(claims, experiments, records, theory)
    write_csv(csv, ledger)
    write_csv(parts, listed)
    table = ledger_table(study)
    write_text(md, to_markdown(shown(ledger), table))
    write_text(tex, to_latex(shown(ledger), table))


if __name__ == "__main__":
    run(main)
