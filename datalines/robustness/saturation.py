"""Power laws with an irreducible error: error = c + a n^-b, and whether the measured sizes can tell c from zero.

Where all sizes are far above c, a larger c with a larger b fits as well as c = 0, so c comes with its profile interval
and a verdict. Least squares of log(error), as in `datalines.robustness.efficiency`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import f as fisher

from datalines.robustness.efficiency import final_errors
from datalines.robustness.transforms import Array

SATURATING_COLUMNS = ["family", "shift", "a", "b", "c", "c_low", "c_high", "identifiable", "reason", "n", "sizes"]
MIN_SIZES = 4  # three numbers are fitted
_GRID = 201
_TOP = 0.999  # the largest c that is tried, as a share of the smallest mean error
_STEPS = 60
_FLAT = 1e-12  # a step that could lower the sum of squares by less than this share ends the search


def saturating_laws(records: pd.DataFrame, sets: Sequence[str], level: float = 0.95) -> pd.DataFrame:
    """The law error = c + a n^-b of every family and set, columns SATURATING_COLUMNS; errors are fractions.

    c lies between 0 and the smallest mean error of a size. `c_low` and `c_high` end its profile interval: every c
    whose sum of squares is at most 1 + F(1, n - 3) / (n - 3) times the least one. `identifiable` says whether that
    interval excludes 0; if not, `reason` says why, a, b and c are still the best fit, and the plain power law is the
    one to report. Below four sizes, or four runs, nothing is fitted.
    """
    rows = []
    for (family, shift), group in final_errors(records, sets).groupby(["family", "shift"], sort=False):
        rows.append((family, shift, *_law(group, level)))
    return pd.DataFrame(rows, columns=SATURATING_COLUMNS)


def _law(group: pd.DataFrame, level: float) -> tuple[float, float, float, float, float, bool, str, int, int]:
    n, sizes, nan = len(group), group["samples"].nunique(), float("nan")
    if sizes < MIN_SIZES:
        return nan, nan, nan, nan, nan, False, f"{sizes} sizes, {MIN_SIZES} needed", n, sizes
    x, y = np.log(group["samples"].to_numpy(dtype=float)), np.log(group["error"].to_numpy())
    smallest = float(np.exp(group.assign(log=y).groupby("samples")["log"].mean().min()))
    tried = np.linspace(0, _TOP * smallest, _GRID)
    alpha, beta, squares = _profile(x, y, tried)
    best = int(np.argmin(squares))
    inside = squares <= squares[best] * (1 + fisher.ppf(level, 1, n - 3) / (n - 3))
    low, high = float(tried[inside].min()), float(tried[inside].max())
    falls = bool(beta[best] > 0)
    reason = "" if falls and low > 0 else "c = 0 fits as well" if falls else "the error does not fall with more pairs"
    a = float(np.exp(alpha[best]))
    return a, float(beta[best]), float(tried[best]), low, high, falls and low > 0, reason, n, sizes


def _profile(x: Array, y: Array, c: Array) -> tuple[Array, Array, Array]:
    """For every c (g,): alpha and beta (g,) of the least squares of y = log(c + exp(alpha - beta x)), and the sums.

    Levenberg and Marquardt's steps for all c at once, started from the line through log(max(error - c, error / 1000)).
    """
    centre = x.mean()
    at = x - centre
    start = np.log(np.maximum(np.exp(y) - c[:, None], np.exp(y) / 1000))
    beta = -(start * at).sum(1) / (at * at).sum()
    alpha, damping = start.mean(1), np.full(len(c), 1e-3)
    squares = _residuals(at, y, c, alpha, beta)[1]
    for _ in range(_STEPS):
        rise = np.exp(alpha[:, None] - beta[:, None] * at)
        by_alpha = rise / (c[:, None] + rise)
        by_beta = -by_alpha * at
        left = _residuals(at, y, c, alpha, beta)[0]
        aa, bb = (by_alpha**2).sum(1), (by_beta**2).sum(1)
        ab, ya, yb = (by_alpha * by_beta).sum(1), (by_alpha * left).sum(1), (by_beta * left).sum(1)
        if (np.maximum(ya**2 / aa, yb**2 / bb) <= _FLAT * squares).all():
            break
        aa, bb = aa * (1 + damping), bb * (1 + damping)
        determinant = np.maximum(aa * bb - ab * ab, 1e-300)
        new_alpha = alpha + (bb * ya - ab * yb) / determinant
        new_beta = beta + (aa * yb - ab * ya) / determinant
        new = _residuals(at, y, c, new_alpha, new_beta)[1]
        better = new < squares
        alpha, beta = np.where(better, new_alpha, alpha), np.where(better, new_beta, beta)
        squares, damping = np.where(better, new, squares), damping * np.where(better, 0.2, 5.0)
    return alpha + beta * centre, beta, squares


def _residuals(at: Array, y: Array, c: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Residuals (g, n) and their sums of squares (g,); a step too far has an infinite sum."""
    with np.errstate(over="ignore", invalid="ignore"):
        left = y - np.log(c[:, None] + np.exp(alpha[:, None] - beta[:, None] * at))
        squares = (left**2).sum(1)
    return left, np.where(np.isfinite(squares), squares, np.inf)
