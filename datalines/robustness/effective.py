"""Effective robustness of every single point: above a baseline's line, and above a plane over several sets.

Taori et al. 2020: the height of a model above the line of standard models, in percentage points. Shi et al. 2023: the
height above a plane through the same models over several in-distribution sets, for models trained on other data.

What is in an interval: the exact binomial errors of the point's accuracies on the shift and on the in-distribution
sets, and the chance of the runs behind the line or plane (percentiles of its resamples at the point). The three are
independent and joined as by Zou and Donner 2008: each end is the estimate plus or minus the root of the summed
squares of the distances from the estimate to the parts' own ends. Not in it: the chance of the point's own training
run, which one run cannot show; compare seeds, or read the families' intervals in the table of fits.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from datalines.errors import DatalinesError
from datalines.robustness.families import Base, base_of, experiment_points, warn_of_collinear
from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.planes import Plane
from datalines.robustness.points import set_accuracies
from datalines.robustness.transforms import Array

EFFECTIVE_COLUMNS = [
    *["kind", "family", "size", "samples", "seed", "epoch", "weight", "shift", "axis"],
    *["x", "x_low", "x_high", "y", "y_low", "y_high", "baseline", "er", "er_low", "er_high", "in_range"],
    *["er_multi", "er_multi_low", "er_multi_high", "in_range_multi", "condition"],
]
Three = tuple[Array, Array, Array]


def joined_interval(y: Array, on_y: tuple[Array, Array], on: Array, parts: Sequence[tuple[Array, Array]]) -> Three:
    """y - on and its interval, all (n,): `on_y` are the ends of y, each of `parts` the ends of `on` for one cause.

    An end of a part that lies on the wrong side of the estimate adds nothing on that side.
    """
    above = y - on
    down, up = (y - on_y[0]) ** 2, (on_y[1] - y) ** 2
    for ends in parts:
        low, high = np.minimum(*ends), np.maximum(*ends)
        down, up = down + np.maximum(high - on, 0) ** 2, up + np.maximum(on - low, 0) ** 2
    return above, above - np.sqrt(down), above + np.sqrt(up)


def _ends(accuracy: Array, n: Array, level: float) -> tuple[Array, Array]:
    return clopper_pearson(np.round(accuracy * n), n, level)


def _above_line(points: pd.DataFrame, base: Base, level: float) -> Three:
    """Heights above the baseline's line and their intervals, percentage points; ends are nan without resamples."""
    x, y = points["x"].to_numpy(dtype=float), points["y"].to_numpy(dtype=float)
    nothing = np.full(len(x), np.nan)
    if base.fit is None:
        return nothing, nothing, nothing
    line, resampled = base.fit.line, base.fit.resampled
    if resampled is None:
        return 100 * (y - line.predict(x)), nothing, nothing
    x_low, x_high = _ends(x, points["x_n"].to_numpy(dtype=float), level)
    parts = [(line.predict(x_low), line.predict(x_high)), resampled.band(x, level)]
    ends = _ends(y, points["n"].to_numpy(dtype=float), level)
    above, low, high = joined_interval(y, ends, line.predict(x), parts)
    return 100 * above, 100 * low, 100 * high


def _above_plane(points: pd.DataFrame, plane: Plane | None, sets: Sequence[str], level: float) -> Three:
    """Heights above the plane and their intervals, percentage points; all nan where the sets are collinear."""
    y = points["y"].to_numpy(dtype=float)
    nothing = np.full(len(y), np.nan)
    if plane is None or not plane.identified:
        return nothing, nothing, nothing
    x = set_accuracies(points, sets)
    on = plane.predict(x)
    if plane.resampled is None:
        return 100 * (y - on), nothing, nothing
    heights = plane.predict_resampled(x)
    sound = heights[np.isfinite(heights).all(axis=1)]
    low, high = np.quantile(sound, [(1 - level) / 2, (1 + level) / 2], axis=0) if len(sound) else (nothing, nothing)
    parts = [(low, high)]
    counts = points[["x_n", *(f"n {name}" for name in sets[1:])]].to_numpy(dtype=float)
    for place in range(x.shape[1]):
        moved = []
        for end in _ends(x[:, place], counts[:, place], level):
            other = x.copy()
            other[:, place] = end
            moved.append(plane.predict(other))
        parts.append((moved[0], moved[1]))
    ends = _ends(y, points["n"].to_numpy(dtype=float), level)
    above, low, high = joined_interval(y, ends, on, parts)
    return 100 * above, 100 * low, 100 * high


def _measured(points: pd.DataFrame, base: Base, experiment: Mapping[str, Any]) -> pd.DataFrame:
    """The table's rows of the points on one shift."""
    level = float(experiment["level"])
    sets = (experiment.get("in_distribution") or {}).get("sets", [])
    er, multi = _above_line(points, base, level), _above_plane(points, base.plane, sets, level)
    inside = base.inside(points["x"].to_numpy(dtype=float))
    box = base.plane.inside(set_accuracies(points, sets)) if base.plane is not None else None
    return points.assign(
        axis=experiment["axis"],
        baseline=base.name,
        **dict(zip(["er", "er_low", "er_high"], er, strict=True)),
        **dict(zip(["er_multi", "er_multi_low", "er_multi_high"], multi, strict=True)),
        in_range=pd.array([pd.NA] * len(points) if inside is None else inside, dtype="boolean"),
        in_range_multi=pd.array([pd.NA] * len(points) if box is None else box, dtype="boolean"),
        condition=base.plane.condition if base.plane is not None else np.nan,
    )


def effective_points(records: pd.DataFrame, experiment: Mapping[str, Any]) -> pd.DataFrame:
    """One row per (model or ensemble point, declared shift) on the experiment's axis, columns EFFECTIVE_COLUMNS.

    Rows come in the order of the shifts, then by kind, family, size, seed, epoch and weight. Points of all weights and
    below the floor have rows, too; `x`, `y` and their exact intervals are fractions as in the records, `er` and
    `er_multi` percentage points with intervals at the experiment's level. `in_range` says whether x lies within the
    points behind the baseline's line, `in_range_multi` whether a point lies within the accuracies of the plane's
    families on every in-distribution set: outside, the line or plane is extrapolated. Columns are empty where no
    baseline or no in_distribution is declared, er_multi also where the sets are collinear (`condition`).
    """
    name, groups = experiment_points(records, experiment)
    axis, shifts = str(experiment["axis"]), list(experiment["shifts"])
    bases = {(shift, axis): base_of(groups, name, experiment, shift, axis) for shift in shifts}
    warn_of_collinear(bases, name, experiment)
    rows = []
    for shift in shifts:
        drawn = [points for (kind, _, on), points in groups.items() if kind != "line" and on == shift]
        if not drawn:
            raise DatalinesError(f"records: experiment {name} declares shift {shift} but has no row on it")
        rows.append(_measured(pd.concat(drawn, ignore_index=True), bases[shift, axis], experiment))
    return pd.concat(rows, ignore_index=True).reindex(columns=EFFECTIVE_COLUMNS)
