"""Theorem 2: the mixed slope lies between both sources' slopes if, and only if, their projections have one sign."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from datalines.theory.estimates import ratio
from datalines.theory.laws import generator
from datalines.theory.mixing import mixed_slopes, mixture, output_mixture, projections, same_side, slope_weight
from datalines.theory.model import Distribution, slope
from datalines.theory.simulate import drawn_probits, probit_pairs, signed_pairs
from tests.unit.theory_cases import distributions, toward, two_sets, unit

shares = st.floats(0.02, 0.98)


@given(distributions, distributions, distributions, distributions, shares)
def test_the_mixed_slope_lies_between_where_both_projections_have_one_sign(
    one: Distribution, other: Distribution, first: Distribution, second: Distribution, share: float
) -> None:
    ends = projections(first, second, one)
    assume(min(abs(end) for end in ends) > 0.01 and abs(share * ends[0] + (1 - share) * ends[1]) > 0.01)
    start, stop, mixed = mixed_slopes(first, second, (one, other), share)
    low, high = min(start, stop), max(start, stop)
    room = 1e-9 * (1 + abs(start) + abs(stop) + abs(mixed))
    if same_side(first, second, one):
        assert low - room <= mixed <= high + room
    else:
        assert mixed <= low + room or mixed >= high - room


@given(
    distributions, distributions, distributions, distributions, st.lists(shares, min_size=3, max_size=6, unique=True)
)
def test_the_slope_moves_one_way_with_the_share(
    one: Distribution, other: Distribution, first: Distribution, second: Distribution, at: list[float]
) -> None:
    assume(same_side(first, second, one) and min(map(abs, projections(first, second, one))) > 0.01)
    slopes = [mixed_slopes(first, second, (one, other), share)[2] for share in sorted(at)]
    steps = np.diff(slopes)
    assert (steps <= 1e-9).all() or (steps >= -1e-9).all()


@given(distributions, distributions, distributions, distributions, shares)
def test_the_mixed_slope_is_a_weighted_mean_with_one_ratio_for_all_test_sets(
    one: Distribution, other: Distribution, first: Distribution, second: Distribution, share: float
) -> None:
    ends = projections(first, second, one)
    assume(min(map(abs, ends)) > 0.01 and abs(share * ends[0] + (1 - share) * ends[1]) > 0.01)
    start, stop, mixed = mixed_slopes(first, second, (one, other), share)
    weight = float(slope_weight(share, ends[0] / ends[1]))
    assert np.isclose(weight * start + (1 - weight) * stop, mixed, rtol=1e-6, atol=1e-6)


def test_equal_projections_give_a_straight_line_that_the_printed_derivative_misses() -> None:
    """The paper's proof writes the slope as c_1 + c_2 / <theta_1, theta(share)>; with equal projections this is
    constant, while the slope is linear in the share."""
    d = 6
    first, second = (Distribution(unit(0, d) + end * unit(1, d), 1.0) for end in (0.2, 0.9))
    slopes = [mixed_slopes(first, second, two_sets(d), share)[2] for share in (0.0, 0.25, 0.5, 1.0)]
    assert np.allclose(slopes, 0.75 * np.array([0.9, 0.725, 0.55, 0.2]))


def test_the_order_of_the_sources_is_the_order_of_the_ends() -> None:
    """The theorem's chain of inequalities holds as printed only where the first source has the smaller slope."""
    d = 6
    steep, flat = (Distribution(unit(0, d) + end * unit(1, d), 1.0) for end in (0.9, 0.2))
    start, stop, mixed = mixed_slopes(steep, flat, two_sets(d), 0.5)
    assert start > mixed > stop


def test_opposite_signs_put_the_mixed_slope_outside() -> None:
    d = 6
    first = Distribution(unit(0, d) + 0.5 * unit(1, d), 1.0)
    second = Distribution(-0.5 * unit(0, d) + 0.5 * unit(1, d), 1.0)
    start, stop, mixed = mixed_slopes(first, second, two_sets(d), 0.5)
    assert (start, stop) == pytest.approx((0.375, -0.75)) and mixed == pytest.approx(1.5)


def test_the_noise_of_joined_data_is_that_of_the_corrected_signal_to_noise_ratio() -> None:
    d, counts = 40, (30, 90)
    first, second = Distribution(toward((0.8, 0.2), 2, d), 1.0), Distribution(2 * toward((0.5, 0.7), 3, d), 3.0)
    rng = generator("joined")
    pairs = [signed_pairs(source, n, 500, rng) for source, n in zip((first, second), counts, strict=True)]
    joined = np.concatenate(pairs, axis=1).mean(axis=1)
    exact, printed = (mixture(first, second, *counts, form) for form in ("exact", "printed"))
    measured = (joined - exact.theta).std()
    assert np.isclose(measured, exact.noise / np.sqrt(120), rtol=0.02)
    assert np.isclose(printed.noise / exact.noise, np.sqrt(120))
    assert slope(exact.theta, *two_sets(d)) == slope(printed.theta, *two_sets(d))
    outputs = output_mixture((pairs[0].mean(axis=1), pairs[1].mean(axis=1)), 30 / 120)
    assert np.allclose(outputs, joined)
    assert np.allclose(probit_pairs(outputs, two_sets(d)), probit_pairs(joined, two_sets(d)))


def test_equal_weights_are_the_joined_model_of_equal_counts_only() -> None:
    d = 8
    models = (unit(0, d)[None], unit(1, d)[None])
    assert np.allclose(output_mixture(models, 0.5), (unit(0, d) + unit(1, d)) / 2)
    assert not np.allclose(output_mixture(models, 0.5), output_mixture(models, 0.25))


def test_models_of_the_mixture_are_on_its_line() -> None:
    d = 40
    first, second = Distribution(toward((0.8, 0.2), 2, d), 1.0), Distribution(2 * toward((0.5, 0.7), 3, d), 3.0)
    found = drawn_probits(mixture(first, second, 50, 150), two_sets(d), 200, 1.0, 4000, generator("mixture"))
    fitted = ratio(found[:, 1], found[:, 0])
    assert abs(fitted.value - mixed_slopes(first, second, two_sets(d), 0.25)[2]) < 4.5 * fitted.se
