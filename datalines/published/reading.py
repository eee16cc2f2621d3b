"""Reads files of published results strictly: a file that is not as expected is an error, never a different number."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datalines.config.errors import suggestion
from datalines.errors import DatalinesError

EMPTY = ("", "nan", "NaN")
SHOWN = 5


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


def check_key(path: Path, key: pd.Series) -> None:
    """Raise PublishedError where a key is empty or comes twice; the name of the series is that of its column."""
    empty = np.flatnonzero(key == "")
    if empty.size:
        raise PublishedError(f"{path}: record {int(empty[0]) + 2} has no {key.name}; give it one or remove it")
    again = sorted(set(key[key.duplicated()]))
    if again:
        more = f" and {len(again) - SHOWN} more" if len(again) > SHOWN else ""
        raise PublishedError(
            f"{path}: {key.name} {', '.join(again[:SHOWN])}{more} has several rows; keep the one that was published"
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
        try:
            values[place] = float(text)
        except ValueError:
            raise PublishedError(f"{path}: record {place + 2}, column {name!r}: {text!r} is no number") from None
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
