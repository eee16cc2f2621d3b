"""What the talk (Fang et al. 2022 and what it presents) draws from published results: who is shown, and averages.

The scatter plots of the robustness testbed (Taori et al. 2020) show every model that is at or above the shift's floor
on the shift's own classes, unless its name holds `subsample`; a few of the standard ones do not carry the line.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from datalines.published.reading import PublishedError
from datalines.published.testbed_file import FLOORS
from datalines.published.tidy import COLUMNS, FULL, RESTRICTED, STANDARD_GROUP

ROBUST, ADVERSARIAL, MORE_DATA = "robust", "adversarial", "more-data"
SHOWN_GROUPS = (STANDARD_GROUP, ROBUST, MORE_DATA)
ADVERSARIAL_NAMES = r"adv_trained|adv-train|_robust$|smoothing_noise|smoothing_adversarial"
"""Models that the testbed counts as Lp adversarially robust: adversarial training and randomised smoothing."""

AVERAGE = "average"
AVERAGED = ("v2", "sketch", "r", "a")
"""The shifts of both published files; ObjectNet is in the testbed alone."""

SWAPPED = "sketch-above-v2"


def own_set(shift: str) -> str:
    """The in-distribution set that the testbed puts on the horizontal axis of a shift."""
    return RESTRICTED if shift in ("r", "objectnet", "a") else FULL


def shown_models(rows: pd.DataFrame, shift: str, adversarial: bool = False) -> pd.DataFrame:
    """The models that the testbed's plot of a shift shows, in the table's order, with the columns `kind` and `fitted`.

    `rows` is the tidy table of the testbed. `kind` is standard, robust or more-data; with `adversarial`, models made
    robust to Lp perturbations are set apart from other interventions. `fitted` models carry the line. Models without a
    number on one of the two sets, or at 0 or 100 % on one, are not shown. Raises PublishedError where none is left.
    """
    on = rows[(rows["shift"] == shift) & (rows["x_set"] == own_set(shift)) & rows["group"].isin(SHOWN_GROUPS)]
    inside = on["x"].between(0, 1, "neither") & on["y"].between(0, 1, "neither")
    on = on[inside & (on["x"] >= FLOORS[shift])]
    if on.empty:
        raise PublishedError(f"no model on {shift} against {own_set(shift)}; the testbed's table has these columns")
    apart = (on["group"] == ROBUST) & on["model"].str.contains(ADVERSARIAL_NAMES) & adversarial
    fitted = (on["group"] == STANDARD_GROUP) & on["used"].astype(bool)
    return on.assign(kind=on["group"].mask(apart, ADVERSARIAL), fitted=fitted).reset_index(drop=True)


def averages(rows: pd.DataFrame, shifts: Sequence[str] = AVERAGED, swapped: bool = False) -> pd.DataFrame:
    """The plain mean of every model's accuracies over some shifts, as rows of a shift `average` (see `tidy.COLUMNS`).

    x is the accuracy on all of ImageNet, y the mean of fractions with equal weights, n_y the images of all sets. Models
    without a usable number on one of the shifts have no row. With `swapped`, models that are left out because columns
    of theirs changed places are kept, unused as they are: an average over these columns does not depend on it.
    """
    on = rows[(rows["x_set"] == FULL) & rows["shift"].isin(shifts)]
    kept = on["used"].astype(bool) | ((on["reason"] == SWAPPED) & swapped)
    groups = on[kept].groupby(["source", "model"], sort=False)
    found = groups.first().assign(y=groups["y"].mean(), n_y=groups["n_y"].sum(), shift=AVERAGE)
    found = found[groups["shift"].nunique() == len(shifts)].reset_index()
    if found.empty:
        raise PublishedError(f"no model has a usable number on all of {', '.join(shifts)}")
    return found[COLUMNS]


def named(rows: pd.DataFrame, model: str, shift: str, x_set: str = FULL) -> pd.Series:
    """The one row of a model on a shift. Raises PublishedError where there is none."""
    found = rows[(rows["model"] == model) & (rows["shift"] == shift) & (rows["x_set"] == x_set)]
    if len(found) != 1:
        raise PublishedError(f"{len(found)} rows of model {model} on {shift} against {x_set}; one is needed")
    return found.iloc[0]


def spread(heights: pd.DataFrame, by: str, column: str = "er") -> pd.DataFrame:
    """n, mean, lowest and highest of a column, and the share above 0, for every value of `by` in order."""
    groups = heights.groupby(by, sort=False)[column]
    told = groups.agg(n="size", mean="mean", low="min", high="max")
    return told.assign(above=groups.agg(lambda values: float(np.mean(values > 0)))).reset_index()
