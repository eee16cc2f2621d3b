"""Planes through points on several in-distribution sets: T(y) = a + b_1 T(x_1) + ... + b_k T(x_k).

Shi et al. 2023 ("Effective Robustness against Natural Distribution Shifts for Models with Different Training Data"):
a model trained on other data than the baseline may owe its height above the baseline's line to the one set that was
called in-distribution, so accuracies on several such sets are controlled for.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datalines.robustness.resampling import MIN_UNITS, Counts, draw_counts, drawn_units, unit_sums
from datalines.robustness.transforms import Array, inverse, transform

CONDITION_LIMIT = 30.0
"""Above it, two sets say nearly the same and their coefficients are chance (the usual rule of Belsley et al. 1980).
For two sets with correlation r the condition number is sqrt((1 + r) / (1 - r)), so the limit lies at r = 0.998."""


@dataclass(frozen=True)
class Plane:
    """Coefficients (k + 1,), intercept first; nan where `condition` is above the limit or there are too few points.

    `low` and `high` (k,) end the accuracies of the points behind it on each set, `resampled` (resamples, k + 1) are the
    planes of resampled runs, nan where a resample is collinear; None below three units, or without a plane.
    """

    axis: str
    coefficients: Array
    condition: float
    n: int
    low: Array
    high: Array
    resampled: Array | None

    @property
    def identified(self) -> bool:
        """Whether there is a plane to measure from."""
        return bool(np.isfinite(self.coefficients).all())

    def predict(self, x: Array) -> Array:
        """(n,) accuracies on the plane at accuracies x (n, k), fractions."""
        return inverse(self.coefficients[0] + transform(x, self.axis) @ self.coefficients[1:], self.axis)

    def predict_resampled(self, x: Array) -> Array:
        """(resamples, n) accuracies on the resampled planes at x (n, k); nan for collinear resamples."""
        if self.resampled is None:
            return np.full((0, len(x)), np.nan)
        heights = self.resampled[:, :1] + self.resampled[:, 1:] @ transform(x, self.axis).T
        return inverse(heights, self.axis)

    def inside(self, x: Array) -> NDArray[np.bool_]:
        """(n,) whether x (n, k) lies within the accuracies of the points behind the plane on every set."""
        return np.asarray(((x >= self.low) & (x <= self.high)).all(axis=1), dtype=np.bool_)


def condition_number(x: Array) -> float:
    """Condition number of the columns of x (n, k), each centred and scaled to unit length; inf if one is constant."""
    spread = x - x.mean(axis=0)
    length = np.sqrt((spread**2).sum(axis=0))
    if (length <= 1e-12 * np.abs(x).max(axis=0)).any():
        return float("inf")
    singular = np.linalg.svd(spread / length, compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] > 0 else float("inf")


def usable_beside(x: Array, y: Array, axis: str, floor: float = 0.0) -> NDArray[np.bool_]:
    """(n,) mask of the points a plane may go through: finite on all axes, and x[:, 0] at or above the floor."""
    finite = np.isfinite(transform(x, axis)).all(axis=1) & np.isfinite(transform(y, axis))
    return np.asarray(finite & (x[:, 0] >= floor), dtype=np.bool_)


def fit_plane(
    x: Array,
    y: Array,
    axis: str = "probit",
    floor: float = 0.0,
    resamples: int = 1000,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
) -> Plane:
    """OLS of T(y) (n,) on T(x) (n, k), accuracies as fractions, x[:, 0] being the reference set.

    Points are left out as for lines. With fewer than k + 2 usable points, or a condition number of the sets above
    CONDITION_LIMIT, the coefficients are nan. `clusters` (n,) are the runs of the points, as in `bootstrap_lines`.
    """
    keep = usable_beside(x, y, axis, floor)
    kept = x[keep]
    n, k = kept.shape
    if n < k + 2:
        nothing = np.full(k, np.nan)
        return Plane(axis, np.full(k + 1, np.nan), float("nan"), n, nothing, nothing, None)
    at_x, at_y = transform(kept, axis), transform(y[keep], axis)
    condition, low, high = condition_number(at_x), kept.min(axis=0), kept.max(axis=0)
    if condition > CONDITION_LIMIT:
        return Plane(axis, np.full(k + 1, np.nan), condition, n, low, high, None)
    codes = drawn_units((*at_x.T, at_y), keep, clusters)
    units = int(codes.max()) + 1
    order = np.lexsort((at_y, *at_x.T, codes))
    everything = np.ones((1, units), dtype=np.int64)
    coefficients = _planes(everything, at_x[order], at_y[order], codes[order])[0]
    resampled = None
    if units >= MIN_UNITS:
        resampled = _planes(draw_counts(units, resamples, seed), at_x[order], at_y[order], codes[order])
    return Plane(axis, coefficients, condition, n, low, high, resampled)


def _planes(counts: Counts, x: Array, y: Array, codes: NDArray[np.int64]) -> Array:
    """(resamples, k + 1) OLS coefficients for each row of counts (resamples, units), from sums over the units."""
    k, units = x.shape[1], counts.shape[1]
    centre, scale = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    products = (design[:, :, None] * np.column_stack([design, y])[:, None, :]).reshape(len(x), -1)
    sums = (counts @ unit_sums(products, codes, units)).reshape(len(counts), k + 1, k + 2)
    squares, right = sums[:, :, :-1], sums[:, :, -1:]
    n, first = squares[:, 0, 0], squares[:, 0, 1:]
    about = squares[:, 1:, 1:] - first[:, :, None] * first[:, None, :] / n[:, None, None]
    length = np.sqrt(np.maximum(np.einsum("bii->bi", about), 1e-300))
    eigen = np.linalg.eigvalsh(about / (length[:, :, None] * length[:, None, :]))
    sound = eigen[:, 0] * CONDITION_LIMIT**2 > eigen[:, -1]
    found = np.full((len(counts), k + 1), np.nan)
    found[sound] = np.linalg.solve(squares[sound], right[sound])[..., 0]
    slopes = found[:, 1:] / scale
    return np.column_stack([found[:, 0] - slopes @ centre, slopes])
