"""The one form of published results: a row per model, shift, and set that the horizontal axis is measured on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from datalines.published.reading import PublishedError

COLUMNS = [
    *["source", "model", "group", "dataset", "technique", "shift", "x_set", "n_x", "n_y", "x", "y", "used", "reason"],
]
"""Columns of a tidy table. x and y are fractions of n_x and n_y images; `reason` is empty where `used` is true."""

FULL, RESTRICTED = "full", "class-restricted"
STANDARD_GROUP = "standard"
MISSING, EDGE = "missing", "at-0-or-100"


class Pair(NamedTuple):
    """One shift against one in-distribution set, as columns of a file and numbers of images."""

    shift: str
    x_set: str
    x: str
    y: str
    n_x: int
    n_y: int


def pair_rows(source: str, models: pd.DataFrame, values: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """Rows of one pair for all models, in their order; rows without a number or at 0 or 100 % are marked unused.

    `models` (k rows) has the columns model, group, dataset, technique; `values` (k rows) has accuracies as fractions.
    """
    x, y = values[pair.x].to_numpy(), values[pair.y].to_numpy()
    edge = np.isin(x, [0.0, 1.0]) | np.isin(y, [0.0, 1.0])
    reason = np.select([np.isnan(x) | np.isnan(y), edge], [MISSING, EDGE], "")
    named = models.assign(source=source, shift=pair.shift, x_set=pair.x_set, n_x=pair.n_x, n_y=pair.n_y)
    return named.assign(x=x, y=y, used=reason == "", reason=reason)[COLUMNS]


def mark(rows: pd.DataFrame, where: pd.Series, reason: str) -> pd.DataFrame:
    """The rows with those of `where` that are still used marked as unused for a reason."""
    hit = where & rows["used"]
    return rows.assign(used=rows["used"] & ~hit, reason=rows["reason"].mask(hit, reason))


def counts(rows: pd.DataFrame) -> list[dict[str, str | int]]:
    """How many rows of each shift, set and group are used, and how many are not, by reason; in the table's order."""
    keys = ["shift", "x_set", "group", "reason"]
    found = rows.groupby(keys, sort=False).size().rename("rows").reset_index()
    return [{**{key: str(row[key]) for key in keys}, "rows": int(row["rows"])} for row in found.to_dict("records")]


def of_groups(rows: pd.DataFrame, groups: Sequence[str], key: str) -> pd.DataFrame:
    """The rows of some groups of models, all of them where none is named; `key` is the config's, for a message."""
    known = list(dict.fromkeys(rows["group"]))
    unknown = [group for group in groups if group not in known]
    if unknown:
        raise PublishedError(f"{key}: {', '.join(unknown)} is no group of this file; write some of {', '.join(known)}")
    return rows[rows["group"].isin(groups)] if groups else rows
