"""The command `datalines er`: effective robustness of somebody's own accuracies against a published baseline."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from datalines.config.published import Published
from datalines.errors import DatalinesError
from datalines.fetch.policy import Policy
from datalines.files import write_csv, write_text
from datalines.published.baseline_files import provenance, read_entry
from datalines.published.baselines import BENT, Baseline, baseline_of, shifts_of
from datalines.published.er_report import as_json, notes, single
from datalines.published.names import BASELINES, LONG, SHIFTS
from datalines.published.own_models import (
    OK,
    OUT_COLUMNS,
    OUTSIDE,
    UNITS,
    Columns,
    Images,
    find_columns,
    has_place,
    hold_points,
    hold_table,
    parse_columns,
    read_head,
    said,
)
from datalines.published.tidy import FULL


class Sources(NamedTuple):
    """Where baselines come from: the config's section, the folder of downloads, and how the network may be used (None:
    not at all, as long as requests cannot say whom to write to)."""

    published: Published
    downloads: Path
    policy: Callable[[], Policy | None]


def run(given: argparse.Namespace, sources: Sources) -> int:
    """Answer `datalines er`; returns the exit status 0. Files of baselines are obtained as by `read_entry`.

    Raises DatalinesError where the options do not go together, or nothing can be computed.
    """
    check_options(given)
    return _one(given, sources) if given.csv is None else _many(given, sources)


def check_options(given: argparse.Namespace) -> None:
    """Raise DatalinesError where options are missing or do not go together."""
    one = {"--shift": given.shift, "--id": given.id, "--ood": given.ood}
    if given.csv is None:
        lacking = [name for name, value in one.items() if value is None]
        if lacking:
            raise DatalinesError(
                f"er: {', '.join(lacking)} missing; write for example datalines er --shift imagenet-v2 --id 0.598 "
                "--ood 0.525, or --csv FILE for a table of models"
            )
        extra = [name for name, value in (("--columns", given.columns), ("--out", given.out)) if value is not None]
        if extra:
            raise DatalinesError(f"er: {' and '.join(extra)} is for a table; write --csv FILE, or leave it out")
    elif given.id is not None or given.ood is not None:
        raise DatalinesError("er: --csv is for a table, --id and --ood for one model; write one or the other")


def point_given(given: argparse.Namespace) -> tuple[float, float]:
    """The two accuracies as fractions. Raises DatalinesError where they are in the other unit, or have no place."""
    whole = UNITS[given.unit]
    for name, value in (("--id", given.id), ("--ood", given.ood)):
        if 0 <= value <= whole:
            continue
        percent = whole == 1 and 1 < value <= 100
        hint = f"write {value / 100:g}, or --unit percent" if percent else "correct it"
        raise DatalinesError(f"er: {name} {value:g} is no {given.unit} between 0 and {whole:g}; {hint}")
    if whole == 100 and max(given.id, given.ood) <= 1:
        raise DatalinesError(
            f"er: --id {given.id:g} and --ood {given.ood:g} look like fractions; leave --unit percent out"
        )
    x, y = given.id / whole, given.ood / whole
    for name, value in (("--id", x), ("--ood", y)):
        if not has_place(np.array([value]), np.array([value]), given.axis).all():
            raise DatalinesError(
                f"er: {name} is {100 * value:g} %, which has no place on {given.axis} axes; write --axis linear, or "
                "leave such a model out as published baselines do"
            )
    return x, y


def _one(given: argparse.Namespace, sources: Sources) -> int:
    x, y = point_given(given)
    _check_one_line(given, [given.shift])
    baseline = _baseline(given, _rows(given, sources), given.shift)
    images = Images(given.n_id, given.n_ood)
    rows = hold_points(np.array([x]), np.array([y]), baseline, images).assign(record=1, model="", shift=given.shift)
    source = provenance(sources.published, BASELINES[given.baseline])
    point = {str(name): value for name, value in rows.iloc[0].items()}
    text = as_json([baseline], rows[OUT_COLUMNS], source) if given.json else single(baseline, point, source)
    sys.stdout.write(f"{text}\n")
    return 0


def _rows(given: argparse.Namespace, sources: Sources) -> pd.DataFrame:
    return read_entry(sources.published, BASELINES[given.baseline], sources.downloads, sources.policy)


def _baseline(given: argparse.Namespace, rows: pd.DataFrame, shift: str) -> Baseline:
    return baseline_of(rows, given.baseline, SHIFTS[shift], given.x, given.axis, given.rows, given.one_line)


def _many(given: argparse.Namespace, sources: Sources) -> int:
    roles = parse_columns(given.columns) if given.columns is not None else None
    columns = find_columns(given.csv, read_head(given.csv), roles, given.shift)
    published = _rows(given, sources)
    unknown = []
    if roles is None:
        known = {name: column for name, column in columns.shifts.items() if name in shifts_of(published)}
        unknown = [name for name in columns.shifts if known and name not in known]
        columns = columns._replace(shifts=known or columns.shifts)
    if given.x != FULL and len(columns.shifts) > 1:
        raise DatalinesError(
            f"er: {', '.join(columns.shifts)} have other classes each, and --x {given.x} needs the in-distribution "
            "accuracy on those of one; write --shift NAME and the column of its classes as id in --columns"
        )
    _check_one_line(given, columns.shifts)
    baselines = {shift: _baseline(given, published, shift) for shift in columns.shifts}
    rows = hold_table(given.csv, columns, baselines, Images(given.n_id, given.n_ood), given.unit)
    counted = Counter(rows["status"])
    if not counted.keys() & {OK, OUTSIDE}:
        text = ", ".join(f"{number} {status}" for status, number in counted.items())
        raise DatalinesError(f"er: {given.csv} has no row that can be held against a line: {text}; correct the columns")
    source = provenance(sources.published, BASELINES[given.baseline])
    _put(given, as_json(list(baselines.values()), rows, source) + "\n" if given.json else None, rows)
    left_out = [f"{given.baseline} has no {', '.join(unknown)}, so that is left out"] if unknown else []
    told = [*_heard(given, columns), *left_out, *_heed(list(baselines.values()), counted)]
    sys.stderr.write("".join(f"{line}\n" for line in told))
    return 0


def _put(given: argparse.Namespace, text: str | None, rows: pd.DataFrame) -> None:
    """The JSON text, or else the table as csv, to the file that is named or to stdout."""
    if given.out is None:
        sys.stdout.write(text or rows.to_csv(index=False, lineterminator="\n"))
    elif text is not None:
        write_text(given.out, text)
    else:
        write_csv(given.out, rows)


def _heard(given: argparse.Namespace, columns: Columns) -> list[str]:
    if given.columns is not None:
        return [f"{given.csv}: columns {said(columns)}"]
    return [f"{given.csv}: columns guessed: {said(columns)}", "If that is wrong, write --columns with the right ones."]


def _heed(baselines: Sequence[Baseline], counted: Mapping[str, int]) -> list[str]:
    """What the reader of a table should know, and how many rows have which status."""
    lines = [f"note: {text}" for baseline in baselines for text in notes(baseline)]
    lines.append(", ".join(f"{number} {status}" for status, number in counted.items()))
    if counted.get(OUTSIDE):
        lines.append(f"warning: {OUTSIDE}: the line is extrapolated there, and the interval does not cover that")
    return lines


def _check_one_line(given: argparse.Namespace, shifts: Iterable[str]) -> None:
    if given.one_line and LONG[BENT] not in shifts:
        raise DatalinesError(f"er: --one-line is for {LONG[BENT]}, where the testbed draws two lines; leave it out")
