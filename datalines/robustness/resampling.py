"""Resampling with replacement, in whole arrays: how often each unit is drawn, and the lines of the drawn points.

The unit is a run (family, size, seed) with all its kept epochs wherever runs are known. Epochs of one run share their
initial weights, their data and their past, so their points lie on the same side of the true line together; drawn
one by one they count as evidence several times, and the intervals come out too narrow (test_robustness_runs measures
by how much). A point by itself is the unit where there are too few runs to draw from.
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from datalines.robustness.transforms import Array

Counts = NDArray[np.int64]
MIN_UNITS = 3  # two units give three different resamples, of which an interval would say nothing


def unit_codes(labels: Sequence[Hashable]) -> NDArray[np.int64]:
    """(n,) number of each point's unit, counted in the order of the sorted labels: no order of points matters."""
    places = {label: place for place, label in enumerate(sorted(set(labels), key=str))}
    return np.array([places[label] for label in labels], dtype=np.int64)


def point_codes(*columns: Array) -> NDArray[np.int64]:
    """(n,) number of each point in the order of its coordinates, the first column leading: every point is a unit."""
    codes = np.empty(len(columns[0]), dtype=np.int64)
    codes[np.lexsort(columns[::-1])] = np.arange(len(codes))
    return codes


def drawn_units(
    columns: Sequence[Array], keep: NDArray[np.bool_], clusters: Sequence[Hashable] | None
) -> NDArray[np.int64]:
    """(n,) number of what is drawn of each kept point, whose coordinates are columns (n,) each: its run, where
    `clusters` names those of all points, kept or not; otherwise itself."""
    if clusters is None:
        return point_codes(*columns)
    return unit_codes([label for label, kept in zip(clusters, keep, strict=True) if kept])


def draw_counts(units: int, resamples: int, seed: int) -> Counts:
    """(resamples, units) how often each unit is drawn when as many are drawn as there are; the seed decides."""
    picks = np.random.Generator(np.random.PCG64(seed)).integers(0, units, size=(resamples, units))
    return _tally(picks, np.ones_like(picks), units)


def draw_nested_counts(groups: Sequence[int], resamples: int, seed: int) -> Counts:
    """(resamples, sum of groups) counts when groups are drawn, and within each drawn group its members.

    `groups` are the numbers of members of each group, at least one; members are numbered group by group. A group that
    is drawn twice has its members drawn twice over.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    members = np.asarray(groups, dtype=np.int64)
    first = np.cumsum(members) - members
    drawn = generator.integers(0, len(members), size=(resamples, len(members)))
    place = generator.random((*drawn.shape, int(members.max())))
    picks = first[drawn][..., None] + np.floor(place * members[drawn][..., None]).astype(np.int64)
    used = np.arange(place.shape[-1]) < members[drawn][..., None]
    return _tally(picks.reshape(resamples, -1), used.reshape(resamples, -1).astype(np.int64), int(members.sum()))


def _tally(picks: Counts, weights: Counts, units: int) -> Counts:
    rows = np.arange(len(picks))[:, None] * units
    flat = np.bincount((picks + rows).ravel(), weights=weights.ravel(), minlength=len(picks) * units)
    return flat.reshape(len(picks), units).astype(np.int64)


def unit_sums(values: Array, codes: NDArray[np.int64], units: int) -> Array:
    """(units, k) sums of the rows of values (n, k) over the points of each unit."""
    sums = np.zeros((units, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums


def resampled_lines(
    counts: Counts, x: Array, y: Array, codes: NDArray[np.int64], weights: Array | None = None
) -> tuple[Array, Array]:
    """Slopes and intercepts (resamples,) of least squares of y (n,) on x (n,), one for each row of counts.

    `counts` (resamples, units) says how often each unit is drawn, `codes` (n,) which unit a point belongs to,
    `weights` (n,) what it weighs in the sum of squares (default 1). Both results are nan where a resample holds one x
    only. One matrix product of the counts with the units' sums replaces a fit each.
    """
    units = counts.shape[1]
    centre_x, centre_y = float(x.mean()), float(y.mean())
    dx, dy = x - centre_x, y - centre_y
    shares = np.ones_like(dx) if weights is None else weights
    sums = unit_sums(shares[:, None] * np.stack([np.ones_like(dx), dx, dy, dx * dx, dx * dy], axis=1), codes, units)
    n, sum_x, sum_y, sum_xx, sum_xy = (counts @ sums).T
    spread = sum_xx - sum_x * sum_x / n
    varies = _varies(counts, x, codes, units) & (spread > 0)
    slopes = np.divide(sum_xy - sum_x * sum_y / n, spread, out=np.full(len(counts), np.nan), where=varies)
    return slopes, centre_y + sum_y / n - slopes * (centre_x + sum_x / n)


def _varies(counts: Counts, x: Array, codes: NDArray[np.int64], units: int) -> NDArray[np.bool_]:
    """(resamples,) whether a resample holds two different x, judged on the points: sums leave rounding noise."""
    low, high = np.full(units, np.inf), np.full(units, -np.inf)
    np.minimum.at(low, codes, x)
    np.maximum.at(high, codes, x)
    drawn = counts > 0
    return np.where(drawn, high, -np.inf).max(axis=1) > np.where(drawn, low, np.inf).min(axis=1)
