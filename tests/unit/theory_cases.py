"""Distributions for the tests of the theory."""

import numpy as np
from hypothesis import strategies as st

from datalines.robustness.transforms import Array
from datalines.theory.model import Distribution

coordinates = st.floats(-4, 4, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-3)
vectors = (
    st.lists(coordinates, min_size=4, max_size=4).map(np.array).filter(lambda vector: np.linalg.norm(vector) > 0.1)
)
roots = st.floats(0.2, 4)
distributions = st.builds(Distribution, vectors, roots)


def unit(place: int, d: int) -> Array:
    """The basis vector at `place`."""
    return np.eye(d)[place]


def toward(cosines: tuple[float, float], place: int, d: int) -> Array:
    """A unit vector with these cosines with the first two basis vectors; its rest lies along basis vector `place`."""
    first, second = cosines
    return first * unit(0, d) + second * unit(1, d) + np.sqrt(1 - first**2 - second**2) * unit(place, d)


def two_sets(d: int) -> tuple[Distribution, Distribution]:
    """Two orthogonal test sets."""
    return Distribution(unit(0, d), 2.0), Distribution(unit(1, d), 1.5)
