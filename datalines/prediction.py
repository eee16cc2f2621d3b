"""Mixing outputs predicts mixing inputs: how far ensembles lie from the line of models trained on all their data.

QNQ section 5.2 and appendix E: models trained on parts of the data, whose logits are averaged with equal weights, are
said to lie on the line of models trained on the union. The error of that prediction is the height of an ensemble's
point above the mixture's line, in percentage points of accuracy on the shift.

Intervals of the mean error leave out one run at a time, of the ensembles and of the mixture (a jackknife over runs,
whose epochs are no independent evidence), and take Student's t with Welch's degrees of freedom. With three seeds each,
a percentile bootstrap has ten different resamples of either side and is much too narrow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from datalines.errors import DatalinesError
from datalines.robustness.families import join_points, line_points
from datalines.robustness.jackknife import jackknife_variance, welch_freedom
from datalines.robustness.lines import Line, fit_line, usable
from datalines.robustness.resampling import MIN_UNITS
from datalines.robustness.transforms import Array

ALL = "all"
COLUMNS = [
    *["shift", "n", "runs", "mixture_n", "mixture_runs", "outside", "distance", "distance_low", "distance_high"],
    *["absolute", "rmse", "scatter"],
]


@dataclass(frozen=True)
class Settings:
    """How lines are fitted and what is left out at a time: the keys of an experiment."""

    axis: str = "probit"
    floor: float = 0.0
    level: float = 0.95
    resample: str = "runs"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Settings":
        """Those of its keys that the options give."""
        return cls(**{key: options[key] for key in cls.__dataclass_fields__ if key in options})


@dataclass(frozen=True)
class Errors:
    """Errors of the ensembles' points and residuals of the mixture's, in percentage points.

    `without` maps a role (which ensembles, which mixture) to an array (runs, 2): number and sum of the errors without
    each of its runs, less those with all. Errors of several shifts or pairs add up.
    """

    errors: Array
    residuals: Array
    outside: int
    without: dict[str, Array] = field(default_factory=dict)

    def __add__(self, other: "Errors") -> "Errors":
        roles = {**self.without, **other.without}
        return Errors(
            np.concatenate([self.errors, other.errors]),
            np.concatenate([self.residuals, other.residuals]),
            self.outside + other.outside,
            {
                role: sum((one.without[role] for one in (self, other) if role in one.without), np.zeros_like(changes))
                for role, changes in roles.items()
            },
        )

    def interval(self, level: float) -> tuple[float, float]:
        """Interval of the mean error; nan below three runs of any role."""
        n, mean = len(self.errors), float(self.errors.mean()) if len(self.errors) else float("nan")
        if not n or not self.without or min(len(changes) for changes in self.without.values()) < MIN_UNITS:
            return float("nan"), float("nan")
        roles = self.without.values()
        variances = [jackknife_variance((self.errors.sum() + changes[:, 1]) / (n + changes[:, 0])) for changes in roles]
        if not any(variances):
            return mean, mean
        degrees = welch_freedom(variances, [len(changes) - 1 for changes in roles])
        half = float(stdtrit(degrees, (1 + level) / 2)) * sum(variances) ** 0.5
        return mean - half, mean + half

    def row(self, level: float) -> dict[str, float]:
        """Mean error with its interval, mean size, root mean square, and the mixture's own scatter."""
        low, high = self.interval(level)
        return {
            "n": len(self.errors),
            "mixture_n": len(self.residuals),
            "outside": self.outside,
            "distance": _mean(self.errors),
            "distance_low": low,
            "distance_high": high,
            "absolute": _mean(abs(self.errors)),
            "rmse": _mean(self.errors**2) ** 0.5,
            "scatter": _mean(self.residuals**2) ** 0.5,
        }


class Pair:
    """Ensembles and the mixture that they are held against, in one experiment.

    `ensembles` and `mixture` are slugs of ensembles and of model families (several where they share a line). Raises
    DatalinesError where the records have no row of one of them.
    """

    def __init__(
        self,
        records: pd.DataFrame,
        ensembles: Sequence[str],
        mixture: Sequence[str],
        reference: str,
        settings: Settings,
    ) -> None:
        points = join_points(records, reference)
        self.name = f"{records['experiment'].iloc[0]}: {', '.join(ensembles)} and {', '.join(mixture)}"
        self.settings = settings
        self.ours = self._usable([line_points(_rows(points, "ensemble", slug)) for slug in ensembles])
        self.theirs = self._usable([_rows(points, "model", slug) for slug in mixture])

    @property
    def runs(self) -> tuple[int, int]:
        """Runs behind the ensembles' points and behind the mixture's line."""
        return self.ours["run"].nunique(), self.theirs["run"].nunique()

    def errors(self, shift: str) -> Errors:
        """The ensembles' distances from the mixture's line on a shift."""
        ours, theirs = (part[part["shift"] == shift] for part in (self.ours, self.theirs))
        line = self._line(theirs)
        if not np.isfinite(line.slope):
            return Errors(np.empty(0), np.empty(0), 0)
        found = _heights(ours, line)
        without_ours = [found[(ours["unit"] != unit).to_numpy()] for unit in self._units(self.ours)]
        lines = [self._line(theirs[theirs["unit"] != unit]) for unit in self._units(self.theirs)]
        without_theirs = [_heights(ours, one) for one in lines]
        changes = {
            f"{self.name}, {role}": np.array([(len(kept) - len(found), kept.sum() - found.sum()) for kept in left])
            for role, left in (("ensembles", without_ours), ("mixture", without_theirs))
        }
        outside = int((~ours["x"].between(theirs["x"].min(), theirs["x"].max())).sum())
        return Errors(found, _heights(theirs, line), outside, changes)

    def _line(self, points: pd.DataFrame) -> Line:
        return fit_line(points["x"], points["y"], self.settings.axis)

    def _usable(self, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """Points that lines go through; `unit` names the run, or the model where points are left out one by one."""
        points = pd.concat(parts, ignore_index=True)
        kept = points[usable(points["x"], points["y"], self.settings.axis, self.settings.floor)]
        single = "/" + kept["epoch"].astype(str) if self.settings.resample == "points" else ""
        return kept.assign(unit=kept["run"] + single)

    @staticmethod
    def _units(points: pd.DataFrame) -> list[str]:
        """The same on all shifts, so that errors of several shifts can be added."""
        return sorted(points["unit"].unique())


def predict(pair: Pair, shifts: Sequence[str]) -> tuple[pd.DataFrame, Errors]:
    """Prediction errors of a pair, columns COLUMNS: a row per shift and one (shift `all`) over them; and their sum.

    `distance` is the mean of the ensembles' heights above the line, with its interval; `absolute` the mean of their
    sizes, `rmse` their root mean square, `scatter` that of the mixture's own points about its line: all in percentage
    points. `outside` counts ensembles beyond the reference accuracies of the mixture, where the line is extrapolated.
    """
    by_shift = {shift: pair.errors(shift) for shift in shifts}
    pooled = total(list(by_shift.values()))
    runs, mixture_runs = pair.runs
    rows = [
        {"shift": shift, "runs": runs, "mixture_runs": mixture_runs, **found.row(pair.settings.level)}
        for shift, found in {**by_shift, ALL: pooled}.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS), pooled


def total(errors: Sequence[Errors]) -> Errors:
    """The sum over several shifts or pairs, at least one."""
    first, *rest = errors
    for other in rest:
        first = first + other
    return first


def _rows(points: pd.DataFrame, kind: str, slug: str) -> pd.DataFrame:
    found = points[(points["kind"] == kind) & (points["family"] == slug)]
    if found.empty:
        raise DatalinesError(f"records: no row of {kind} {slug}; name one that the experiment declares")
    return found


def _heights(points: pd.DataFrame, line: Line) -> Array:
    """Percentage points of the points above a line."""
    return 100 * (points["y"].to_numpy(dtype=float) - line.predict(points["x"]))


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")
