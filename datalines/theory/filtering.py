"""Theorem 3 in closed form: pairs kept with a probability that rises with their agreement with a pretrained model.

y x is normal around theta with the same variance in all directions, so a filter that looks at t = <y x, u> alone, u the
pretrained model's direction, changes the mean along u and nowhere else. By how much follows from Stein's identity:
E[t h(t)] / E[h(t)] = E[t] + sd^2 E[h'(t)] / E[h(t)], which is above E[t] for every non-decreasing h that is not
constant. This is all that the theorem needs; its proof in the paper argues by a distance that can grow.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit, ndtr

from datalines.robustness.transforms import Array
from datalines.theory.model import Distribution

_NODES = np.linspace(-10.0, 10.0, 4001)  # trapezoid nodes for smooth h, in standard deviations of t
_WEIGHTS = np.exp(-(_NODES**2) / 2) * (_NODES[1] - _NODES[0]) / np.sqrt(2 * np.pi)


def _density(z: float) -> float:
    return float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


class Filter(Protocol):
    """A probability of keeping a pair, non-decreasing in its score."""

    def __call__(self, scores: Array) -> Array:
        """Probabilities in [0, 1] of scores of any shape."""
        ...

    def moments(self, mean: float, sd: float) -> tuple[float, float]:
        """E[h(t)], the share kept, and E[h'(t)] for normal t."""
        ...


@dataclass(frozen=True)
class Threshold:
    """Keep all pairs that score above `at`."""

    at: float

    def __call__(self, scores: Array) -> Array:
        """1 above the threshold, 0 below."""
        return np.asarray(scores > self.at, dtype=np.float64)

    def moments(self, mean: float, sd: float) -> tuple[float, float]:
        """Share above the threshold, and the density there (the derivative of a step)."""
        z = (mean - self.at) / sd
        return float(ndtr(z)), _density(z) / sd


@dataclass(frozen=True)
class Sigmoid:
    """Keep with probability 1 / (1 + exp(-(score - middle) / width)); width > 0."""

    middle: float
    width: float

    def __call__(self, scores: Array) -> Array:
        """The logistic function of the scores."""
        return np.asarray(expit((scores - self.middle) / self.width), dtype=np.float64)

    def moments(self, mean: float, sd: float) -> tuple[float, float]:
        """By the trapezoid rule, which for widths above a tenth of sd is exact to about 12 digits."""
        kept = self(mean + sd * _NODES)
        return float(_WEIGHTS @ kept), float(_WEIGHTS @ (kept * (1 - kept))) / self.width


@dataclass(frozen=True)
class Linear:
    """Keep with a probability that rises linearly from 0 at `start` to 1 at `end` > start, and is clipped outside."""

    start: float
    end: float

    def __call__(self, scores: Array) -> Array:
        """The clipped line."""
        return np.clip((scores - self.start) / (self.end - self.start), 0.0, 1.0)

    def moments(self, mean: float, sd: float) -> tuple[float, float]:
        """From the normal's partial expectations above both corners."""
        span = self.end - self.start
        low, high = (mean - self.start) / sd, (mean - self.end) / sd
        above = [sd * (z * float(ndtr(z)) + _density(z)) for z in (low, high)]  # E[max(t - corner, 0)]
        return (above[0] - above[1]) / span, float(ndtr(low) - ndtr(high)) / span


def direction(pretrained: Array) -> Array:
    """The pretrained model (d,) at length 1; scores are inner products with it."""
    return np.asarray(pretrained / np.linalg.norm(pretrained), dtype=np.float64)


def gain(source: Distribution, pretrained: Array, rule: Filter) -> float:
    """How far filtering moves the mean of y x along the pretrained direction: sd^2 E[h'] / E[h], never negative.

    Raises ValueError for a filter that keeps nothing, which has no mean.
    """
    kept, rise = rule.moments(float(source.theta @ direction(pretrained)), source.noise)
    if not kept > 0:
        raise ValueError("filter: keeps no pair of this source")
    return source.noise**2 * rise / kept


def filtered_mean(source: Distribution, pretrained: Array, rule: Filter) -> Array:
    """E[theta_filtered] (d,) for a fixed pretrained model, under Gaussian noise (Assumption 4)."""
    return source.theta + gain(source, pretrained, rule) * direction(pretrained)
