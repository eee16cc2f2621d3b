"""Theorem 2 on random settings and along the share of a source (theory/mixing.csv)."""

from typing import Any

import numpy as np
import pandas as pd

from datalines.robustness.transforms import Array
from datalines.theory.estimates import ratio, score
from datalines.theory.laws import generator, orthonormal
from datalines.theory.mixing import mixed_slopes, mixture, output_mixture, projections, same_side
from datalines.theory.model import Distribution
from datalines.theory.settings import random_distributions
from datalines.theory.simulate import drawn_probits, probit_pairs, signed_pairs
from datalines.theory.specs import Mixing

COLUMNS = [
    *["kind", "setting", "condition", "d", "n_1", "n_2", "share", "rho_1", "rho_2", "rho_train_1", "rho_train_2"],
    *["projection_ratio", "slope_1", "slope_2", "slope_mixed", "position", "between"],
    *["models", "slope_mc", "slope_mc_se", "position_mc", "position_mc_se", "score_formula", "score_outside"],
    *["output_gap", "noise", "noise_normalised", "noise_printed"],
]
_PAIRS = (16, 256)  # pairs of a source in a random setting, log-uniform
_CURVE_SLOPES = (0.4, 0.9)
_CURVE_PAIRS = 200
Tests = tuple[Distribution, Distribution]


def mixings(spec: Mixing) -> pd.DataFrame:
    """Rows `setting` (one random pair of sources, mixed in a random share) and `curve` (slope by share, for two sources
    with slopes 0.4 and 0.9 and several relative projections).

    Settings are drawn until `spec.settings` meet the theorem's condition; those that do not are rows, too. `position`
    is that of the mixed slope from the first source's (0) to the second's (1). `score_formula` is how many standard
    errors the Monte Carlo slope is above the closed form, `score_outside` how many it is outside of both sources'
    slopes (0 inside).
    """
    rows: list[dict[str, Any]] = []
    met = 0
    while met < spec.settings:
        rng = generator("mixing", spec.seed, len(rows))
        rows.append({"kind": "setting", "setting": len(rows)} | _setting(spec, rng))
        met += bool(rows[-1]["condition"])
    return pd.DataFrame([*rows, *_curves(spec)]).reindex(columns=COLUMNS)


def _setting(spec: Mixing, rng: np.random.Generator) -> dict[str, Any]:
    """One random setting in closed form, by models of Assumption 3, and by one data set of drawn pairs."""
    one, other, first, second = random_distributions(4, 2, spec.d, rng)
    tests = (one, other)
    n_1, n_2 = (round(float(np.exp(rng.uniform(*map(np.log, _PAIRS))))) for _ in range(2))
    share = n_1 / (n_1 + n_2)
    slopes = mixed_slopes(first, second, tests, share)
    row = {"condition": same_side(first, second, one), "d": spec.d, "n_1": n_1, "n_2": n_2, "share": share}
    row |= {"rho_1": one.rho, "rho_2": other.rho, "rho_train_1": first.rho, "rho_train_2": second.rho}
    ends = projections(first, second, one)
    row |= {"projection_ratio": ends[0] / ends[1]}
    models = drawn_probits(mixture(first, second, n_1, n_2), tests, n_1 + n_2, rng.uniform(0.5, 2.0), spec.models, rng)
    return row | _compared(slopes, models) | _joined(first, second, (n_1, n_2), tests, rng)


def _compared(slopes: tuple[float, float, float], models: Array) -> dict[str, Any]:
    """Where the mixed slope lies, by the formula and by the mean probits (k, 2) of models."""
    low, high, span = min(slopes[:2]), max(slopes[:2]), slopes[1] - slopes[0]
    found = ratio(models[:, 1], models[:, 0])
    scores = [score(models[:, 1], models[:, 0], end) for end in (low, high)]
    return {
        **dict(zip(("slope_1", "slope_2", "slope_mixed"), slopes, strict=True)),
        "position": (slopes[2] - slopes[0]) / span,
        "between": bool(low <= slopes[2] <= high),
        "models": len(models),
        "slope_mc": found.value,
        "slope_mc_se": found.se,
        "position_mc": (found.value - slopes[0]) / span,
        "position_mc_se": found.se / abs(span),
        "score_formula": score(models[:, 1], models[:, 0], slopes[2]),
        "score_outside": max(0.0, -scores[0], scores[1]),
    }


def _joined(
    first: Distribution, second: Distribution, counts: tuple[int, int], tests: Tests, rng: np.random.Generator
) -> dict[str, float]:
    """One data set of drawn pairs: the model of all pairs against the mixed outputs of the sources' models, as the
    largest difference of their probit accuracies, and the model's noise beside both forms of Assumption 3."""
    pairs = [signed_pairs(source, n, 1, rng)[0] for source, n in zip((first, second), counts, strict=True)]
    total = sum(counts)
    joined = np.concatenate(pairs).mean(axis=0, keepdims=True)
    alone = (pairs[0].mean(axis=0, keepdims=True), pairs[1].mean(axis=0, keepdims=True))
    outputs = output_mixture(alone, counts[0] / total)
    exact, printed = (mixture(first, second, *counts, form) for form in ("exact", "printed"))
    return {
        "output_gap": round(float(np.abs(probit_pairs(joined, tests) - probit_pairs(outputs, tests)).max()), 12),
        "noise": float(np.sqrt(np.mean((joined - exact.theta) ** 2))),
        "noise_normalised": exact.noise / np.sqrt(total),
        "noise_printed": printed.noise / np.sqrt(total),
    }


def _curves(spec: Mixing) -> list[dict[str, Any]]:
    """Slope against share: both sources are fixed but for the length of the first one's mean, which sets the ratio."""
    basis = orthonormal(4, spec.d, generator("mixing", spec.seed, "curve"))
    tests = (Distribution(basis[0], 2.0), Distribution(basis[1], 2.0))
    rows = []
    for wanted in spec.ratios:
        first, second = (
            Distribution(length * (basis[0] + end * basis[1] + 0.5 * basis[2 + place]), 1.0)
            for place, (length, end) in enumerate(zip((wanted, 1.0), _CURVE_SLOPES, strict=True))
        )
        for n_1 in np.linspace(0, _CURVE_PAIRS, spec.shares).round().astype(int):
            n_2, share = int(_CURVE_PAIRS - n_1), float(n_1 / _CURVE_PAIRS)
            rng = generator("mixing", spec.seed, "curve", wanted, n_1)
            models = drawn_probits(mixture(first, second, n_1, n_2), tests, _CURVE_PAIRS, 1.0, spec.models, rng)
            row = {"kind": "curve", "condition": True, "d": spec.d, "n_1": int(n_1), "n_2": n_2, "share": share}
            slopes = mixed_slopes(first, second, tests, share)
            rows.append(row | {"projection_ratio": wanted} | _compared(slopes, models))
    return rows
