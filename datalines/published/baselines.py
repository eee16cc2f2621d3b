"""Baselines that any accuracies can be held against: lines of standard models, with bootstrap, range and knee.

Taori et al. 2020: effective robustness is the height of a model above the line of models trained on ImageNet alone, in
percentage points. On ImageNet-A their testbed draws two lines that meet at ResNet-50, whose errors chose the images.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from datalines.published.names import EVERY_ROW, LONG, ONE_PER_MODEL
from datalines.published.reading import PublishedError
from datalines.published.testbed import ALL, KNEES, LEVEL, MIN_POINTS, Resampled, resample, standard_points, two_parts
from datalines.published.tidy import FULL, STANDARD_GROUP
from datalines.robustness.effective import joined_interval
from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.lines import Line, fit_line
from datalines.robustness.transforms import Array, inverse, transform

BENT = "a"
HELD_COLUMNS = ["expected", "er", "er_low", "er_high", "line_low", "line_high", "part", "in_range"]


@dataclass(frozen=True)
class Piece:
    """One line of a baseline, its resamples, and the x of the models behind it (fractions)."""

    part: str
    line: Line
    resampled: Resampled
    x_min: float
    x_max: float

    def band(self, x: Array, level: float) -> tuple[Array, Array]:
        """Ends of the line's heights at x (k,), as accuracies, between observed quantiles of the resamples."""
        known = np.isfinite(self.resampled.slopes)
        slopes, intercepts = self.resampled.slopes[known, None], self.resampled.intercepts[known, None]
        heights = intercepts + slopes * transform(x, self.line.axis)[None, :]
        low = np.quantile(heights, (1 - level) / 2, axis=0, method="lower")
        high = np.quantile(heights, (1 + level) / 2, axis=0, method="higher")
        return inverse(low, self.line.axis), inverse(high, self.line.axis)


@dataclass(frozen=True)
class Baseline:
    """The line (or the two lines beside a knee) of standard models on one shift, set and axis."""

    name: str
    shift: str
    x_set: str
    axis: str
    models: str
    pieces: tuple[Piece, ...]
    knee: float | None
    n_x: int
    n_y: int

    @property
    def n(self) -> int:
        """Rows behind the lines."""
        return sum(piece.line.n for piece in self.pieces)

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest x of the rows behind the lines, fractions; beyond them a line is extrapolated."""
        return min(piece.x_min for piece in self.pieces), max(piece.x_max for piece in self.pieces)

    def sides(self, x: Array) -> list[tuple[Piece, NDArray[np.bool_]]]:
        """Each line with the mask (k,) of the x that it is for; at the knee itself the line above it counts."""
        if self.knee is None:
            return [(self.pieces[0], np.ones(len(x), dtype=np.bool_))]
        below, above = self.pieces
        return [(below, x < self.knee), (above, x >= self.knee)]

    def predict(self, x: ArrayLike) -> Array:
        """Accuracies (k,) on the line at x (k,), fractions."""
        at = np.asarray(x, dtype=np.float64)
        expected = np.full(len(at), np.nan)
        for piece, chosen in self.sides(at):
            expected[chosen] = piece.line.predict(at[chosen])
        return expected

    def inside(self, x: ArrayLike) -> NDArray[np.bool_]:
        """(k,) whether x lies within the range."""
        low, high = self.range
        at = np.asarray(x, dtype=np.float64)
        return (at >= low) & (at <= high)


def chosen_models(rows: pd.DataFrame, models: str) -> pd.DataFrame:
    """The rows of all models (`all`), or of each model `<name>@<size>` the one at the smallest size (`one-per-model`).

    Rows of one network at several image sizes share weights and are no independent evidence for a line. Names without
    a size are one model each. The order of the rows stays.
    """
    if models == EVERY_ROW:
        return rows
    parts = rows["model"].str.extract(r"^(?P<name>.*?)(?:@(?P<size>\d+))?$")
    sizes = pd.to_numeric(parts["size"]).fillna(0)
    return rows[sizes == sizes.groupby(parts["name"]).transform("min")]


def shifts_of(rows: pd.DataFrame) -> list[str]:
    """Names of the shifts that a tidy table has."""
    return [LONG.get(shift, shift) for shift in dict.fromkeys(rows["shift"])]


def baseline_of(
    rows: pd.DataFrame,
    name: str,
    shift: str,
    x_set: str = FULL,
    axis: str = "logit",
    models: str = ONE_PER_MODEL,
    one_line: bool = False,
) -> Baseline:
    """The baseline of a tidy table (see `tidy.COLUMNS`) on a shift: least squares, and the testbed's bootstrap.

    `models` as for `chosen_models`; where no model has several rows, the baseline says `one-per-model`. `one_line`
    draws a single line on ImageNet-A too, where the testbed draws two. Raises PublishedError for a shift or set that
    the table has not, and for fewer than three rows behind a line.
    """
    on = rows[rows["shift"] == shift]
    if on.empty:
        raise PublishedError(f"{name} has no {LONG.get(shift, shift)}; write one of {', '.join(shifts_of(rows))}")
    on = on[on["x_set"] == x_set]
    if on.empty:
        raise PublishedError(f"{name} has no in-distribution set {x_set} for {LONG.get(shift, shift)}; write {FULL}")
    standard = on[on["group"] == STANDARD_GROUP]
    if len(chosen_models(standard, ONE_PER_MODEL)) == len(standard):
        models = ONE_PER_MODEL
    x, y = standard_points(chosen_models(standard, models), shift, x_set)
    knee = KNEES[x_set] if shift == BENT and not one_line else None
    parts = {ALL: (x, y)} if knee is None else two_parts(x, y, knee)
    for part, (part_x, _) in parts.items():
        if len(part_x) < MIN_POINTS:
            raise PublishedError(f"{name}, {shift}, part {part}: {len(part_x)} rows, and a line needs {MIN_POINTS}")
    pieces = tuple(_piece(part, *points, axis) for part, points in parts.items())
    sizes = on.iloc[0]
    return Baseline(name, shift, x_set, axis, models, pieces, knee, int(sizes["n_x"]), int(sizes["n_y"]))


def hold(
    baseline: Baseline, x: ArrayLike, y: ArrayLike, n_x: ArrayLike, n_y: ArrayLike, level: float = LEVEL
) -> pd.DataFrame:
    """Points (k,) held against a baseline: a row each, columns HELD_COLUMNS.

    x and y are fractions, right answers out of n_x and n_y images (one number, or one for each point). `expected` is
    the line's accuracy at x; `er` and all ends are percentage points. `er_low` and `er_high` join three independent
    causes as by Zou and Donner 2008: the models behind the line (the testbed's bootstrap) and the exact binomial errors
    of x and of y; `line_low` and `line_high` have the first alone. A point keeps the line of its side of the knee.
    """
    at, right = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    x_ends, y_ends = _binomial(at, n_x, level), _binomial(right, n_y, level)
    expected = baseline.predict(at)
    found = pd.DataFrame(np.nan, index=range(len(at)), columns=HELD_COLUMNS).astype({"part": object})
    for piece, chosen in baseline.sides(at):
        if not chosen.any():
            continue
        band = piece.band(at[chosen], level)
        moved = piece.line.predict(x_ends[0][chosen]), piece.line.predict(x_ends[1][chosen])
        ends = y_ends[0][chosen], y_ends[1][chosen]
        er, low, high = joined_interval(right[chosen], ends, expected[chosen], [band, moved])
        found.loc[chosen, ["er", "er_low", "er_high"]] = 100 * np.stack([er, low, high], axis=1)
        found.loc[chosen, ["line_low", "line_high"]] = 100 * (right[chosen, None] - np.stack(band[::-1], axis=1))
        found.loc[chosen, "part"] = piece.part
    return found.assign(expected=expected, in_range=baseline.inside(at))


def _piece(part: str, x: Array, y: Array, axis: str) -> Piece:
    return Piece(part, fit_line(x, y, axis), resample(x, y, axis), float(x.min()), float(x.max()))


def _binomial(accuracy: Array, n: ArrayLike, level: float) -> tuple[Array, Array]:
    total = np.broadcast_to(np.asarray(n, dtype=np.float64), accuracy.shape)
    return clopper_pearson(np.round(accuracy * total), total, level)
