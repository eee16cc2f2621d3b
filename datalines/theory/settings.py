"""Random sources and test sets: directions that share more or less of one common direction, sometimes against it."""

import numpy as np

from datalines.robustness.transforms import Array
from datalines.theory.model import Distribution

_AGREEMENT = (-0.3, 1.0)  # cosine of a direction with the common one, uniform in this range
_LENGTHS = 0.5  # standard deviation of the logarithm of a mean's length
_TEST_RHO = (0.5, 3.0)
_TRAIN_RHO = (0.3, 3.0)


def random_mean(common: Array, rng: np.random.Generator) -> Array:
    """A vector (d,) of random length whose cosine with `common`, a unit vector, is random."""
    agreement = rng.uniform(*_AGREEMENT)
    rest = rng.standard_normal(len(common))
    rest -= (rest @ common) * common
    unit = agreement * common + np.sqrt(1 - agreement**2) * rest / np.linalg.norm(rest)
    return np.asarray(unit * np.exp(_LENGTHS * rng.standard_normal()), dtype=np.float64)


def random_distributions(count: int, tests: int, d: int, rng: np.random.Generator) -> list[Distribution]:
    """`count` distributions in d dimensions; rho is uniform for the first `tests`, log-uniform for the others."""
    common = rng.standard_normal(d)
    common /= np.linalg.norm(common)
    found = []
    for place in range(count):
        theta = random_mean(common, rng)
        rho = rng.uniform(*_TEST_RHO) if place < tests else np.exp(rng.uniform(*np.log(_TRAIN_RHO)))
        found.append(Distribution(theta, float(rho)))
    return found
