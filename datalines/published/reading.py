"""Reads files of published results strictly: a file that is not as expected is an error, never a different number."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datalines.config.errors import suggestion
from datalines.errors import DatalinesError

EMPTY = ("", "nan", "NaN")
SHOWN = 5
THOUSANDS = re.compile(r",(?=\d{3}(\D|$))")


class PublishedError(DatalinesError):
    """A file of published results that is not what it is declared to be."""


def read_texts(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The named columns of a csv file, all cells as texts, rows in the file's order.

    Raises PublishedError for a file without rows, a row of another length, a column that is missing (with the nearest
    name there is) or that stands there twice.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        head, *rows = list(csv.reader(stream)) or [[]]
    for name in columns:
        if name not in head:
            raise PublishedError(
                f"{path}: column {name!r} is missing{suggestion(name, head)}The reader knows the file of the declared "
                "sha256; declare that one under `published`, or bring the column's name back"
            )
        if head.count(name) > 1:
            raise PublishedError(f"{path}: column {name!r} is there {head.count(name)} times; keep one of them")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise PublishedError(f"{path}: record {number} has {len(row)} cells, the header {len(head)}; correct it")
    if not rows:
        raise PublishedError(f"{path}: there is a header and no row; fetch the file again")
    return pd.DataFrame(rows, columns=head, dtype=object)[list(columns)]


def check_filled(path: Path, column: pd.Series, first: int = 2) -> None:
    """Raise PublishedError where a cell of a column is empty; `first` is the number of the column's first record."""
    empty = np.flatnonzero(column == "")
    if empty.size:
        raise PublishedError(f"{path}: record {int(empty[0]) + first} has no {column.name}; give it one or remove it")


def check_key(path: Path, key: pd.Series, first: int = 2) -> None:
    """Raise PublishedError where a key is empty or comes twice; the name of the series is that of its column."""
    check_filled(path, key, first)
    again = sorted(set(key[key.duplicated()]))
    if again:
        more = f" and {len(again) - SHOWN} more" if len(again) > SHOWN else ""
        raise PublishedError(
            f"{path}: {key.name} {', '.join(again[:SHOWN])}{more} has several rows; keep the one that was published"
        )


def check_known(path: Path, column: pd.Series, known: Sequence[str]) -> None:
    """Raise PublishedError where a cell is none of the known words; the name of the series is that of its column."""
    wrong = np.flatnonzero(~column.isin(known))
    if wrong.size:
        place = int(wrong[0])
        raise PublishedError(
            f"{path}: record {place + 2}, column {column.name!r}: {column.iloc[place]!r} is not known; "
            f"write one of {', '.join(known)}"
        )


def numbers(path: Path, rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Texts as numbers of at least 0, missing ones as nan; thousands may be separated by commas, as in `1,013.01`.

    Raises PublishedError for a cell that is no finite number, or below 0.
    """
    found = {}
    for name in columns:
        values = np.full(len(rows), np.nan)
        for place, text in enumerate(rows[name]):
            if text in EMPTY:
                continue
            values[place] = _number(path, place, name, THOUSANDS.sub("", text), text)
            if not 0 <= values[place] < np.inf:
                raise PublishedError(f"{path}: record {place + 2}, column {name!r}: {text} is no number of at least 0")
        found[name] = values
    return pd.DataFrame(found, index=rows.index)


def whole_numbers(path: Path, rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Texts as whole numbers of at least 0, none of them missing. Raises PublishedError otherwise."""
    for name in columns:
        check_filled(path, rows[name])
    found = numbers(path, rows, columns)
    for name in columns:
        wrong = np.flatnonzero(found[name] % 1 != 0)
        if wrong.size:
            place = int(wrong[0])
            raise PublishedError(
                f"{path}: record {place + 2}, column {name!r}: {rows[name].iloc[place]} is no whole number"
            )
    return found.astype(np.int64)


def check_counts(path: Path, name: str, values: pd.Series, n: int, tolerance: float) -> None:
    """Refuse an accuracy that no whole number of right answers gives: the cell was altered, or the set is another.

    `values` are fractions of n images, and `tolerance` how far rounding may have moved them.
    """
    known = values.to_numpy(dtype=np.float64)
    off = np.abs(known - np.round(known * n) / n)
    wrong = np.flatnonzero(off > tolerance)
    if wrong.size:
        place = int(wrong[0])
        raise PublishedError(
            f"{path}: record {place + 2}, column {name!r}: {100 * known[place]:g} % is no count out of {n:,} images; "
            f"the cell was altered or rounded, so fetch the file again"
        )


def accuracies(path: Path, rows: pd.DataFrame, columns: Sequence[str], unit: float) -> pd.DataFrame:
    """Texts of accuracies as fractions in [0, 1], missing ones as nan; `unit` is what stands for 100 % (1 or 100).

    Raises PublishedError for a cell that is no number, for one outside [0, unit], and for a column in the other unit:
    percent where fractions are expected, or fractions (not one value above 1) where percent is.
    """
    return pd.DataFrame({name: _column(path, name, rows[name], unit) for name in columns}, index=rows.index)


def _column(path: Path, name: str, texts: pd.Series, unit: float) -> NDArray[np.float64]:
    wanted, other = ("fractions", "percent") if unit == 1 else ("percent", "fractions")
    values = np.full(len(texts), np.nan)
    for place, text in enumerate(texts):
        if text in EMPTY:
            continue
        values[place] = _number(path, place, name, text, text)
        if not 0 <= values[place] <= unit:
            hint = f"; {wanted} are expected, so divide {other} by 100" if unit == 1 else ""
            raise PublishedError(
                f"{path}: record {place + 2}, column {name!r}: {text} is not between 0 and {unit:g}{hint}"
            )
    if unit == 100 and not np.nanmax(values, initial=0) > 1:
        raise PublishedError(
            f"{path}: column {name!r} has no value above 1; {wanted} is expected, so multiply {other} by 100"
        )
    return values / unit


def _number(path: Path, place: int, name: str, digits: str, text: str) -> float:
    try:
        return float(digits)
    except ValueError:
        raise PublishedError(f"{path}: record {place + 2}, column {name!r}: {text!r} is no number") from None
