"""Monte Carlo of trained models and of their accuracies, over all repeats at once in bounded memory.

No array of drawn numbers has more than `CHUNK` entries (32 MiB of float64), save where one data set or one model is
larger than that: repeats and test examples are worked off in pieces.
"""

from collections.abc import Callable, Iterator

import numpy as np

from datalines.errors import DatalinesError
from datalines.robustness.transforms import Array
from datalines.theory.laws import noise, orthonormal
from datalines.theory.model import Distribution, probits
from datalines.theory.specs import Algorithm, Law, World

CHUNK = 1 << 22


def pieces(count: int, numbers_each: int) -> Iterator[int]:
    """Sizes of the pieces that `count` repeats of `numbers_each` numbers are cut into; each has at least one."""
    size = max(1, CHUNK // numbers_each)
    yield from (min(size, count - start) for start in range(0, count, size))


def trained(
    source: Distribution, n: int, xi: float, repeats: int, rng: np.random.Generator, law: Law = "gaussian"
) -> Array:
    """Models (repeats, d) of Assumption 2: theta + (xi |theta| / (rho sqrt n)) z with z of the given law."""
    return source.theta + xi * source.noise / np.sqrt(n) * noise(law, (repeats, source.dimension), rng)


def signed_pairs(source: Distribution, n: int, repeats: int, rng: np.random.Generator) -> Array:
    """Drawn examples times their labels, y x of shape (repeats, n, d): all that the algorithms here depend on.

    Gaussian noise, for which y z is distributed as z.
    """
    return source.theta + source.noise * rng.standard_normal((repeats, n, source.dimension))


def _average(pairs: Array) -> Array:
    return np.asarray(pairs.mean(axis=1))


def _half(pairs: Array) -> Array:
    return np.asarray(pairs[:, : pairs.shape[1] // 2].mean(axis=1))


def _least_squares(pairs: Array) -> Array:
    """argmin of sum (1 - <model, y x>)^2; the shortest solution where n < d."""
    _, n, d = pairs.shape
    if n < d:
        base, corner = np.linalg.qr(np.swapaxes(pairs, 1, 2))
        weights = np.linalg.solve(np.swapaxes(corner, 1, 2), np.ones((len(pairs), n, 1)))
        return np.asarray((base @ weights)[..., 0])
    base, corner = np.linalg.qr(pairs)
    return np.asarray(np.linalg.solve(corner, base.sum(axis=1)[..., None])[..., 0])


_ALGORITHMS: dict[Algorithm, Callable[[Array], Array]] = {
    "average": _average,
    "half": _half,
    "least-squares": _least_squares,
}


def run_algorithm(algorithm: Algorithm, source: Distribution, n: int, repeats: int, rng: np.random.Generator) -> Array:
    """Models (repeats, d) trained on n drawn pairs each: their mean (xi = 1), the mean of half of them (xi = sqrt 2),
    or linear least squares of labels on examples, which is no model of Assumption 2."""
    done = [
        _ALGORITHMS[algorithm](signed_pairs(source, n, size, rng)) for size in pieces(repeats, n * source.dimension)
    ]
    return np.concatenate(done)


def probit_pairs(models: Array, tests: tuple[Distribution, Distribution]) -> Array:
    """Probit accuracies (k, 2) of models (k, d) on two test sets with Gaussian noise, exact for each model."""
    return np.column_stack([probits(models, test) for test in tests])


def drawn_probits(
    source: Distribution,
    tests: tuple[Distribution, Distribution],
    n: int,
    xi: float,
    repeats: int,
    rng: np.random.Generator,
    law: Law = "gaussian",
) -> Array:
    """Probit accuracies (repeats, 2) of models of Assumption 2."""
    done = [probit_pairs(trained(source, n, xi, size, rng, law), tests) for size in pieces(repeats, source.dimension)]
    return np.concatenate(done)


def sampled_accuracy(models: Array, test: Distribution, samples: int, law: Law, rng: np.random.Generator) -> Array:
    """Accuracy (k,) of models (k, d) on drawn test examples whose noise has the given law; ties count as half.

    All models see the same examples, so their sampling errors, of variance p (1 - p) / samples, are correlated.
    """
    signal = models @ test.theta
    correct = np.zeros(len(models))
    for size in pieces(samples, max(test.dimension, len(models))):
        labels = noise("rademacher", (size, 1), rng)
        margins = signal + test.noise * labels * (noise(law, (size, test.dimension), rng) @ models.T)
        correct += (margins > 0).sum(axis=0) + 0.5 * (margins == 0).sum(axis=0)
    return np.asarray(correct / samples, dtype=np.float64)


def build_world(
    spec: World, d: int, rng: np.random.Generator
) -> tuple[dict[str, Distribution], tuple[Distribution, Distribution]]:
    """Sources and two test sets in d dimensions, with unit means that have the stated cosines.

    What a source has outside the plane of the test sets it shares with no other. Raises DatalinesError where no
    vectors have these cosines.
    """
    basis = orthonormal(2 + len(spec.sources), d, rng)
    sine = np.sqrt(1 - spec.between**2)
    second = spec.between * basis[0] + sine * basis[1]
    tests = (Distribution(basis[0], spec.rho[0]), Distribution(second, spec.rho[1]))
    sources = {}
    for place, (name, source) in enumerate(spec.sources.items()):
        first, other = source.cosines
        side = (other - spec.between * first) / sine if sine else 0.0
        rest = 1 - first**2 - side**2
        if rest < 0 or (not sine and abs(other - spec.between * first) > 1e-12):
            raise DatalinesError(
                f"theory: sources.{name}.cosines: no direction has cosines {first:g} and {other:g} with two test sets "
                f"whose own cosine is {spec.between:g}; bring them nearer to each other, or nearer to 0"
            )
        theta = first * basis[0] + side * basis[1] + np.sqrt(rest) * basis[2 + place]
        sources[name] = Distribution(theta, source.rho)
    return sources, tests
