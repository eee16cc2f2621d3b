"""Theorem 3 on random settings and along the share that a filter keeps (theory/filtering.csv)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtri

from datalines.robustness.transforms import Array
from datalines.theory.estimates import ratio, score
from datalines.theory.filtering import Filter, Linear, Sigmoid, Threshold, direction, filtered_mean, gain
from datalines.theory.laws import generator, orthonormal
from datalines.theory.mixing import same_side
from datalines.theory.model import Distribution, slope
from datalines.theory.settings import random_distributions
from datalines.theory.simulate import pieces, signed_pairs, trained
from datalines.theory.specs import Filtering

COLUMNS = [
    *["kind", "setting", "filter", "condition", "d", "n", "kept", "kept_mc"],
    *["slope_unfiltered", "slope_filtered", "slope_pretrained", "position", "towards", "nearer"],
    *["gain", "gain_mc", "gain_mc_se"],
    *["models", "slope_mc", "slope_mc_se", "position_mc", "position_mc_se", "score_formula", "score_outside"],
    *["literal_cases", "literal_violations"],
]
_CURVE_KEPT = (0.05, 0.95)
_CURVE_MODELS = 400
Tests = tuple[Distribution, Distribution]


def filterings(spec: Filtering) -> pd.DataFrame:
    """Rows `setting` (a random source, pretrained model and pair of test sets, and one filter) and `curve` (slope by
    share kept, for one source with slope 0.4 and a pretrained model with slope 0.9).

    All settings meet what the theorem states: the pretrained model's slope is above that of the source and at most 1.
    They are drawn until `spec.settings` also meet what it does not state (`condition`: both are on the same side of
    chance in distribution); the others are rows, too. `nearer` is what the paper's proof claims of the mean: that
    filtering brings its projection nearer to the pretrained model's. The pretrained model is itself random, and fixed
    while filtering.
    """
    rows: list[dict[str, Any]] = []
    met = place = 0
    while met < spec.settings:
        rng = generator("filtering", spec.seed, place)
        tests, source, pretrained = _setting(spec, rng)
        if slope(source.theta, *tests) < slope(pretrained, *tests) <= 1:
            key = {"kind": "setting", "setting": place}
            condition = same_side(source, Distribution(pretrained, 1.0), tests[0])
            rules = _random_filters(source, pretrained, rng)
            found = _filtered(source, pretrained, tests, rules, spec.n, spec.models, rng)
            rows += [key | {"condition": condition, "d": spec.d, "n": spec.n} | row for row in found]
            met += condition
        place += 1
    return pd.DataFrame([*rows, *_curve(spec)]).reindex(columns=COLUMNS)


def _setting(spec: Filtering, rng: np.random.Generator) -> tuple[Tests, Distribution, Array]:
    inside, outside, source, other = random_distributions(4, 2, spec.d, rng)
    return (inside, outside), source, trained(other, spec.n, 1.0, 1, rng)[0]


def _random_filters(source: Distribution, pretrained: Array, rng: np.random.Generator) -> dict[str, Filter]:
    """A threshold at a random quantile of the scores, a sigmoid of random middle and width, and a line that is clipped
    at a score of 0 and reaches 1 four standard deviations above the mean score (or above 0)."""
    mean, sd = float(source.theta @ direction(pretrained)), source.noise
    at, middle = mean + sd * rng.uniform(-1.5, 1.5, size=2)
    return {
        "threshold": Threshold(at),
        "sigmoid": Sigmoid(middle, sd * rng.uniform(0.1, 1.0)),
        "linear": Linear(0.0, max(mean, 0.0) + 4 * sd),
    }


def _filtered(
    source: Distribution,
    pretrained: Array,
    tests: Tests,
    rules: Mapping[str, Filter],
    n: int,
    models: int,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """A row per filter, in closed form and by Monte Carlo: all filters see the same `models` data sets of n pairs."""
    axes = np.stack([direction(pretrained), *(test.rho * direction(test.theta) for test in tests)])
    # Only what pairs and models have along these three directions enters slopes and scores.
    drawn = [signed_pairs(source, n, size, rng) @ axes.T for size in pieces(models, n * source.dimension)]
    seen = np.concatenate(drawn)
    chances = rng.random(seen.shape[:2])
    rows = []
    for name, rule in rules.items():
        kept = chances < rule(seen[..., 0])
        counts = kept.sum(axis=1)
        found = np.einsum("rn,rnk->rk", kept.astype(np.float64), seen)[counts > 0] / counts[counts > 0, None]
        row: dict[str, Any] = {"filter": name, "kept_mc": float(kept.mean()), "models": len(found)}
        row |= _closed(source, pretrained, tests, rule)
        ends = (row["slope_unfiltered"], row["slope_filtered"], row["slope_pretrained"])
        row |= _sampled(source, pretrained, ends, found)
        rows.append(row | _literal(seen.mean(axis=1), *ends[1:]))
    return rows


def _closed(source: Distribution, pretrained: Array, tests: Tests, rule: Filter) -> dict[str, Any]:
    """Slopes before and after filtering and of the pretrained model; whether filtering carries the mean past it."""
    toward = direction(pretrained)
    means = source.theta, filtered_mean(source, pretrained, rule), pretrained
    before, after, aim = (slope(theta, *tests) for theta in means)
    return {
        "kept": rule.moments(float(source.theta @ toward), source.noise)[0],
        "slope_unfiltered": before,
        "slope_filtered": after,
        "slope_pretrained": aim,
        "position": (after - before) / (aim - before),
        "towards": bool(before < after <= aim),
        "nearer": bool(abs((means[1] - pretrained) @ toward) <= abs((means[0] - pretrained) @ toward)),
        "gain": gain(source, pretrained, rule) / source.noise,
    }


def _sampled(
    source: Distribution, pretrained: Array, slopes: tuple[float, float, float], found: Array
) -> dict[str, Any]:
    """Gain and slope of the mean of filtered models, given by their projections (models, 3): on the pretrained
    direction, and on both test directions times the test's rho. `slopes` are those before and after filtering, in
    closed form, and the pretrained model's."""
    before, after, aim = slopes
    gains = (found[:, 0] - source.theta @ direction(pretrained)) / source.noise
    fitted = ratio(found[:, 2], found[:, 1])
    ends = [score(found[:, 2], found[:, 1], end) for end in (before, aim)]
    return {
        "gain_mc": float(gains.mean()),
        "gain_mc_se": float(gains.std(ddof=1) / np.sqrt(len(gains))),
        "slope_mc": fitted.value,
        "slope_mc_se": fitted.se,
        "position_mc": (fitted.value - before) / (aim - before),
        "position_mc_se": fitted.se / (aim - before),
        "score_formula": score(found[:, 2], found[:, 1], after),
        "score_outside": max(0.0, -ends[0], ends[1]),
    }


def _literal(models: Array, after: float, aim: float) -> dict[str, int]:
    """The theorem taken at its word, with a random unfiltered model in place of its mean: of the models (k, 3) that are
    above chance and have a slope below the pretrained one, how many have a slope that filtering does not raise."""
    slopes = models[:, 2] / models[:, 1]
    cases = (models[:, 1] > 0) & (slopes < aim)
    return {"literal_cases": int(cases.sum()), "literal_violations": int((cases & (slopes >= after)).sum())}


def _curve(spec: Filtering) -> list[dict[str, Any]]:
    """Slope by share kept: the source's cosines are 0.8 and 0.32, the pretrained model's 0.6 and 0.54, rho is 1.5 for
    the source and 2 for both test sets."""
    basis = orthonormal(4, spec.d, generator("filtering", spec.seed, "curve"))
    tests = (Distribution(basis[0], 2.0), Distribution(basis[1], 2.0))
    source, pretrained = (
        cosine * (basis[0] + steep * basis[1]) + np.sqrt(1 - cosine**2 * (1 + steep**2)) * basis[place]
        for place, cosine, steep in ((2, 0.8, 0.4), (3, 0.6, 0.9))
    )
    training = Distribution(source, 1.5)
    rows = []
    for share in np.linspace(*_CURVE_KEPT, spec.kept):
        rules = _keeping(float(share), float(source @ direction(pretrained)), training.noise)
        rng = generator("filtering", spec.seed, "curve", float(share))
        found = _filtered(training, pretrained, tests, rules, spec.n, _CURVE_MODELS, rng)
        rows += [{"kind": "curve", "condition": True, "d": spec.d, "n": spec.n} | row for row in found]
    return rows


def _keeping(share: float, mean: float, sd: float) -> dict[str, Filter]:
    """A filter of each kind that keeps this share of normal scores: a threshold, a sigmoid half a standard deviation
    wide, and a line that rises over four standard deviations."""

    def sigmoid(at: float) -> Sigmoid:
        return Sigmoid(mean + sd * at, 0.5 * sd)

    def linear(at: float) -> Linear:
        return Linear(mean + sd * (at - 2), mean + sd * (at + 2))

    def places(make: Callable[[float], Filter]) -> float:
        return float(brentq(lambda at: make(at).moments(mean, sd)[0] - share, -8, 8))

    return {
        "threshold": Threshold(mean - sd * float(ndtri(share))),
        "sigmoid": sigmoid(places(sigmoid)),
        "linear": linear(places(linear)),
    }
