"""Seconds to fit all lines of the paper, with bootstrap intervals by runs; prints one line of JSON.

Usage: python -m benchmarks.fits [resamples] [repeats]
"""

import json
import logging
import statistics
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

from datalines.robustness.families import fit_families
from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.transforms import inverse

# As many families as each experiment of scale study has; the first also has a baseline and a plane to measure from.
EXPERIMENTS = (6, 4, 7, 3, 3, 5, 7, 3, 3, 4)
SHIFTS = ("v2", "r", "sketch", "objectnet", "a")
SETS = ("reference", "held-out")
SIZES = {"m1": 1400, "m5": 7000, "m15": 21000}
SEEDS = 3
EPOCHS = (2, 3, 4, 6, 9, 12)
IMAGES = 1500


def measure(resamples: int = 1000, repeats: int = 3) -> dict[str, Any]:
    """Median seconds, on one core, of `fit_families` for ten experiments: 45 families of nine runs with six epochs, on
    five shifts and three axes. The records are in memory and the first round is not counted.
    """
    studies = [_study(place, families, resamples) for place, families in enumerate(EXPERIMENTS)]
    seconds, lines = [], 0
    for _ in range(repeats + 1):
        started = time.perf_counter()
        lines = sum(len(fit_families(records, spec)) for records, spec in studies)
        seconds.append(time.perf_counter() - started)
    raw = {"lines": lines, "resamples": resamples, "seconds": [round(value, 3) for value in seconds[1:]]}
    return {"fits_seconds": round(statistics.median(seconds[1:]), 3), "raw": raw}


def _study(place: int, families: int, resamples: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Records and declaration of one experiment."""
    names = [f"family-{place}-{number}" for number in range(families)]
    baseline = "standard" if place == 0 else None
    drawn = [*names, *([baseline] if baseline else [])]
    records = pd.concat([_family(name, f"experiment-{place}") for name in drawn], ignore_index=True)
    within = {"sets": list(SETS), "families": [*names[:2], baseline]} if baseline else None
    spec: dict[str, Any] = {"families": names, "ensembles": [], "baseline": baseline, "reference": SETS[0]}
    spec |= {"shifts": list(SHIFTS), "axis": "probit", "floor": 0.1, "level": 0.95, "resamples": resamples}
    return records, spec | {"lines": {}, "resample": "runs", "in_distribution": within}


def _family(name: str, experiment: str) -> pd.DataFrame:
    """Records of one family: runs about lines of its own, whose epochs share the run's deviation."""
    draw = np.random.Generator(np.random.PCG64(list(f"{experiment}/{name}".encode())))
    keys = [(size, seed, epoch) for size in SIZES for seed in range(SEEDS) for epoch in EPOCHS]
    frame = pd.DataFrame(keys, columns=["size", "seed", "epoch"])
    frame = frame.assign(experiment=experiment, kind="model", family=name, weight=np.nan)
    frame["samples"] = frame["size"].map(SIZES)
    run = frame.groupby(["size", "seed"], sort=False).ngroup().to_numpy()
    heights = 0.4 * np.log(frame["samples"] / 7000).to_numpy() + 0.4 * np.log(frame["epoch"] / 12).to_numpy() - 0.3
    heights += draw.normal(0, 0.05, run.max() + 1)[run]
    rows = []
    for shift in (*SETS, *SHIFTS):
        slope, intercept = (1.0, 0.0) if shift == SETS[0] else (draw.uniform(0.6, 1.1), draw.uniform(-0.8, 0))
        own = draw.normal(0, 0.05, run.max() + 1)[run] if shift != SETS[0] else 0.0
        correct = draw.binomial(IMAGES, inverse(intercept + slope * heights + own))
        low, high = clopper_pearson(correct, IMAGES)
        measured = frame.assign(shift=shift, n=IMAGES, correct=correct, top1=correct / IMAGES)
        rows.append(measured.assign(top1_low=low, top1_high=high))
    return pd.concat(rows, ignore_index=True)


def main(resamples: int = 1000, repeats: int = 3) -> None:
    """Print what `measure` returns."""
    logging.disable(logging.INFO)
    sys.stdout.write(json.dumps({"benchmark": "fits", **measure(resamples, repeats)}) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
