"""Bounds of estimates, extremes, differences and shares: that they cover, and that the stated reach is found."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_ind

from datalines.claims.bounds import Bound, Component, Difference, Estimate, Extreme, Share, Unknown, size, spread

TAIL = 0.025
estimates = st.builds(
    lambda effect, parts: Estimate(effect, tuple(Component(variance, runs) for variance, runs in parts)),
    st.floats(-5, 5),
    st.lists(st.tuples(st.floats(0.01, 4), st.integers(3, 20)), min_size=1, max_size=3),
)


def mean(values: np.ndarray) -> Estimate:
    """The mean of independent runs."""
    return Estimate(float(values.mean()), (Component(float(values.var(ddof=1) / len(values)), len(values)),))


def test_a_difference_of_two_families_is_welchs_interval() -> None:
    generator = np.random.default_rng(0)
    one, two = generator.normal(1, 1, 6), generator.normal(0, 3, 15)
    found = mean(one).less(mean(two))
    known = ttest_ind(one, two, equal_var=False).confidence_interval(0.95)
    assert (found.lower(TAIL), found.upper(TAIL)) == pytest.approx((known.low, known.high))


@given(estimates, st.floats(0.001, 0.4), st.floats(0.001, 0.4))
def test_a_smaller_error_rate_gives_wider_bounds_around_the_effect(one: Estimate, a: float, b: float) -> None:
    small, large = sorted([a, b])
    assert one.lower(small) <= one.lower(large) <= one.effect <= one.upper(large) <= one.upper(small)
    assert one.negated().lower(small) == pytest.approx(-one.upper(small))


@given(st.lists(estimates, min_size=2, max_size=4), st.floats(0.01, 0.4))
def test_the_smallest_is_minus_the_largest_of_the_negatives(members: list[Estimate], tail: float) -> None:
    smallest = Extreme("min", tuple(members))
    largest = Extreme("max", tuple(member.negated() for member in members))
    assert smallest.effect == pytest.approx(-largest.effect)
    assert smallest.lower(tail) == pytest.approx(-largest.upper(tail))
    assert smallest.upper(tail) == pytest.approx(-largest.lower(tail))


@given(st.lists(estimates, min_size=2, max_size=4))
def test_the_spread_is_largest_less_smallest(members: list[Estimate]) -> None:
    effects = [member.effect for member in members]
    assert spread(members).effect == pytest.approx(max(effects) - min(effects))
    assert size(members[0]).effect == abs(effects[0])


def coverage(
    truth: tuple[float, ...], make: object, true: float, runs: int, studies: int = 3000
) -> tuple[float, float]:
    """How often the lower and the upper bound are wrong, over studies of families with these true means."""
    generator = np.random.Generator(np.random.PCG64(7))
    wrong = np.zeros(2)
    for _ in range(studies):
        bound: Bound = make([mean(generator.normal(centre, 1, runs)) for centre in truth])  # type: ignore[operator]
        wrong += [bound.lower(TAIL) > true, bound.upper(TAIL) < true]
    return wrong[0] / studies, wrong[1] / studies


@pytest.mark.parametrize("runs", [3, 8])
@pytest.mark.parametrize(
    ("truth", "make", "true"),
    [
        ((0, 0, 0, 0), lambda found: Extreme("max", tuple(found)), 0),
        ((0, 0, 0, 0), lambda found: Extreme("min", tuple(found)), 0),
        ((0, 2, 2, 5), lambda found: spread(found), 5),
        ((0, 0, 0, 0), lambda found: spread(found), 0),
        ((0,), lambda found: size(found[0]), 0),
        ((0, 3, 1, 1), lambda found: Difference(spread(found[:2]), spread(found[2:])), 3),
    ],
)
def test_no_bound_is_wrong_more_often_than_stated(
    truth: tuple[float, ...], make: object, true: float, runs: int
) -> None:
    low, high = coverage(truth, make, true, runs)
    allowed = TAIL + 3 * math.sqrt(TAIL * (1 - TAIL) / 3000)
    assert low <= allowed and high <= allowed


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_shares_have_exact_bounds(case: tuple[int, int]) -> None:
    known = binomtest(*case).proportion_ci(0.95, "exact")
    found = Share(*case)
    assert (found.lower(TAIL), found.upper(TAIL)) == pytest.approx((100 * known.low, 100 * known.high), abs=1e-9)


def test_the_reach_of_a_share_is_found_in_four_of_five_studies() -> None:
    reach = Share(900, 1000).reach("above", 90, TAIL, 0.2)
    hits = np.random.default_rng(1).binomial(1000, (90 + reach) / 100, 4000)
    found = np.mean([Share(int(hit), 1000).lower(TAIL) > 90 for hit in hits])
    assert found == pytest.approx(0.8, abs=0.03)
    assert Share(100, 1000).reach("below", 10, TAIL, 0.2) == pytest.approx(reach)
    assert Share(5, 5).reach("above", 99, TAIL, 0.2) == math.inf


def test_without_scatter_there_are_no_bounds_but_for_those_that_do_not_need_it() -> None:
    known, unknown = Estimate(3, (Component(1, 9),)), Estimate(1, (Component(math.nan, 1),))
    assert (unknown.lower(TAIL), unknown.upper(TAIL)) == (-math.inf, math.inf)
    both = known.less(unknown)
    assert both.effect == 2 and both.upper(TAIL) == math.inf and both.reach("above", 0, TAIL, 0.2) == math.inf
    assert math.isfinite(both.with_runs(5).upper(TAIL))  # planned with the scatter of the other family
    assert unknown.with_runs(5).upper(TAIL) == math.inf
    largest = Extreme("max", (known, unknown))
    assert largest.lower(TAIL) == known.lower(TAIL / 2) and largest.upper(TAIL) == math.inf
    assert math.isnan(Extreme("max", (known, Unknown("no line"))).effect)
    assert isinstance(spread([known]), Unknown)


@given(estimates)
def test_more_runs_narrow_every_bound(one: Estimate) -> None:
    few, many = one.with_runs(4), one.with_runs(40)
    assert one.effect == few.effect and many.upper(TAIL) - one.effect < few.upper(TAIL) - one.effect
    three = Estimate(0, (Component(2.0, 8), Component(1.0, 4))).with_runs(8)
    assert three.components == (Component(2.0, 8), Component(0.5, 8))
