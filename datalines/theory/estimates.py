"""Estimates with standard errors from independent models: lines, rates, and ratios of means."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from datalines.robustness.transforms import Array


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error and the degrees of freedom of that error."""

    value: float
    se: float
    dof: float = np.inf

    @property
    def half(self) -> float:
        """Half the width of the 95 % interval."""
        return self.se * float(stdtrit(min(self.dof, 1e9), 0.975))

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.value + self.half


def line(x: Array, y: Array, clusters: NDArray[Any]) -> tuple[Estimate, Estimate]:
    """Slope and intercept of the least-squares line through points (k,), with delete-one-cluster jackknife errors.

    Points of one cluster (equal numbers in `clusters`) share errors; there must be three clusters or more.
    """
    names, place = np.unique(clusters, return_inverse=True)
    parts = (np.ones(len(x)), x, y, x * x, x * y)
    sums = np.stack([np.bincount(place, weights=part, minlength=len(names)) for part in parts])
    whole = sums.sum(axis=1, keepdims=True)
    fits = np.stack(_line(np.hstack([whole, whole - sums])))
    count = len(names)
    errors = (count - 1) / np.sqrt(count) * fits[:, 1:].std(axis=1)
    slope, intercept = (Estimate(float(fit[0]), float(se), count - 1) for fit, se in zip(fits, errors, strict=True))
    return slope, intercept


def _line(sums: Array) -> tuple[Array, Array]:
    """Slopes and intercepts from the sums of 1, x, y, x^2 and x y, each a column."""
    n, x, y, xx, xy = sums
    slopes = (n * xy - x * y) / (n * xx - x * x)
    return slopes, (y - slopes * x) / n


def root_mean_square(values: Array) -> Estimate:
    """Root mean square of values (k,), its standard error by the delta method."""
    squares = values**2
    root = float(np.sqrt(squares.mean()))
    return Estimate(root, float(squares.std(ddof=1) / np.sqrt(len(values)) / (2 * root)))


def rate(groups: list[tuple[Array, Array, Array]]) -> Estimate:
    """Exponent b of value = c n^b, common to all groups, each with its own c: weighted least squares on logarithms.

    A group is (n, value, standard error of value), each of shape (sizes,).
    """
    across, square = 0.0, 0.0
    for n, value, se in groups:
        weight = (value / se) ** 2
        logs, heights = np.log(n), np.log(value)
        centred = logs - np.average(logs, weights=weight)
        across += float(np.sum(weight * centred * heights))
        square += float(np.sum(weight * centred**2))
    return Estimate(across / square, square**-0.5)


def ratio(top: Array, bottom: Array) -> Estimate:
    """Mean of `top` over mean of `bottom`, both (k,) of the same models; standard error by the delta method."""
    value = float(top.mean() / bottom.mean())
    return Estimate(value, float((top - value * bottom).std(ddof=1) / np.sqrt(len(top)) / abs(bottom.mean())))


def score(top: Array, bottom: Array, value: float) -> float:
    """How many standard errors the ratio of means lies above `value`: of mean(top - value bottom), signed as `bottom`.

    Unlike the ratio's own standard error it holds where the mean of `bottom` is small against its error (Fieller).
    """
    left = top - value * bottom
    return float(left.mean() / (left.std(ddof=1) / np.sqrt(len(left))) * np.sign(bottom.mean()))
