"""Synthetic studies whose truth is stated: runs scatter around the true probit lines of their families, and the epochs
of a run lie to the same side of them together."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from datalines.robustness.transforms import inverse

Line = tuple[float, float]  # intercept and slope on probit axes
Truth = Mapping[str, Mapping[str, Line]]  # family -> shift -> line

EPOCHS = 5
BETWEEN, WITHIN = 0.05, 0.03  # standard deviations of runs and of epochs of a run around the line, in probits


def _run(
    family: str, lines: Mapping[str, Line], size: int, seed: int, generator: np.random.Generator, scatter: float
) -> dict[str, Any]:
    """Columns of one run: every epoch on the reference set and on every shift."""
    start = -1.1 + 0.15 * size + generator.normal(0, 0.05)
    x = start + 0.18 * np.arange(EPOCHS) + generator.normal(0, 0.02, EPOCHS)
    heights = [x]
    for intercept, slope in lines.values():
        noise = generator.normal(0, scatter * BETWEEN) + generator.normal(0, scatter * WITHIN, EPOCHS)
        heights.append(intercept + slope * x + noise)
    count = EPOCHS * len(heights)
    key = {"family": family, "size": f"s{size}", "samples": 1000 * 2**size, "seed": seed}
    return {
        **{name: [value] * count for name, value in key.items()},
        "epoch": list(range(1, EPOCHS + 1)) * len(heights),
        "shift": [shift for shift in ("reference", *lines) for _ in range(EPOCHS)],
        "top1": inverse(np.concatenate(heights)),
    }


def study(
    truth: Truth,
    name: int = 0,
    sizes: int | Mapping[str, int] = 3,
    seeds: int = 2,
    scatter: float = 1.0,
    ensembles: Sequence[str] = (),
) -> pd.DataFrame:
    """Records of one study: every family at `sizes` sizes and `seeds` seeds, five epochs a run; `name` is its seed.

    Families among `ensembles` are recorded as ensembles of equal weights. `scatter` multiplies all noise.
    """
    generator = np.random.Generator(np.random.PCG64(name))
    runs = [
        _run(family, lines, size, seed, generator, scatter)
        for family, lines in truth.items()
        for size in range(sizes if isinstance(sizes, int) else sizes[family])
        for seed in range(seeds)
    ]
    table = pd.DataFrame({column: np.concatenate([run[column] for run in runs]) for column in runs[0]})
    mixed = table["family"].isin(ensembles)
    return table.assign(
        experiment="toy",
        kind=np.where(mixed, "ensemble", "model"),
        weight=np.where(mixed, 0.5, np.nan),
        n=1000,
        top1_low=table["top1"] - 0.03,
        top1_high=table["top1"] + 0.03,
    )


def experiment(truth: Truth, **changes: Any) -> dict[str, Any]:
    """The experiment that a study of these families belongs to."""
    shifts = list(dict.fromkeys(shift for lines in truth.values() for shift in lines))
    spec: dict[str, Any] = {"families": list(truth), "ensembles": [], "reference": "reference", "shifts": shifts}
    return spec | {"axis": "probit", "floor": 0.0, "level": 0.95, "lines": {}} | changes
