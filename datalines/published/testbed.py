"""The testbed's own way of drawing baselines: lines through standard models, two on ImageNet-A, and its bootstrap.

Taori et al. 2020, Measuring Robustness to Natural Distribution Shifts in Image Classification, and its testbed.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datalines.published.tidy import FULL, RESTRICTED, STANDARD_GROUP
from datalines.robustness.lines import fit_line
from datalines.robustness.transforms import AXES, Array, transform

SEED = 720257663
RESAMPLES = 1000
LEVEL = 0.95
MIN_POINTS = 3
KNEES = {FULL: 0.7613, RESTRICTED: 0.9186}
"""Accuracy of ResNet-50, at 0 % on ImageNet-A because its errors chose the images: where the line on it bends."""
LINE_COLUMNS = [
    *["source", "shift", "x_set", "axis", "part", "n", "x_min", "x_max", "slope", "slope_low", "slope_high"],
    *["intercept", "intercept_low", "intercept_high", "r2", "level", "resamples"],
]
ALL, BELOW_KNEE, ABOVE_KNEE = "all", "below-knee", "above-knee"


@dataclass(frozen=True)
class Resampled:
    """Coefficients of the lines of resampled models, (resamples,) each."""

    slopes: Array
    intercepts: Array

    def intervals(self, level: float = LEVEL) -> tuple[tuple[float, float], tuple[float, float]]:
        """Intervals of slope and intercept between observed quantiles, the lower one down and the upper one up."""
        return _outer_quantiles(self.slopes, level), _outer_quantiles(self.intercepts, level)


def standard_points(rows: pd.DataFrame, shift: str, x_set: str = FULL) -> tuple[Array, Array]:
    """x and y (n,), fractions, of the standard models that carry the line of a shift, in the table's order."""
    fitted = (rows["group"] == STANDARD_GROUP) & rows["used"] & (rows["shift"] == shift) & (rows["x_set"] == x_set)
    return rows.loc[fitted, "x"].to_numpy(dtype=np.float64), rows.loc[fitted, "y"].to_numpy(dtype=np.float64)


def two_parts(x: Array, y: Array, knee: float) -> dict[str, tuple[Array, Array]]:
    """The points on either side of a knee on x; a point at the knee itself belongs to neither."""
    below, above = x < knee, x > knee
    return {BELOW_KNEE: (x[below], y[below]), ABOVE_KNEE: (x[above], y[above])}


def resample(x: Array, y: Array, axis: str, resamples: int = RESAMPLES, seed: int = SEED) -> Resampled:
    """Least squares through points (n,) drawn with replacement, in the testbed's order of random numbers.

    Fractions strictly between 0 and 1 on both axes. The same rows in another order give other intervals. A resample of
    one distinct x, which real files never give, is nan and left out of the intervals.
    """
    picks = _picks(len(x), resamples, seed)
    at_x, at_y = transform(x, axis)[picks], transform(y, axis)[picks]
    centre_x, centre_y = at_x.mean(axis=1, keepdims=True), at_y.mean(axis=1, keepdims=True)
    products, spread = ((at_x - centre_x) * (at_y - centre_y)).sum(axis=1), ((at_x - centre_x) ** 2).sum(axis=1)
    slopes = np.divide(products, spread, out=np.full(resamples, np.nan), where=np.ptp(at_x, axis=1) > 0)
    return Resampled(slopes, centre_y[:, 0] - slopes * centre_x[:, 0])


def baseline_lines(rows: pd.DataFrame) -> pd.DataFrame:
    """The lines of the standard models of a tidy table: a row per shift, set, axis and part, columns LINE_COLUMNS.

    One line for each shift, and on ImageNet-A two more on either side of ResNet-50, which are the testbed's. Intervals
    come from `resample`. Where no standard model carries a line there is no row.
    """
    found = []
    for (source, shift, x_set), _ in rows.groupby(["source", "shift", "x_set"], sort=False):
        x, y = standard_points(rows, str(shift), str(x_set))
        parts = {ALL: (x, y)} | (two_parts(x, y, KNEES[str(x_set)]) if shift == "a" else {})
        for axis in AXES:
            for part, (part_x, part_y) in parts.items():
                if len(part_x) < MIN_POINTS:
                    continue
                keys = {"source": source, "shift": shift, "x_set": x_set, "axis": axis, "part": part}
                found.append({**keys, **_line_row(part_x, part_y, axis)})
    return pd.DataFrame(found, columns=LINE_COLUMNS)


@cache
def _picks(n: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """(resamples, n): which points each resample holds, drawn one resample after the other as the testbed does."""
    generator = np.random.RandomState(seed)
    return np.stack([generator.choice(n, n) for _ in range(resamples)])


def _line_row(x: Array, y: Array, axis: str) -> dict[str, float | int]:
    line = fit_line(x, y, axis)
    slope, intercept = resample(x, y, axis).intervals()
    return {
        "n": line.n,
        "x_min": float(x.min()),
        "x_max": float(x.max()),
        "slope": line.slope,
        "slope_low": slope[0],
        "slope_high": slope[1],
        "intercept": line.intercept,
        "intercept_low": intercept[0],
        "intercept_high": intercept[1],
        "r2": line.r2,
        "level": LEVEL,
        "resamples": RESAMPLES,
    }


def _outer_quantiles(values: Array, level: float) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low = np.quantile(known, (1 - level) / 2, method="lower")
    high = np.quantile(known, (1 + level) / 2, method="higher")
    return float(low), float(high)
