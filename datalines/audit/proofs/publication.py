"""Comparison with the publication: every number that differs has a reason, and every verdict follows from the numbers
beside it."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.audit.proofs.study import Part, Problems, Study, named, proof
from datalines.audit.verdicts import Check
from datalines.published.compare import CELL_COLUMNS, IMPOSSIBLE, TITLES, compare
from datalines.published.reading import PublishedError, read_texts

TABLES = "papers/*/*.csv"
CELLS = "-cells.csv"
CLOSE = 1e-9


def check(study: Study) -> Check:
    """Every table that has a document's numbers beside recomputed ones."""
    tables = [path for path in study.paths("make_table", TABLES) if _is_comparison(study.results.file(path))]
    return proof(
        study,
        "publication-proof",
        "Every number of a document that differs from the recomputed one has a reason.",
        "no table of this folder has published numbers beside recomputed ones",
        Part(tables, _problems, _told),
    )


def _is_comparison(path: Path) -> bool:
    """Whether a csv is a table of published and recomputed numbers, by its header or its name."""
    if not path.is_file():
        return path.name == "tab-published.csv"
    with path.open("rb") as stream:
        head = stream.readline(1000).decode(errors="replace").strip()
    return path.name == "tab-published.csv" or head == ",".join(TITLES.values())


def _problems(study: Study, path: str) -> Problems:
    shown = read_texts(study.file(path), list(TITLES.values()))
    rows = shown.rename(columns={title: name for name, title in TITLES.items()})
    unprinted = rows[rows["published"] == ""]
    for row in unprinted.to_dict("records"):
        if row["verdict"] != IMPOSSIBLE or not row["reason"] or row["recomputed"]:
            yield f"{row['item']}, {row['cell']}: the document prints no number, so write '{IMPOSSIBLE}' and the reason"
    yield from _numbers(rows.drop(unprinted.index))
    yield from _document(study, path, {(row["item"], row["cell"]): row for row in rows.to_dict("records")})


def _numbers(cells: pd.DataFrame) -> Problems:
    """Differences and verdicts follow from the two numbers beside them, and there is a reason where one is due."""
    numbers = {
        (row["item"], row["cell"]): float(row["recomputed"])
        for row in cells.to_dict("records")
        if row["recomputed"] not in ("", "nan")
    }
    try:
        due = compare(cells, numbers)
    except PublishedError as error:
        yield str(error)
        return
    for said, row in zip(cells.to_dict("records"), due.to_dict("records"), strict=True):
        where = f"{row['item']}, {row['cell']}"
        if said["verdict"] != row["verdict"]:
            text = f"{row['published']} and {said['recomputed']} are '{row['verdict']}'"
            yield f"{where}: called '{said['verdict']}', but {text}"
        difference = float(said["difference"] or "nan")
        if not math.isclose(difference, row["difference"], rel_tol=CLOSE, abs_tol=CLOSE) and not (
            math.isnan(difference) and math.isnan(row["difference"])
        ):
            yield f"{where}: the difference is {row['difference']:g}, not {difference:g}"


def _document(study: Study, path: str, shown: dict[tuple[str, str], dict[Any, Any]]) -> Problems:
    """All cells of the document are there with the numbers that it prints, where the checkout with them is at hand."""
    listed = _cells(study, path)
    if listed is None:
        return
    cells = {(row["item"], row["cell"]): row for row in read_texts(listed, CELL_COLUMNS).to_dict("records")}
    left_out = [" | ".join(key) for key in cells if key not in shown]
    if left_out:
        yield f"{len(left_out)} cells of the document are not in the table ({named(left_out)})"
    for key in cells.keys() & shown.keys():
        for column in ("published", "reason"):
            if cells[key][column] != shown[key][column]:
                text = f"{' | '.join(key)}: {column} is '{shown[key][column]}', but {listed.name} has"
                yield f"{text} '{cells[key][column]}'"


def _cells(study: Study, path: str) -> Path | None:
    """The cells of the document among the inputs of the table's job, in the checkout."""
    receipt = study.results.maker(path)
    if receipt is None or study.checkout is None:
        return None
    names = [name for name in receipt.inputs if name.endswith(CELLS)]
    found = [study.checkout / name.lstrip("./") for name in names]
    return next((file for file in found if file.is_file()), None)


def _told(study: Study, path: str) -> str:
    verdicts = Counter(read_texts(study.file(path), list(TITLES.values()))[TITLES["verdict"]])
    words = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    beside = "" if _cells(study, path) else "; the document's own list of cells was not at hand"
    return f"{sum(verdicts.values())} numbers of the document: {words}{beside}"
