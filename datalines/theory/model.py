"""Data and trained models of "Quality Not Quantity", section 6, with the closed forms of Theorem 1.

A distribution is y = +-1 at random and x = y theta + (|theta| / rho) z; a trained model is theta + (xi |theta| /
(rho sqrt n)) z (Assumptions 1 and 2). The entries of z are independent, of mean 0 and variance 1. `docs/theory.md` says
where the closed forms here differ from those that the paper prints, and why.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from datalines.robustness.transforms import Array

Form = Literal["exact", "printed"]


@dataclass(frozen=True)
class Distribution:
    """A source or a test set (Assumption 1): mean `theta` of y x, shape (d,), and `rho`, the root of its
    signal-to-noise ratio. Raises ValueError for a zero or infinite mean and for rho that is not above 0."""

    theta: Array
    rho: float

    def __post_init__(self) -> None:
        if self.theta.ndim != 1 or not np.isfinite(self.theta).all() or not self.theta.any():
            raise ValueError("theta: one vector of finite numbers, not all zero, is needed")
        if not 0 < self.rho < np.inf:
            raise ValueError(f"rho: {self.rho} must lie above 0")

    @property
    def dimension(self) -> int:
        """Number of coordinates d."""
        return len(self.theta)

    @property
    def noise(self) -> float:
        """Standard deviation of one coordinate of y x."""
        return float(np.linalg.norm(self.theta)) / self.rho


def cosine(first: Array, second: Array) -> float:
    """Cosine of the angle between two vectors (d,)."""
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def slope(theta: Array, first: Distribution, second: Distribution) -> float:
    """Slope of the line of models with mean `theta` (d,): probit accuracy on `second` against that on `first`.

    cos(theta_2, theta) rho_2 / (cos(theta_1, theta) rho_1), Theorem 1. Raises ValueError where theta is orthogonal to
    the first test set, on which all models are then at chance.
    """
    across = cosine(first.theta, theta) * first.rho
    if across == 0:
        raise ValueError("theta: orthogonal to the first test set, so that the line is vertical")
    return cosine(second.theta, theta) * second.rho / across


def probits(models: Array, test: Distribution) -> Array:
    """Probit accuracy of each linear model, shape (k, d) to (k,), on a test set with Gaussian noise; no sampling.

    y<x, model> is normal with mean <theta, model> and standard deviation |theta| |model| / rho, so the probit of the
    accuracy is rho cos(theta, model) for every d and n.
    """
    lengths = np.linalg.norm(models, axis=1) * np.linalg.norm(test.theta)
    return np.asarray(test.rho * (models @ test.theta) / lengths, dtype=np.float64)


def limit(training: Distribution, test: Distribution, alpha: float, xi: float, form: Form = "exact") -> float:
    """Probit accuracy as d grows with n / d = alpha^2 (Theorem 1, equation 1).

    `printed` is the paper's cos rho_test (rho alpha / xi). It drops the signal from the norm of the model: with it, the
    norm is |theta| sqrt(1 + xi^2 / (rho alpha)^2), and `exact` is cos rho_test / sqrt(1 + xi^2 / (rho alpha)^2). Both
    agree where xi is large against rho alpha; their ratio is the same for all test sets, so slopes do not differ.
    """
    aligned = cosine(test.theta, training.theta) * test.rho
    strength = training.rho * alpha / xi
    return aligned * strength if form == "printed" else aligned * strength / np.hypot(1, strength)


def deviation(training: Distribution, first: Distribution, second: Distribution, n: int, xi: float) -> float:
    """RMS distance, in probits of the second set, of single models from the line through 0 with the slope of Theorem 1.

    Gaussian test noise; to leading order in d, with n / d at any value. What is left of a model's noise across the line
    is rho_2 xi / (rho sqrt n) times sqrt(1 + k^2 - 2 k cos(theta_1, theta_2)) with k the ratio of the cosines, over the
    model's norm: at fixed n / d it falls as 1 / sqrt n, with no factor that grows with n / d.
    """
    ratio = cosine(second.theta, training.theta) / cosine(first.theta, training.theta)
    across = np.sqrt(max(0.0, 1 + ratio**2 - 2 * ratio * cosine(first.theta, second.theta)))
    unit = xi / (training.rho * np.sqrt(n))
    return float(second.rho * unit * across / np.hypot(1, unit * np.sqrt(training.dimension)))
