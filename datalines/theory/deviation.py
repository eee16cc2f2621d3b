"""Theorem 1, the error term: how far single models are from the line as n and d grow (theory/deviation.csv)."""

from typing import Any

import numpy as np
import pandas as pd

from datalines.robustness.transforms import Array
from datalines.theory.estimates import Estimate, rate, root_mean_square
from datalines.theory.laws import generator
from datalines.theory.model import deviation, slope
from datalines.theory.simulate import build_world, drawn_probits
from datalines.theory.specs import Deviation, Law

COLUMNS = [
    *["kind", "law", "xi", "alpha", "d", "n", "models", "rms", "rms_low", "rms_high", "rms_formula"],
    *["sizes", "rate", "rate_low", "rate_high"],
]
Group = tuple[Array, Array, Array]


def deviations(spec: Deviation) -> pd.DataFrame:
    """Rows `size` (RMS distance of models from the line with the formula's slope, in probits of the second test set)
    and `rate` (exponent of that distance against n at fixed n / d; law `all`: one exponent for all groups).

    The models are those of the first source, tested with Gaussian noise.
    """
    rows: list[dict[str, Any]] = []
    groups = []
    for law in spec.laws:
        for xi in spec.xi:
            for alpha in spec.alpha:
                key = {"law": law, "xi": xi, "alpha": alpha}
                sizes = [_size(spec, law, xi, alpha, d) for d in spec.d]
                group = (
                    np.array([size["n"] for size in sizes], dtype=float),
                    np.array([size["rms"] for size in sizes]),
                    np.array([size.pop("se") for size in sizes]),
                )
                groups.append(group)
                rows += [{"kind": "size"} | key | size for size in sizes]
                rows.append(key | _rate(rate([group]), [group], spec.models))
    rows.append({"law": "all"} | _rate(rate(groups), groups, spec.models))
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def _size(spec: Deviation, law: Law, xi: float, alpha: float, d: int) -> dict[str, Any]:
    """RMS distance of models in d dimensions; the sources' directions are drawn anew for each d."""
    sources, tests = build_world(spec, d, generator("deviation", spec.seed, "world", d))
    source, n = next(iter(sources.values())), round(alpha**2 * d)
    found = drawn_probits(source, tests, n, xi, spec.models, generator("deviation", spec.seed, law, xi, alpha, d), law)
    left = root_mean_square(found[:, 1] - slope(source.theta, *tests) * found[:, 0])
    row = {"d": d, "n": n, "models": spec.models, "rms": left.value, "rms_low": left.low, "rms_high": left.high}
    return row | {"rms_formula": deviation(source, *tests, n, xi), "se": left.se}


def _rate(found: Estimate, groups: list[Group], models: int) -> dict[str, Any]:
    sizes = sum(len(group[0]) for group in groups)
    row = {"kind": "rate", "sizes": sizes, "models": sizes * models}
    return row | {"rate": found.value, "rate_low": found.low, "rate_high": found.high}
