"""Data efficiency: how fast the error falls with the number of training pairs (QNQ, appendix C, figure 17).

The error of a run is 1 - top-1 accuracy at its last kept epoch. The paper log-transforms errors and averages them over
three seeds; so does `curves`. `power_laws` fits error = a n^-b to them; a law with an error that no amount of
data removes is in `datalines.robustness.saturation`.
"""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student

from datalines.errors import DatalinesError
from datalines.robustness.intervals import percentile_interval, stable_seed
from datalines.robustness.resampling import MIN_UNITS, draw_nested_counts, resampled_lines
from datalines.robustness.transforms import Array

log = logging.getLogger(__name__)

CURVE_COLUMNS = ["family", "shift", "samples", "n_seeds", "error", "low", "high"]
LAW_COLUMNS = ["family", "shift", "a", "b", "b_low", "b_high", "n", "sizes", "rms"]
_RUN = ["family", "size", "samples", "seed"]


def final_errors(records: pd.DataFrame, sets: Sequence[str]) -> pd.DataFrame:
    """One row per (run, set): family, size, samples, seed, epoch (the run's last), shift, error (a fraction above 0).

    Rows of ensembles take no part. A run without a single error on a set has no logarithm there and is left out with
    a warning. Raises DatalinesError for a set without rows, naming the sets that there are.
    """
    models = records[records["kind"] == "model"].astype({"family": str, "size": str, "shift": str})
    present = set(models["shift"])
    missing = [name for name in sets if name not in present]
    if missing:
        known = ", ".join(sorted(present)) or "none"
        raise DatalinesError(f"records: no model has a row on {', '.join(missing)}; name some of the sets {known}")
    last = models.groupby(_RUN)["epoch"].transform("max")
    rows = models[(models["epoch"] == last) & models["shift"].isin(sets)]
    rows = rows.assign(error=1 - rows["top1"].astype(float))[[*_RUN, "epoch", "shift", "error"]]
    twice = rows[rows.duplicated([*_RUN, "shift"])]
    if len(twice):
        run = "/".join(str(twice[name].iloc[0]) for name in ("family", "size", "seed"))
        raise DatalinesError(f"records: run {run} appears more than once on {twice['shift'].iloc[0]}")
    perfect = rows["error"] <= 0
    if perfect.any():
        log.warning("%d run(s) without an error on a set are left out there: log(0) has no place", int(perfect.sum()))
    order = {name: place for place, name in enumerate(sets)}
    rows = rows[~perfect].assign(place=rows["shift"].map(order))
    return rows.sort_values(["family", "place", "samples", "seed", "size"], ignore_index=True).drop(columns="place")


def curves(records: pd.DataFrame, sets: Sequence[str], level: float = 0.95) -> pd.DataFrame:
    """Error against training-set size, columns CURVE_COLUMNS: a row per family, set and number of training pairs.

    `error` is exp of the mean over seeds of log(error), a fraction; `low` and `high` are exp of the t interval of that
    mean over `n_seeds` seeds at the level, and empty for one seed. In it: chance between seeds (initial weights, order
    of the samples). Not in it: which pairs were drawn, where all seeds of a size share them.
    """
    rows = []
    for (family, shift, samples), group in final_errors(records, sets).groupby(CURVE_COLUMNS[:3], sort=False):
        logs = np.log(group["error"].to_numpy())
        n, mean = len(logs), float(logs.mean())
        half = float("nan")
        if n > 1:
            half = float(student.ppf((1 + level) / 2, n - 1) * logs.std(ddof=1) / np.sqrt(n))
        rows.append((family, shift, samples, n, *np.exp([mean, mean - half, mean + half]).tolist()))
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def power_laws(records: pd.DataFrame, sets: Sequence[str], level: float = 0.95, resamples: int = 1000) -> pd.DataFrame:
    """The power law error = a n^-b of every family and set, columns LAW_COLUMNS; n in training pairs.

    Least squares of log(error) on log(n), where each size counts once however many seeds it has. The interval of the
    exponent b is a percentile interval: sizes are drawn with replacement, and seeds within each drawn size, so that
    curvature and chance between seeds both widen it; where the law holds it errs on the wide side (simulated with five
    sizes and three seeds, 95 % intervals hold b 99 times in 100). It is empty below three sizes, a and b below two.
    `n` is the number of runs, `rms` the root mean square of the residuals of log(error). Where some error cannot be
    removed by more data, the law is too steep for what more data would bring: see `saturating_laws`.
    """
    rows = []
    for (family, shift), group in final_errors(records, sets).groupby(LAW_COLUMNS[:2], sort=False):
        seed = stable_seed("efficiency", str(family), str(shift))
        rows.append((family, shift, *_power_law(group, level, resamples, seed)))
    return pd.DataFrame(rows, columns=LAW_COLUMNS)


def _power_law(
    group: pd.DataFrame, level: float, resamples: int, seed: int
) -> tuple[float, float, float, float, int, int, float]:
    x, y = np.log(group["samples"].to_numpy(dtype=float)), np.log(group["error"].to_numpy())
    seeds = group.groupby("samples", sort=True).size().to_numpy()  # rows come sorted by samples
    n, sizes, nan = len(group), len(seeds), float("nan")
    if sizes < 2:
        return nan, nan, nan, nan, n, sizes, nan
    slope, intercept = _weighted_line(x, y, np.repeat(1 / seeds, seeds))
    rms = float(np.sqrt(np.mean((y - intercept - slope * x) ** 2)))
    low, high = nan, nan
    if sizes >= MIN_UNITS:
        counts = draw_nested_counts(seeds.tolist(), resamples, seed)
        slopes, _ = resampled_lines(counts, x, y, np.arange(n), np.repeat(1 / seeds, seeds))
        low, high = percentile_interval(-slopes[np.isfinite(slopes)], level)
    return float(np.exp(intercept)), -slope, low, high, n, sizes, rms


def _weighted_line(x: Array, y: Array, weights: Array) -> tuple[float, float]:
    dx, dy = x - np.average(x, weights=weights), y - np.average(y, weights=weights)
    slope = float((weights * dx * dy).sum() / (weights * dx * dx).sum())
    return slope, float(np.average(y, weights=weights) - slope * np.average(x, weights=weights))
