"""Theorem 2 in closed form: models trained on two sources together, and models whose outputs are averaged."""

import numpy as np

from datalines.robustness.transforms import Array
from datalines.theory.model import Distribution, Form, slope


def mixture(first: Distribution, second: Distribution, n_1: float, n_2: float, form: Form = "exact") -> Distribution:
    """The distribution that stands for n_1 pairs of one source and n_2 of the other (Assumption 3).

    Its mean is the mean of all pairs. `exact` is the rho for which Assumption 2 gives the noise of that mean,
    |theta| / sqrt((n_1 noise_1^2 + n_2 noise_2^2) / (n_1 + n_2)). `printed` is the paper's, whose root lacks the
    division by n_1 + n_2: with it, a coordinate's noise would be larger by sqrt(n_1 + n_2) and not fall with more
    pairs. The slope of the line is the same for both.
    """
    total = n_1 + n_2
    theta = (n_1 * first.theta + n_2 * second.theta) / total
    power = n_1 * first.noise**2 + n_2 * second.noise**2
    return Distribution(theta, float(np.linalg.norm(theta) / np.sqrt(power / (total if form == "exact" else 1))))


def output_mixture(models: tuple[Array, Array], weight: float) -> Array:
    """The model whose output is `weight` times that of the first and 1 - weight times that of the second, (k, d).

    A linear model's output is linear in its parameters, so with weight n_1 / (n_1 + n_2) and means of pairs as models
    this is the model of the joined data itself.
    """
    return weight * models[0] + (1 - weight) * models[1]


def projections(first: Distribution, second: Distribution, test: Distribution) -> tuple[float, float]:
    """<theta_test, theta> of both sources: the denominators of their slopes, in the test set's own length."""
    unit = test.theta / np.linalg.norm(test.theta)
    return float(unit @ first.theta), float(unit @ second.theta)


def same_side(first: Distribution, second: Distribution, test: Distribution) -> bool:
    """The condition under which Theorem 2 holds, and which the paper does not state: both projections have one sign.

    It holds where both sources give models above chance on the first test set. Where it fails, the mixed slope lies
    outside the two for every share.
    """
    one, other = projections(first, second, test)
    return one * other > 0


def slope_weight(share: Array | float, ratio: Array | float) -> Array:
    """Weight of the first source's slope in the slope of the mixture, for shares of the first source in [0, 1].

    Broadcasts over its inputs.

    slope(share) = w slope_1 + (1 - w) slope_2 with w = share ratio / (share ratio + 1 - share), where `ratio` is the
    quotient of the sources' projections on the first test set. It follows from writing both inner products of the mixed
    mean as sums, and holds for every second test set with one and the same ratio. Between 0 and 1, and monotone in the
    share, if and only if ratio > 0.
    """
    shares = np.asarray(share, dtype=np.float64)
    return np.asarray(shares * ratio / (shares * ratio + 1 - shares), dtype=np.float64)


def mixed_slopes(
    first: Distribution, second: Distribution, tests: tuple[Distribution, Distribution], share: float
) -> tuple[float, float, float]:
    """Slopes of the first source, the second source, and of their mixture at a share of the first."""
    mixed = share * first.theta + (1 - share) * second.theta
    return slope(first.theta, *tests), slope(second.theta, *tests), slope(mixed, *tests)
