"""Theorem 1: closed forms against Monte Carlo, and where the paper's own formulas fail."""

import numpy as np
import pytest
from hypothesis import given
from scipy.special import ndtr

from datalines.errors import DatalinesError
from datalines.robustness.transforms import inverse, transform
from datalines.theory.estimates import line, rate, ratio, root_mean_square, score
from datalines.theory.laws import LAWS, generator, noise, orthonormal
from datalines.theory.model import Distribution, cosine, deviation, limit, probits, slope
from datalines.theory.simulate import (
    CHUNK,
    build_world,
    drawn_probits,
    pieces,
    probit_pairs,
    run_algorithm,
    sampled_accuracy,
    trained,
)
from datalines.theory.specs import Law, World
from tests.unit.theory_cases import distributions, toward, two_sets, unit, vectors

ERRORS = 4.5  # standard errors that a seeded Monte Carlo may be off


def spread_source(d: int, rho: float = 1.0) -> tuple[Distribution, tuple[Distribution, Distribution]]:
    sources, sets = build_world(World(), d, generator("test", d))
    return Distribution(sources["a"].theta, rho), sets


def test_a_distribution_needs_a_mean_and_a_signal() -> None:
    with pytest.raises(ValueError, match="theta: one vector"):
        Distribution(np.zeros(3), 1.0)
    with pytest.raises(ValueError, match=r"rho: 0.0 must lie above 0"):
        Distribution(np.ones(3), 0.0)
    assert Distribution(np.array([3.0, 4.0]), 2.0).noise == 2.5


def test_a_source_orthogonal_to_the_first_test_set_has_no_slope() -> None:
    with pytest.raises(ValueError, match="vertical"):
        slope(unit(2, 4), *two_sets(4))


@given(vectors, distributions)
def test_probit_accuracy_is_that_of_the_margin(model: np.ndarray, test: Distribution) -> None:
    margin = model @ test.theta / (test.noise * np.linalg.norm(model))
    assert np.isclose(probits(model[None], test)[0], margin)
    assert abs(probits(model[None], test)[0]) <= test.rho * (1 + 1e-9)  # no classifier does better than the mean itself


@pytest.mark.parametrize("law", LAWS)
def test_laws_have_mean_0_and_variance_1(law: Law) -> None:
    drawn = noise(law, (400_000,), generator("law", law))
    assert abs(drawn.mean()) < ERRORS / np.sqrt(len(drawn))
    assert abs(drawn.var() - 1) < ERRORS * drawn.var() * np.sqrt(8 / len(drawn))


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_the_limit_holds_and_the_printed_one_exceeds_the_best_classifier(alpha: float) -> None:
    d, xi = 3000, 0.5
    source, sets = spread_source(d)
    found = drawn_probits(source, sets, round(alpha**2 * d), xi, 200, generator("limit", alpha))
    for side, test in enumerate(sets):
        mean, error = found[:, side].mean(), found[:, side].std() / np.sqrt(len(found))
        assert abs(mean - limit(source, test, alpha, xi)) < ERRORS * error + 2 / d
        assert abs(mean - limit(source, test, alpha, xi, "printed")) > 20 * error
    assert limit(source, sets[0], 2.0, 0.5, "printed") > sets[0].rho


def test_both_limits_agree_where_the_algorithm_is_noisy() -> None:
    source, (test, _) = spread_source(50)
    exact, printed = (limit(source, test, 1.0, 100.0, form) for form in ("exact", "printed"))
    assert np.isclose(exact, printed, rtol=1e-4) and exact < printed


@pytest.mark.parametrize("d", [5, 40])
def test_under_gaussian_noise_the_mean_is_on_the_line_at_any_size(d: int) -> None:
    """Not only asymptotically: by symmetry around the source's mean, E cos(theta_i, model) is in proportion to
    cos(theta_i, theta)."""
    source, sets = Distribution(toward((0.8, 0.4), 2, d), 1.0), two_sets(d)
    found = drawn_probits(source, sets, d, 1.5, 60_000, generator("mean", d))
    assert abs(score(found[:, 1], found[:, 0], slope(source.theta, *sets))) < ERRORS


@pytest.mark.parametrize("xi", [0.5, 2.0])
def test_the_distance_from_the_line_is_that_of_the_closed_form(xi: float) -> None:
    d, n = 1500, 1500
    source, sets = spread_source(d)
    found = drawn_probits(source, sets, n, xi, 1500, generator("distance", xi))
    left = root_mean_square(found[:, 1] - slope(source.theta, *sets) * found[:, 0])
    assert abs(left.value - deviation(source, *sets, n, xi)) < ERRORS * left.se


def test_the_distance_does_not_grow_with_n_over_d() -> None:
    """The paper bounds it by exp(c n / d) / sqrt n; at fixed d it falls as n grows."""
    source, sets = spread_source(200)
    distances = [deviation(source, *sets, 200 * 4**power, 1.0) for power in range(6)]
    assert (np.diff(distances) < 0).all()
    assert deviation(source, *sets, 10**8, 1.0) * 1e4 == pytest.approx(
        deviation(source, *sets, 10**6, 1.0) * 1e3, rel=0.01
    )


@pytest.mark.parametrize("law", ["rademacher", "uniform", "exponential"])
def test_sampled_accuracy_under_other_test_noise_is_that_of_gaussian_noise(law: Law) -> None:
    d, samples = 600, 40_000
    source, sets = spread_source(d)
    models = trained(source, d, 1.0, 5, generator("sampled", law))
    for test in sets:
        exact = inverse(probits(models, test))
        found = sampled_accuracy(models, test, samples, law, generator("tested", law, test.rho))
        assert (abs(found - exact) < ERRORS * np.sqrt(exact * (1 - exact) / samples) + 2 / d).all()


def test_a_mean_in_one_coordinate_breaks_the_theorem_under_binary_test_noise() -> None:
    """Bounded third moments (Assumption 5) are not enough: the source's mean must be spread over the coordinates."""
    d, alpha, samples = 1000, 2.0, 40_000
    source, test = Distribution(unit(0, d), 1.0), Distribution(toward((0.9, 0.0), 2, d), 1.0)
    models = trained(source, round(alpha**2 * d), 1.0, 4, generator("one"))
    found = sampled_accuracy(models, test, samples, "rademacher", generator("coordinate"))
    gaussian = ndtr(limit(source, test, alpha, 1.0))
    two = ndtr((0.9 + 1) * alpha) / 2 + ndtr((0.9 - 1) * alpha) / 2  # the coordinate's noise is +1 or -1
    assert (abs(found - two) < 0.02).all() and gaussian - two > 0.05


@pytest.mark.parametrize(("algorithm", "xi"), [("average", 1.0), ("half", np.sqrt(2))])
def test_trained_models_are_those_of_assumption_2(algorithm: str, xi: float) -> None:
    d, n = 60, 120
    source = Distribution(toward((0.8, 0.4), 2, d), 1.3)
    models = run_algorithm(algorithm, source, n, 400, generator(algorithm))  # type: ignore[arg-type]
    left = models - source.theta
    assert np.isclose(left.std(), xi * source.noise / np.sqrt(n), rtol=0.02)
    assert np.linalg.norm(left.mean(axis=0)) < 1.3 * np.sqrt(d / 400) * left.std()


@pytest.mark.parametrize("n", [20, 40, 90])
def test_least_squares_solves_its_problem(n: int) -> None:
    d = 40
    source = Distribution(toward((0.8, 0.4), 2, d), 1.3)
    model = run_algorithm("least-squares", source, n, 1, generator("squares", n))[0]
    pairs = source.theta + source.noise * generator("squares", n).standard_normal((1, n, d))[0]
    assert np.allclose(model, np.linalg.lstsq(pairs, np.ones(n), rcond=None)[0], atol=1e-6)


def test_least_squares_is_on_the_line_though_it_is_no_model_of_assumption_2() -> None:
    d = 60
    source, sets = Distribution(toward((0.8, 0.4), 2, d), 1.0), two_sets(d)
    found = probit_pairs(run_algorithm("least-squares", source, 180, 1000, generator("line")), sets)
    assert abs(score(found[:, 1], found[:, 0], slope(source.theta, *sets))) < ERRORS


def test_worlds_have_the_stated_angles() -> None:
    spec = World()
    sources, sets = build_world(spec, 30, generator("world"))
    assert np.isclose(cosine(sets[0].theta, sets[1].theta), spec.between)
    for name, source in sources.items():
        assert np.allclose([cosine(source.theta, test.theta) for test in sets], spec.sources[name].cosines)
    with pytest.raises(DatalinesError, match=r"sources.a.cosines: no direction has cosines 0.9 and 0.5"):
        build_world(World(between=-0.6), 30, generator("world"))


def test_pieces_stay_within_the_memory_that_is_stated() -> None:
    assert sum(pieces(1000, 10_000)) == 1000
    assert max(pieces(1000, 10_000)) * 10_000 <= CHUNK
    assert list(pieces(3, 2 * CHUNK)) == [1, 1, 1]


def test_lines_rates_and_ratios_are_found_with_honest_errors() -> None:
    rng = generator("estimates")
    scores = []
    for _ in range(400):
        x = rng.normal(size=40)
        groups = np.arange(40) // 4
        y = 0.7 * x + 0.2 + 0.3 * np.repeat(rng.normal(size=10), 4) + 0.1 * rng.normal(size=40)
        found, height = line(x, y, groups)
        scores.append((found.low <= 0.7 <= found.high, height.low <= 0.2 <= height.high))
    assert (np.mean(scores, axis=0) > 0.91).all()
    sizes = np.array([100.0, 200, 400, 800])
    assert np.isclose(rate([(sizes, c * sizes**-0.5, 0.1 * c * sizes**-0.5) for c in (1, 5)]).value, -0.5)
    bottom = rng.normal(2.0, 1.0, size=4000)
    top = 0.5 * bottom + rng.normal(size=4000)
    assert abs(ratio(top, bottom).value - 0.5) < ERRORS * ratio(top, bottom).se
    assert abs(score(top, bottom, 0.5)) < ERRORS and score(top, bottom, 0.3) > 5


def test_directions_are_orthonormal_and_seeded() -> None:
    basis = orthonormal(3, 20, generator("basis"))
    assert np.allclose(basis @ basis.T, np.eye(3))
    assert (basis == orthonormal(3, 20, generator("basis"))).all()
    assert transform(0.5) == 0
