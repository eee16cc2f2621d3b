"""Lines of families with the scatter of their runs: heights and slopes that can be compared, by the jackknife.

A run (family, size, seed) with all its kept epochs is the unit: its epochs share weights, data and past. The variance
of a line's height or slope is that of the delete-one-run jackknife, (R - 1) / R times the sum over runs of the squared
distance of the estimate without that run from the mean of these estimates, on R - 1 degrees of freedom. It needs no
random numbers, so that anyone who recomputes it gets the same digits, and it does not shrink with few runs as the
spread of resampled lines does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datalines.claims.bounds import MIN_RUNS, Component, Estimate, Unknown
from datalines.robustness.jackknife import jackknife_variance
from datalines.robustness.lines import fit_line, usable
from datalines.robustness.points import join_points, line_points
from datalines.robustness.resampling import resampled_lines, unit_codes
from datalines.robustness.transforms import Array, inverse, transform

Quantity = Literal["height", "slope"]
RUN = ["family", "size", "seed"]


def jackknife(without: Array) -> Component:
    """Variance component of an estimate whose values with each run (R,) left out are given; nan below MIN_RUNS runs."""
    return Component(jackknife_variance(without), len(without))


@dataclass(frozen=True)
class RunLine:
    """A family's line on one shift: usable points on the axis (n,), and the line with each run (R,) left out."""

    family: str
    axis: str
    x: Array
    y: Array
    runs: tuple[tuple[Any, ...], ...]
    slope: float
    intercept: float
    slopes: Array
    intercepts: Array

    @property
    def low(self) -> float:
        """Smallest reference accuracy of a point, on the axis."""
        return float(self.x.min())

    @property
    def high(self) -> float:
        """Largest reference accuracy of a point, on the axis."""
        return float(self.x.max())

    def height(self, at: float) -> Estimate:
        """Accuracy on the line, in percent, at the reference accuracy `at` (on the axis)."""
        without = 100 * inverse(self.intercepts + self.slopes * at, self.axis)
        return Estimate(float(100 * inverse(self.intercept + self.slope * at, self.axis)), (jackknife(without),))

    def steepness(self) -> Estimate:
        """The slope, in units of the axis on both sides."""
        return Estimate(self.slope, (jackknife(self.slopes),))


def through(points: pd.DataFrame, family: str, axis: str, floor: float) -> RunLine | Unknown:
    """The line through joined points of one shift (`join_points`); Unknown, with the reason, where there is none."""
    x, y = points["x"].to_numpy(dtype=float), points["y"].to_numpy(dtype=float)
    keep = usable(x, y, axis, floor)
    line = fit_line(x, y, axis, floor)
    if not np.isfinite(line.slope):
        return Unknown(f"{family} has {line.n} usable point(s), too few for a line")
    labels = list(points.loc[keep, RUN].itertuples(index=False, name=None))
    codes = unit_codes(labels)
    at_x, at_y = transform(x[keep], axis), transform(y[keep], axis)
    slopes, intercepts = _left_out(at_x, at_y, codes)
    return RunLine(
        family, axis, at_x, at_y, tuple(sorted(set(labels), key=str)), line.slope, line.intercept, slopes, intercepts
    )


def _left_out(x: Array, y: Array, codes: NDArray[np.int64]) -> tuple[Array, Array]:
    """Slopes and intercepts (R,) with each run left out."""
    runs = int(codes.max()) + 1
    if runs < MIN_RUNS:
        return np.full(runs, np.nan), np.full(runs, np.nan)
    return resampled_lines(1 - np.eye(runs, dtype=np.int64), x, y, codes)


class Lines:
    """The lines of one experiment: of its families, its merged lines and its ensembles, by name and shift."""

    def __init__(self, records: pd.DataFrame, experiment: Mapping[str, Any]) -> None:
        """`records` are the experiment's rows, `experiment` its entry of the configuration with all keys."""
        self.records, self.experiment = records, experiment
        self.axis, self.floor = str(experiment["axis"]), float(experiment["floor"])
        self._found: dict[tuple[str, str], RunLine | Unknown] = {}

    @cached_property
    def _points(self) -> dict[tuple[str, str], pd.DataFrame]:
        points = join_points(self.records, self.experiment["reference"])
        return {(str(family), str(shift)): rows for (family, shift), rows in points.groupby(["family", "shift"])}

    def points(self, name: str, shift: str) -> pd.DataFrame | Unknown:
        """The points that a line is drawn through: of a family, an ensemble (equal weights), or a merged line."""
        merged = self.experiment.get("lines") or {}
        parts = merged[name]["families"] if name in merged else [name]
        missing = [part for part in parts if (part, shift) not in self._points]
        if missing:
            return Unknown(f"no records of {', '.join(missing)} on {shift}")
        return pd.concat([line_points(self._points[part, shift]) for part in parts], ignore_index=True)

    def line(self, name: str, shift: str) -> RunLine | Unknown:
        """The line of a family, ensemble or merged line on a shift."""
        if (name, shift) not in self._found:
            points = self.points(name, shift)
            found = points if isinstance(points, Unknown) else through(points, name, self.axis, self.floor)
            self._found[name, shift] = found
        return self._found[name, shift]


def common_accuracy(lines: Sequence[RunLine]) -> float | Unknown:
    """The middle, on the axis, of the reference accuracies that all lines have points around; Unknown if none."""
    low, high = max(line.low for line in lines), min(line.high for line in lines)
    if low > high:
        worst, best = max(lines, key=lambda line: line.low), min(lines, key=lambda line: line.high)
        below, above = (100 * float(inverse(end, worst.axis)) for end in (high, low))
        text = f"{best.family} ends at {below:.1f} % and {worst.family} begins at {above:.1f} %"
        return Unknown(f"no reference accuracy is common to all lines: {text}")
    return (low + high) / 2
