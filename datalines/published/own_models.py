"""A table of somebody's own models: which columns hold what, and each model held against baselines, row by row."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datalines.config.errors import listing, suggestion
from datalines.published.baselines import HELD_COLUMNS, Baseline, hold
from datalines.published.names import ID, MODEL, OOD, SHIFTS, guessed, plain, shift_named
from datalines.published.reading import EMPTY, PublishedError, read_texts
from datalines.robustness.transforms import Array, transform

UNITS = {"fraction": 1.0, "percent": 100.0}
OK, OUTSIDE, MISSING, NO_NUMBER, OFF_SCALE, EDGE = (
    *("ok", "outside-range", "missing", "no-number", "off-scale", "at-0-or-100"),
)
OUT_COLUMNS = [
    *["record", "model", "baseline", "rows", "shift", "x_set", "axis", "id", "ood", "n_id", "n_ood"],
    *[*HELD_COLUMNS, "status"],
]
MARK = "\ufeff"  # some spreadsheets begin a file with it


class Columns(NamedTuple):
    """Columns of a table: of models (empty: there is none), of in-distribution accuracies, and one for each shift."""

    model: str
    id: str
    shifts: dict[str, str]


class Images(NamedTuple):
    """Numbers of images behind the accuracies; None stands for the size of the baseline's set."""

    id: int | None
    ood: int | None


def parse_columns(text: str) -> dict[str, str]:
    """`id=val,imagenet-v2=v2acc,model=name` as roles and columns; a column with a comma stands in double quotes.

    Roles are id, ood, model and the names of shifts. Raises PublishedError for anything else, and for a role that
    comes twice.
    """
    found: dict[str, str] = {}
    for part in next(csv.reader([text], skipinitialspace=True), []):
        role, equals, column = part.partition("=")
        role = role.strip()
        if not equals or not column:
            raise PublishedError(f"--columns: {part!r} is no pair; write for example id=val,imagenet-v2=v2,model=name")
        if role not in (MODEL, ID, OOD):
            try:
                role = shift_named(role)
            except ValueError as error:
                raise PublishedError(f"--columns: {error}; or {ID}, {OOD}, {MODEL}") from None
        if role in found:
            raise PublishedError(f"--columns: {role} is there twice; name one column for it")
        found[role] = column
    if OOD in found and found.keys() & SHIFTS.keys():
        raise PublishedError(f"--columns: {OOD} stands for one shift; leave it out where columns are named by shifts")
    return found


def read_head(path: Path) -> list[str]:
    """The names of a csv file's columns. Raises PublishedError for a file that is not there or is no csv text."""
    try:
        return next(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PublishedError(f"{path} cannot be read ({error}); give a csv file in UTF-8 with a header") from None


def find_columns(path: Path, head: Sequence[str], roles: Mapping[str, str] | None, shift: str | None) -> Columns:
    """Which columns of a file are read: those of `roles`, or where it is None those that are commonly called so.

    `shift` is the one that column `ood` is on; where columns are called after shifts it chooses one of them. Raises
    PublishedError where a column is not in the file or the accuracies of one side have none.
    """
    known = {name.removeprefix(MARK): name for name in head}
    wanted = dict(roles) if roles is not None else guessed({name: plain(name) for name in known})
    for role, name in wanted.items():
        if name not in known:
            near = suggestion(name, known)
            raise PublishedError(f"--columns: {path} has no column {name!r} for {role}{near}It has {listing(known)}")
    if ID not in wanted:
        raise PublishedError(
            f"{path}: no column holds in-distribution accuracies; write --columns {ID}=NAME,imagenet-v2=NAME "
            f"with names of this file: {listing(known)}"
        )
    on = {role: known[name] for role, name in wanted.items() if role in SHIFTS and shift in (None, role)}
    if not on and OOD in wanted:
        if shift is None:
            raise PublishedError(f"{path}: column {wanted[OOD]!r} does not tell its shift; write --shift NAME")
        on = {shift: known[wanted[OOD]]}
    if not on:
        raise PublishedError(
            f"{path}: no column holds accuracies on {shift or 'a shift'}; write --columns "
            f"{ID}={wanted[ID]},{shift or 'imagenet-v2'}=NAME with a name of this file: {listing(known)}"
        )
    model = known[wanted[MODEL]] if MODEL in wanted else ""
    return Columns(model, known[wanted[ID]], {name: on[name] for name in SHIFTS if name in on})


def hold_table(
    path: Path, columns: Columns, baselines: Mapping[str, Baseline], images: Images, unit: str
) -> pd.DataFrame:
    """Every model of a table on every shift: a row each, columns OUT_COLUMNS, records in the file's order.

    `baselines` are by the names of the shifts. `id` and `ood` are fractions, `er` and its ends percentage points as of
    `baselines.hold`. `status` is `ok`, `outside-range` (with numbers: the line is extrapolated), or why a row has no
    number: `missing`, `no-number`, `off-scale` (outside the unit), `at-0-or-100` (no place on logit and probit axes).
    Raises PublishedError where a column is in the other unit.
    """
    texts = read_texts(path, list(dict.fromkeys(filter(None, [columns.model, columns.id, *columns.shifts.values()]))))
    x, x_status = _numbers(path, texts[columns.id], unit, check_small=True)
    names = texts[columns.model] if columns.model else pd.Series("", index=texts.index)
    parts = []
    for shift, column in columns.shifts.items():
        y, y_status = _numbers(path, texts[column], unit, check_small=False)
        rows = hold_points(x, y, baselines[shift], images)
        read = np.where(x_status == OK, y_status, x_status)
        status = np.where(read == OK, rows["status"], read)
        parts.append(rows.assign(record=np.arange(len(rows)) + 2, model=names.to_numpy(), shift=shift, status=status))
    found = pd.concat(parts, ignore_index=True).sort_values("record", kind="stable", ignore_index=True)
    return found[OUT_COLUMNS]


def hold_points(x: Array, y: Array, baseline: Baseline, images: Images) -> pd.DataFrame:
    """Points x, y (k,), fractions or nan, held against a baseline: OUT_COLUMNS without record, model and shift.

    `status` is `ok`, `outside-range`, `at-0-or-100`, or `missing` where x or y is nan.
    """
    n_x, n_y = images.id or baseline.n_x, images.ood or baseline.n_y
    known = np.isfinite(x) & np.isfinite(y)
    placed = known.copy()
    placed[known] = has_place(x[known], y[known], baseline.axis)
    held = hold(baseline, x[placed], y[placed], n_x, n_y).set_index(np.flatnonzero(placed))
    status = np.where(known, EDGE, MISSING).astype(object)
    status[placed] = np.where(held["in_range"], OK, OUTSIDE)
    facts = {"baseline": baseline.name, "rows": baseline.models, "x_set": baseline.x_set, "axis": baseline.axis}
    return held.reindex(range(len(x))).assign(**facts, id=x, ood=y, n_id=n_x, n_ood=n_y, status=status)


def has_place(x: Array, y: Array, axis: str) -> NDArray[np.bool_]:
    """(k,) whether points of fractions x, y lie at finite places on an axis; 0 and 1 do not on logit and probit."""
    return np.asarray(np.isfinite(transform(x, axis)) & np.isfinite(transform(y, axis)))


def _numbers(path: Path, texts: pd.Series, unit: str, check_small: bool) -> tuple[Array, NDArray[np.object_]]:
    """Fractions (nan where there is none) and the status of each; `check_small` refuses percent that looks like 0.598.

    Whole columns in the other unit are an error, single cells a status: they are as likely to be mistyped.
    """
    whole = UNITS[unit]
    numbers = pd.to_numeric(texts.where(~texts.isin(EMPTY)), errors="coerce").to_numpy(dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    if unit == "fraction" and known.size and np.median(known) > 1:
        raise PublishedError(
            f"{path}: column {texts.name!r} is mostly above 1 (its median is {np.median(known):g}), and fractions are "
            "expected; write --unit percent"
        )
    if unit == "percent" and check_small and known.size and known.max() <= 1:
        raise PublishedError(
            f"{path}: column {texts.name!r} has no value above 1, and percent is expected; leave --unit percent out"
        )
    empty = texts.isin(EMPTY).to_numpy()
    off = ~((numbers >= 0) & (numbers <= whole))
    status = np.select([empty, np.isnan(numbers), off], [MISSING, NO_NUMBER, OFF_SCALE], OK).astype(object)
    return np.where(status == OK, numbers / whole, np.nan), status


def said(columns: Columns) -> str:
    """The columns as they are written for --columns."""
    roles = {ID: columns.id, **columns.shifts, **({MODEL: columns.model} if columns.model else {})}
    return ",".join(f"{role}={name.removeprefix(MARK)}" for role, name in roles.items())
