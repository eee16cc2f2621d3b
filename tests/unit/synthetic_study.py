"""Synthetic records of a whole study: runs of several sizes, seeds and epochs about true lines that are known.

Epochs of one run share its deviation from the line, as those of real runs do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from datalines.records import COLUMNS
from datalines.robustness.intervals import clopper_pearson, stable_seed
from datalines.robustness.transforms import inverse
from tests.unit.synthetic import Lines

SHIFTS = ("v2", "r", "sketch", "objectnet", "a")
EPOCHS = (2, 3, 4, 6, 9, 12)
SIZES = {"m1": 1400, "m2-7": 3780, "m3": 4200, "m5": 7000, "m10": 14000, "m15": 21000}
RUN_SPREAD = 0.04  # standard deviation of a run about its line, on the probit axis


# Shift -> (intercept, slope), on probit axes.
SOURCES: dict[str, Lines] = {
    "yfcc": {"v2": (-0.2, 1.0), "r": (-0.45, 0.8), "sketch": (-0.95, 0.7), "objectnet": (-0.3, 0.9), "a": (-0.9, 0.6)},
    "laion": {
        "v2": (-0.2, 1.0),
        "r": (0.15, 1.0),
        "sketch": (-0.1, 1.0),
        "objectnet": (-0.35, 0.85),
        "a": (-0.85, 0.6),
    },
    "cc12m": {"v2": (-0.2, 1.0), "r": (0.1, 1.0), "sketch": (-0.2, 0.95), "objectnet": (-0.4, 0.85), "a": (-0.9, 0.6)},
    "redcaps": {
        "v2": (-0.2, 1.0),
        "r": (-0.3, 0.85),
        "sketch": (-0.8, 0.75),
        "objectnet": (-0.1, 1.0),
        "a": (-0.8, 0.65),
    },
    "wit": {"v2": (-0.2, 1.0), "r": (-0.5, 0.8), "sketch": (-0.7, 0.7), "objectnet": (-0.5, 0.8), "a": (-1.0, 0.55)},
    "shutterstock": {
        "v2": (-0.2, 1.0),
        "r": (0.1, 0.95),
        "sketch": (0.0, 1.0),
        "objectnet": (-0.45, 0.8),
        "a": (-0.95, 0.6),
    },
    "standard": {
        "v2": (-0.15, 1.0),
        "r": (-0.35, 0.85),
        "sketch": (-0.9, 0.75),
        "objectnet": (-0.2, 0.95),
        "a": (-0.8, 0.6),
    },
    "cifar10": {"cinic10-test": (-0.6, 0.75)},
    "cinic10": {"cinic10-test": (-0.1, 1.0)},
}


def mixed(shares: Mapping[str, float]) -> Lines:
    """The line at shares of several sources: the mean of theirs, weighted."""
    total = sum(shares.values())
    shifts = SOURCES[next(iter(shares))]
    sums: dict[str, Any] = {
        shift: sum(w / total * np.array(SOURCES[name][shift]) for name, w in shares.items()) for shift in shifts
    }
    return {shift: (float(pair[0]), float(pair[1])) for shift, pair in sums.items()}


def _draws(*names: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(stable_seed("synthetic study", *names)))


def _grid(sizes: Sequence[str], seeds: int) -> pd.DataFrame:
    cells = [(size, SIZES[size], seed, epoch) for size in sizes for seed in range(seeds) for epoch in EPOCHS]
    return pd.DataFrame(cells, columns=["size", "samples", "seed", "epoch"])


def _rows(keys: pd.DataFrame, true: Lines, better: float, reference: str, n: int) -> pd.DataFrame:
    """Rows of one line's models or ensemble points, with accuracies that rise with the size, the epoch and `better`."""
    name, weight = str(keys["family"].iloc[0]), str(keys["weight"].iloc[0])
    epoch, samples = keys["epoch"].to_numpy(dtype=float), keys["samples"].to_numpy(dtype=float)
    heights = -1.35 + better + 0.28 * np.log(samples / 1400) + 0.42 * np.log(epoch / 2)
    heights += _draws("heights", name).normal(0, 0.05, len(keys))
    runs = keys.groupby(["size", "seed"], sort=False).ngroup().to_numpy()
    frames = []
    for shift, (intercept, slope) in {reference: (0.0, 1.0), **true}.items():
        spread = RUN_SPREAD if shift != reference else 0.0
        own = _draws("runs", name, shift).normal(0, spread, runs.max() + 1)
        accuracy = inverse(intercept + slope * heights + own[runs])
        correct = _draws("images", name, shift, weight).binomial(n, accuracy)
        low, high = clopper_pearson(correct, n)
        measured: Any = {"shift": shift, "n": n, "correct": correct, "top1": correct / n, "mean_per_class": correct / n}
        frames.append(keys.assign(**measured, top1_low=low, top1_high=high))
    return pd.concat(frames, ignore_index=True)


def family(
    name: str,
    true: Lines,
    sizes: Sequence[str] = ("m1", "m5", "m15"),
    seeds: int = 3,
    reference: str = "reference",
    n: int = 1500,
    better: float = 0.0,
) -> pd.DataFrame:
    """Rows of a family of models at some of SIZES, all EPOCHS and the first seeds."""
    keys = _grid(sizes, seeds).assign(kind="model", family=name, weight=np.nan)
    return _rows(keys, true, better, reference, n)


def ensemble(
    name: str,
    true: Mapping[float, Lines],
    size: str,
    seeds: int = 3,
    reference: str = "reference",
    n: int = 1500,
) -> pd.DataFrame:
    """Rows of an ensemble: weight -> the line that its points lie on (nan for equal weights of any number of
    members). It is best where its members weigh the same."""
    frames = []
    for weight, lines_at in true.items():
        keys = _grid([size], seeds).assign(kind="ensemble", family=name, weight=weight)
        uneven = 0.0 if np.isnan(weight) else abs(weight - 0.5)
        frames.append(_rows(keys, lines_at, 0.2 - 0.8 * uneven**2, reference, n))
    return pd.concat(frames, ignore_index=True)


def records(experiment: str, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Records of one experiment, with every column that records have."""
    fixed: Any = {"experiment": experiment, "objective": "clip", "recipe": "clip", "classes": 20}
    joined = pd.concat(frames, ignore_index=True).assign(**fixed, spec="0" * 12)
    seen = joined["samples"] * joined["epoch"]
    return joined.assign(mixture=joined["family"], samples_seen=seen).reindex(columns=COLUMNS)
