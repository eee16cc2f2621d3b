"""The interpolation that Theorem 2 predicts, fitted to the measured slopes of mixtures of two sources.

In the model the slope of a mixture on a shift is w s_1 + (1 - w) s_2, with s_1 and s_2 the slopes of the sources on
that shift and w = share r / (share r + 1 - share). The ratio r of the sources' projections on the reference set's
direction (relative length of the means, times relative cosine) is unknown, and is the same for all shifts: one free
parameter beside the two ends of each shift. r = 1 is the straight line between the ends; r > 1 bends all curves towards
the first source.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.stats import chi2

from datalines.errors import DatalinesError
from datalines.robustness.transforms import Array
from datalines.theory.mixing import slope_weight

LARGEST = 100.0  # ratios are sought between 1 / LARGEST and LARGEST
_GRID = np.linspace(-np.log(LARGEST), np.log(LARGEST), 801)


@dataclass(frozen=True)
class Interpolation:
    """A fitted ratio with its interval (ends 0 or inf where the data set no bound within LARGEST), the weighted sum of
    squares `misfit` and its degrees of freedom, the misfit of straight lines (ratio 1), whether slopes were
    weighted by their errors, and per shift the fitted
    slopes at shares 1 and 0, (4, 2), for the ratio, its lower end, its upper end, and ratio 1."""

    ratio: float
    low: float
    high: float
    misfit: float
    dof: int
    straight: float
    weighted: bool
    ends: dict[str, Array]

    def curve(self, shift: str, shares: Array, which: int = 0) -> Array:
        """Slopes at shares (k,) of the first source, for the ratio (0), its lower (1) or upper end (2), ratio 1 (3)."""
        ratio = (self.ratio, max(self.low, 1 / LARGEST), min(self.high, LARGEST), 1.0)[which]
        first, second = self.ends[shift][which]
        weight = slope_weight(shares, ratio)
        return np.asarray(weight * first + (1 - weight) * second, dtype=np.float64)


def fit_interpolation(rows: pd.DataFrame, level: float = 0.95) -> Interpolation:
    """Fit one ratio and the ends of every shift to rows of (shift, share, slope, se) by weighted least squares.

    The interval holds the ratios whose misfit exceeds the least by at most the chi-squared quantile of one degree of
    freedom, times misfit / dof where that is above 1. Where some error `se` is missing or 0, all slopes weigh the same
    (`weighted` is False, the misfit is in squared slopes) and their scatter about the fit is the error. Slopes of one
    family on several shifts come from the same models; their correlation is not part of `se`, so the interval is
    approximate. Raises DatalinesError for fewer than two slopes more than there are ends, and
    for a shift with slopes at one share only.
    """
    shifts = list(dict.fromkeys(rows["shift"]))
    dof = len(rows) - 2 * len(shifts) - 1
    if dof < 1:
        raise DatalinesError(
            f"slopes by share: {len(rows)} slopes on {len(shifts)} shift(s), at least {2 * len(shifts) + 2} are "
            "needed; declare more shares of the two sources"
        )
    single = [str(shift) for shift, part in rows.groupby("shift", sort=False) if part["share"].nunique() < 2]
    if single:
        raise DatalinesError(f"slopes by share: only one share has a slope on {', '.join(single)}; leave it out")
    weighted = bool((np.isfinite(rows["se"]) & (rows["se"] > 0)).all())
    even = rows if weighted else rows.assign(se=1.0)
    parts = [even.loc[even["shift"] == shift, ["share", "slope", "se"]].to_numpy(dtype=float).T for shift in shifts]

    def misfits(logs: Array) -> Array:
        return np.sum([_ends(part, np.exp(logs))[1] for part in parts], axis=0)

    profile = misfits(_GRID)
    best = int(profile.argmin())
    near = (_GRID[max(best - 1, 0)], _GRID[min(best + 1, len(_GRID) - 1)])
    found = minimize_scalar(
        lambda log: float(misfits(np.array([log]))[0]), bounds=near, method="bounded", options={"xatol": 1e-9}
    )
    least = float(found.fun)
    scale = max(1.0, least / dof) if weighted else least / dof
    low, high = _bounds(profile, least + chi2.ppf(level, 1) * scale)
    ratio = float(np.exp(found.x))
    shown = np.array([ratio, max(low, 1 / LARGEST), min(high, LARGEST), 1.0])
    ends = {shift: _ends(part, shown)[0] for shift, part in zip(shifts, parts, strict=True)}
    return Interpolation(ratio, low, high, least, dof, float(misfits(np.zeros(1))[0]), weighted, ends)


def _ends(part: Array, ratios: Array) -> tuple[Array, Array]:
    """The slopes at shares 1 and 0 that fit one shift best, (g, 2), and their misfit (g,), at ratios (g,)."""
    share, slopes, se = part
    weight = slope_weight(share, ratios[:, None])
    first, second, wanted = weight / se, (1 - weight) / se, slopes / se
    squares = [(first * first).sum(axis=1), (first * second).sum(axis=1), (second * second).sum(axis=1)]
    sides = [(first * wanted).sum(axis=1), (second * wanted).sum(axis=1)]
    whole = squares[0] * squares[2] - squares[1] ** 2
    one = (squares[2] * sides[0] - squares[1] * sides[1]) / whole
    other = (squares[0] * sides[1] - squares[1] * sides[0]) / whole
    left = wanted - one[:, None] * first - other[:, None] * second
    return np.column_stack([one, other]), (left**2).sum(axis=1)


def _bounds(profile: Array, allowed: float) -> tuple[float, float]:
    """Ends of the range of ratios whose misfit is allowed, by linear interpolation on the logarithm of the ratio."""
    inside = np.flatnonzero(profile <= allowed)
    if not len(inside):  # the least misfit lies between two points of the grid
        inside = np.array([profile.argmin()])
    ends = []
    for place, step in ((int(inside[0]), -1), (int(inside[-1]), 1)):
        beyond = place + step
        if not 0 <= beyond < len(profile):
            ends.append(0.0 if step < 0 else np.inf)
            continue
        rise = profile[beyond] - profile[place]
        part = np.clip((allowed - profile[place]) / rise, 0.0, 1.0)
        ends.append(float(np.exp(_GRID[place] + part * (_GRID[beyond] - _GRID[place]))))
    return ends[0], ends[1]
