"""Theorem 1, the slope: models of many sizes, noises and algorithms against one line (theory/universality.csv)."""

from typing import Any

import numpy as np
import pandas as pd

from datalines.robustness.transforms import Array, inverse, transform
from datalines.theory.estimates import line
from datalines.theory.laws import generator
from datalines.theory.model import limit, slope
from datalines.theory.simulate import (
    build_world,
    drawn_probits,
    probit_pairs,
    run_algorithm,
    sampled_accuracy,
    trained,
)
from datalines.theory.specs import Universality

COLUMNS = [
    *["kind", "source", "algorithm", "test_law", "xi", "alpha", "d", "n", "repeat", "models"],
    *["accuracy_1", "accuracy_2", "probit_1", "probit_2", "se_1", "se_2"],
    *["exact_1", "exact_2", "printed_1", "printed_2", "slope_formula", "slope", "slope_low", "slope_high"],
    *["intercept", "intercept_low", "intercept_high", "relative", "relative_low", "relative_high"],
]
_XI = {"average": 1.0, "half": float(np.sqrt(2)), "least-squares": float("nan")}
_GROUP = ["source", "algorithm", "test_law", "xi", "alpha", "d", "n"]
_MEASURED = ["accuracy_1", "accuracy_2", "probit_1", "probit_2"]


def universality(spec: Universality) -> pd.DataFrame:
    """Rows `model` (one trained model), `group` (means over equal models beside both forms of the limit) and `line`
    (the least-squares line through all models of a source, beside the formula's slope). Probits are exact for each
    model under Gaussian test noise, and of sampled accuracies under the other test laws."""
    models = pd.DataFrame([*_assumed(spec), *_trained(spec), *_tested(spec)])
    models = models.assign(kind="model", models=1)
    frames = [models, _groups(models, spec), _lines(models, spec)]
    return pd.concat(frames, ignore_index=True).reindex(columns=COLUMNS)


def _rows(key: dict[str, Any], probits: Array) -> list[dict[str, Any]]:
    measured = np.hstack([inverse(probits), probits])
    return [key | {"repeat": place} | dict(zip(_MEASURED, row, strict=True)) for place, row in enumerate(measured)]


def _assumed(spec: Universality) -> list[dict[str, Any]]:
    """Models drawn as Assumption 2 says, for several laws of their noise."""
    sources, tests = build_world(spec, spec.d, generator("universality", spec.seed, "world", spec.d))
    rows = []
    for name, source in sources.items():
        for law in spec.laws:
            for xi in spec.xi:
                for alpha in spec.alpha:
                    n = round(alpha**2 * spec.d)
                    key = {"source": name, "algorithm": law, "test_law": "gaussian", "xi": xi, "alpha": alpha}
                    rng = generator("universality", spec.seed, *key.values())
                    found = drawn_probits(source, tests, n, xi, spec.repeats, rng, law)
                    rows += _rows(key | {"d": spec.d, "n": n}, found)
    return rows


def _trained(spec: Universality) -> list[dict[str, Any]]:
    """Models trained on drawn pairs."""
    d = spec.d_trained
    sources, tests = build_world(spec, d, generator("universality", spec.seed, "world", d))
    rows = []
    for name, source in sources.items():
        for algorithm in spec.algorithms:
            for alpha in spec.alpha:
                n = round(alpha**2 * d)
                key = {"source": name, "algorithm": algorithm, "test_law": "gaussian", "xi": _XI[algorithm]}
                rng = generator("universality", spec.seed, *key.values(), alpha)
                models = run_algorithm(algorithm, source, n, spec.repeats, rng)
                rows += _rows(key | {"alpha": alpha, "d": d, "n": n}, probit_pairs(models, tests))
    return rows


def _tested(spec: Universality) -> list[dict[str, Any]]:
    """Models with Gaussian noise whose accuracy is that on drawn test examples with noise of other laws.

    Models of one repeat see the same test examples, those of another repeat see others.
    """
    d = spec.d_tested
    sources, tests = build_world(spec, d, generator("universality", spec.seed, "world", d))
    kinds = [(xi, alpha, round(alpha**2 * d)) for xi in spec.xi for alpha in spec.alpha]
    rows = []
    for name, source in sources.items():
        for law in spec.test_laws:
            for repeat in range(spec.repeats):
                rng = generator("universality", spec.seed, name, "tested", law, repeat)
                models = np.concatenate([trained(source, n, xi, 1, rng) for xi, _, n in kinds])
                found = [sampled_accuracy(models, test, spec.samples, law, rng) for test in tests]
                key = {"source": name, "algorithm": "gaussian", "test_law": law, "d": d, "repeat": repeat}
                pairs = np.column_stack([*found, *(transform(accuracies) for accuracies in found)])
                rows += [
                    key | {"xi": xi, "alpha": alpha, "n": n} | dict(zip(_MEASURED, pair, strict=True))
                    for (xi, alpha, n), pair in zip(kinds, pairs, strict=True)
                ]
    return rows


def _groups(models: pd.DataFrame, spec: Universality) -> pd.DataFrame:
    """Mean probits of equal models beside the limit in both forms."""
    sources, tests = build_world(spec, spec.d, generator("universality", spec.seed, "world", spec.d))
    rows = []
    for values, part in models.groupby(_GROUP, sort=False, dropna=False):
        row: dict[str, Any] = dict(zip(_GROUP, values, strict=True)) | {"kind": "group", "models": len(part)}
        for place, test in enumerate(tests, start=1):
            found = part[f"probit_{place}"]
            row |= {f"probit_{place}": found.mean(), f"se_{place}": found.std() / np.sqrt(len(found))}
            for form in ("exact", "printed"):
                row[f"{form}_{place}"] = limit(sources[row["source"]], test, row["alpha"], row["xi"], form)
        rows.append(row)
    return pd.DataFrame(rows)


def _lines(models: pd.DataFrame, spec: Universality) -> pd.DataFrame:
    """The line through all models of a source and test law, and, under Gaussian test noise, of each algorithm."""
    sources, tests = build_world(spec, spec.d, generator("universality", spec.seed, "world", spec.d))
    rows = []
    for (name, law), part in models.groupby(["source", "test_law"], sort=False):
        formula = slope(sources[str(name)].theta, *tests)
        algorithms = list(dict.fromkeys(part["algorithm"]))
        for algorithm in ["all", *(algorithms if len(algorithms) > 1 else [])]:
            points = part if algorithm == "all" else part[part["algorithm"] == algorithm]
            clusters = points["repeat"] if law != "gaussian" else np.arange(len(points))
            x, y = (points[f"probit_{place}"].to_numpy() for place in (1, 2))
            found, height = line(x, y, np.asarray(clusters))
            row = {"kind": "line", "source": name, "algorithm": algorithm, "test_law": law, "models": len(points)}
            row |= {"slope_formula": formula, "slope": found.value, "slope_low": found.low, "slope_high": found.high}
            row |= {"intercept": height.value, "intercept_low": height.low, "intercept_high": height.high}
            row |= {"relative": found.value / formula - 1, "relative_low": found.low / formula - 1}
            rows.append(row | {"relative_high": found.high / formula - 1})
    return pd.DataFrame(rows)
