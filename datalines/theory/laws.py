"""Laws of noise with independent entries of mean 0 and variance 1, and directions with given angles."""

from collections.abc import Callable
from typing import get_args

import numpy as np

from datalines.robustness.intervals import stable_seed
from datalines.robustness.transforms import Array
from datalines.theory.specs import Law

Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.integers(0, 2, shape, dtype=np.int8) * 2.0 - 1.0, dtype=np.float64)


_LAWS: dict[Law, Draw] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "rademacher": _signs,
    "uniform": lambda rng, shape: (rng.random(shape) - 0.5) * np.sqrt(12),
    "exponential": lambda rng, shape: rng.standard_exponential(shape) - 1,  # skewed, unlike the others
}
LAWS: tuple[Law, ...] = get_args(Law)


def noise(law: Law, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Independent entries of mean 0 and variance 1."""
    return _LAWS[law](rng, shape)


def generator(*names: object) -> np.random.Generator:
    """The random numbers that belong to these names and to no others, whatever is drawn before them."""
    return np.random.Generator(np.random.PCG64(stable_seed("theory", *map(str, names))))


def orthonormal(count: int, dimension: int, rng: np.random.Generator) -> Array:
    """Random orthonormal vectors (count, dimension), spread over all coordinates."""
    columns, _ = np.linalg.qr(rng.standard_normal((dimension, count)))
    return np.asarray(columns.T, dtype=np.float64)
