"""Synthetic records with a known truth: families that lie on stated probit lines, and ensembles between two of them."""

from typing import Any

import numpy as np
import pandas as pd

from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.transforms import inverse

# shift -> (intercept, slope) on probit axes
Lines = dict[str, tuple[float, float]]

FIRST: Lines = {"sketch": (-0.8, 0.75), "renditions": (-0.5, 0.8)}
SECOND: Lines = {"sketch": (0.1, 1.0), "renditions": (0.0, 0.95)}
TITLES = {
    "photo": "Photo",
    "art": "Art",
    "photo-art": "Photo + Art",
    "photo-most": "Photo 3 : 1",
    "blend": "Ensemble of both",
    "reference": "Reference",
    "sketch": "Sketch",
    "renditions": "Renditions",
}


def between(share: float) -> Lines:
    """Lines at a share of FIRST between FIRST and SECOND."""
    mixed = {shift: share * np.array(FIRST[shift]) + (1 - share) * np.array(SECOND[shift]) for shift in FIRST}
    return {shift: (float(line[0]), float(line[1])) for shift, line in mixed.items()}


def point(family: str, lines: Lines, height: float, n: int = 1000, **key: Any) -> list[dict[str, Any]]:
    """Rows of one model or ensemble at a probit reference accuracy: one per shift, and the reference."""
    rows = []
    for shift, (intercept, slope) in {"reference": (0.0, 1.0), **lines}.items():
        correct = round(n * float(inverse(intercept + slope * height)))
        low, high = clopper_pearson(correct, n)
        row = {"experiment": "toy", "kind": "model", "family": family, "mixture": family, "objective": "clip"}
        row |= {"recipe": "small", "size": "s6k", "samples": 6000, "seed": 0, "epoch": 1, "samples_seen": 6000}
        row |= {"weight": np.nan, "shift": shift, "classes": 20, "n": n, "correct": correct, "top1": correct / n}
        row |= {"top1_low": float(low), "top1_high": float(high), "mean_per_class": correct / n, "spec": "0" * 12}
        rows.append(row | key)
    return rows


def family(name: str, lines: Lines, points: int = 8, n: int = 1000) -> list[dict[str, Any]]:
    """A family of models between 10 and 70 % on the reference set: two seeds, several epochs."""
    heights = np.linspace(-1.25, 0.5, points)
    return [
        row
        for place, height in enumerate(heights)
        for row in point(name, lines, float(height), n, seed=place % 2, epoch=1 + place // 2)
    ]


def records(ensembles: bool = False, n: int = 1000) -> pd.DataFrame:
    """Families photo, art and photo-art (and photo-most), with an ensemble `blend` over five weights if asked."""
    rows = family("photo", FIRST, n=n) + family("art", SECOND, n=n)
    rows += family("photo-art", between(0.5), n=n) + family("photo-most", between(0.75), n=n)
    for epoch in range(1, 5 if ensembles else 1):
        for weight in np.linspace(0, 1, 5):
            key = {"kind": "ensemble", "epoch": epoch, "weight": float(weight)}
            rows += point("blend", between(float(weight)), -1.2 + 0.35 * epoch, n, **key)
    return pd.DataFrame(rows)


def experiment(ensembles: bool = False, **changes: Any) -> dict[str, Any]:
    """The experiment that `records` belongs to."""
    spec: dict[str, Any] = {"title": "Toy", "families": ["photo", "art", "photo-art", "photo-most"], "suite": "all"}
    spec |= {"ensembles": ["blend"] if ensembles else [], "baseline": "photo", "reference": "reference"}
    spec |= {"shifts": ["sketch", "renditions"], "axis": "probit", "floor": 0.0, "level": 0.95, "resamples": 200}
    return spec | changes
