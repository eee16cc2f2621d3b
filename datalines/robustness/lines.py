"""Straight lines through a family's points on transformed axes, their bootstrap, and effective robustness.

Taori et al. 2020 and their testbed: ordinary least squares of T(y) on T(x), points that become infinite left
out, percentile intervals over resamples with replacement, and effective robustness as the height of a point above
the baseline's line on the untransformed scale. They resample models; here these are runs, whose epochs stay together.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datalines.robustness.intervals import percentile_interval
from datalines.robustness.resampling import MIN_UNITS, Counts, draw_counts, drawn_units, resampled_lines
from datalines.robustness.transforms import Array, inverse, transform


@dataclass(frozen=True)
class Line:
    """T(y) = intercept + slope * T(x); slope and intercept are nan where no line is defined."""

    axis: str
    slope: float
    intercept: float
    r2: float
    n: int
    dropped: int

    def predict(self, x: ArrayLike) -> Array:
        """Accuracy in [0, 1] on the line at reference accuracies x in [0, 1]; same shape as x."""
        return inverse(self.intercept + self.slope * transform(x, self.axis), self.axis)


@dataclass(frozen=True)
class Bootstrap:
    """Lines of resampled points. Degenerate resamples (one distinct x only) have nan lines and are counted."""

    axis: str
    slopes: Array  # (resamples,)
    intercepts: Array  # (resamples,)
    counts: Counts  # (resamples, units): how often each resample holds each run, or each point
    codes: NDArray[np.int64]  # (n,): the unit of each usable point, in the order in which the points were given
    degenerate: int

    @property
    def weights(self) -> Counts:
        """(resamples, n) how often each resample holds each usable point."""
        return self.counts[:, self.codes]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(resamples,) mask of the resamples that have a line."""
        return np.isfinite(self.slopes)

    def slope_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Percentile interval of the slope over the valid resamples."""
        return percentile_interval(self.slopes[self.valid], level)

    def intercept_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Percentile interval of the intercept over the valid resamples."""
        return percentile_interval(self.intercepts[self.valid], level)

    def band(self, x: ArrayLike, level: float = 0.95) -> tuple[Array, Array]:
        """Pointwise percentile band of the line at reference accuracies x (k,), as accuracies, two of (k,)."""
        at = transform(x, self.axis)
        heights = self.intercepts[self.valid, None] + self.slopes[self.valid, None] * at[None, :]
        low, high = np.quantile(heights, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return inverse(low, self.axis), inverse(high, self.axis)


def usable(x: ArrayLike, y: ArrayLike, axis: str = "probit", floor: float = 0.0) -> NDArray[np.bool_]:
    """(n,) mask of the points a line may go through: finite on both axes and x at or above the floor."""
    finite = np.isfinite(transform(x, axis)) & np.isfinite(transform(y, axis))
    return finite & (np.asarray(x, dtype=np.float64) >= floor)


def _least_squares(x: Array, y: Array) -> tuple[Array, Array]:
    """Slopes and intercepts of OLS along the last axis; nan where x does not vary."""
    centre_x, centre_y = x.mean(-1, keepdims=True), y.mean(-1, keepdims=True)
    spread = ((x - centre_x) ** 2).sum(-1)
    # Equal numbers leave rounding noise in the spread, so "does not vary" is judged on the points themselves.
    varies = x.max(-1) > x.min(-1)
    products = ((x - centre_x) * (y - centre_y)).sum(-1)
    slope = np.divide(products, spread, out=np.full_like(spread, np.nan), where=varies & (spread > 0))
    return slope, centre_y[..., 0] - slope * centre_x[..., 0]


def fit_line(x: ArrayLike, y: ArrayLike, axis: str = "probit", floor: float = 0.0) -> Line:
    """OLS line through accuracies x (n,) and y (n,) in [0, 1] on the named axis.

    Points that become infinite or lie below the floor on x are left out and counted in `dropped`. With fewer
    than two usable points, or one distinct x, slope, intercept and r2 are nan. r2 is nan where y does not vary.
    """
    keep = usable(x, y, axis, floor)
    n, dropped = int(keep.sum()), int((~keep).sum())
    if n < 2:
        return Line(axis, float("nan"), float("nan"), float("nan"), n, dropped)
    at_x = transform(np.asarray(x, dtype=np.float64)[keep], axis)
    at_y = transform(np.asarray(y, dtype=np.float64)[keep], axis)
    slope, intercept = _least_squares(at_x, at_y)
    total = float(((at_y - at_y.mean()) ** 2).sum())
    residual = float(((at_y - intercept - slope * at_x) ** 2).sum())
    r2 = 1 - residual / total if total > 0 else float("nan")
    return Line(axis, float(slope), float(intercept), r2, n, dropped)


def bootstrap_lines(
    x: ArrayLike,
    y: ArrayLike,
    axis: str = "probit",
    floor: float = 0.0,
    resamples: int = 1000,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
) -> Bootstrap | None:
    """Refit the line on resamples of the usable points; None with fewer than three of what is drawn.

    `clusters` (n,) names the run of each point: whole runs are drawn with replacement, with all their points, because
    epochs of one run share weights, data and past, and are no independent evidence. Without it every point is drawn
    by itself. The order of the points does not matter. The same seed and number of units give the same draws, so
    statistics of one family that are computed apart (its line here, its effective robustness there) share them.
    """
    keep = usable(x, y, axis, floor)
    at_x = transform(np.asarray(x, dtype=np.float64)[keep], axis)
    at_y = transform(np.asarray(y, dtype=np.float64)[keep], axis)
    codes = drawn_units((at_x, at_y), keep, clusters)
    units = int(codes.max(initial=-1)) + 1
    if units < MIN_UNITS:
        return None
    counts = draw_counts(units, resamples, seed)
    order = np.lexsort((at_y, at_x, codes))  # sums of floats depend on their order in the last digit
    slopes, intercepts = resampled_lines(counts, at_x[order], at_y[order], codes[order])
    return Bootstrap(axis, slopes, intercepts, counts, codes, int((~np.isfinite(slopes)).sum()))


def effective_robustness(x: ArrayLike, y: ArrayLike, baseline: Line) -> Array:
    """Height of each point above the baseline line, in percentage points: 100 * (y - T^-1(a + b T(x)))."""
    return 100 * (np.asarray(y, dtype=np.float64) - baseline.predict(x))


def mean_effective_robustness(
    x: ArrayLike, y: ArrayLike, baseline: Line, own: Bootstrap | None, base: Bootstrap | None, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean effective robustness of usable points x, y (n,) and its percentile interval, in percentage points.

    Both sources of chance enter the interval: resample b of the family (`own`) is held against resample b of the
    baseline's line (`base`). The interval is nan when either is None; all are nan without a line or a point.
    """
    heights = effective_robustness(x, y, baseline)
    mean = float(heights.mean()) if heights.size else float("nan")
    if own is None or base is None or not np.isfinite(mean):
        return mean, float("nan"), float("nan")
    lines = base.intercepts[:, None] + base.slopes[:, None] * transform(x, baseline.axis)
    above = 100 * (np.asarray(y, dtype=np.float64) - inverse(lines, baseline.axis))
    return mean, *mean_interval(above, own.weights, level)


def mean_interval(above: Array, weights: Counts, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of the weighted means of the rows of above (resamples, n); rows that are nan are left out."""
    total = weights.sum(axis=1)
    means = np.divide((weights * above).sum(axis=1), total, out=np.full(len(above), np.nan), where=total > 0)
    return percentile_interval(means[np.isfinite(means)], level)
