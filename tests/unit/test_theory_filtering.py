"""Theorem 3: any non-decreasing filter moves the mean towards the pretrained model, and the slope with it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad

from datalines.theory.estimates import ratio
from datalines.theory.filtering import Filter, Linear, Sigmoid, Threshold, direction, filtered_mean, gain
from datalines.theory.laws import generator
from datalines.theory.mixing import same_side
from datalines.theory.model import Distribution, slope
from datalines.theory.simulate import signed_pairs
from tests.unit.theory_cases import distributions, toward, two_sets, unit, vectors

RULES: dict[str, Filter] = {
    "threshold": Threshold(0.4),
    "sigmoid": Sigmoid(0.3, 0.25),
    "sharp": Sigmoid(0.3, 0.1),
    "linear": Linear(0.0, 3.0),
    "steep": Linear(0.9, 1.1),
}
places = st.floats(-2, 2)
widths = st.floats(0.2, 3)
rules = st.one_of(
    st.builds(Threshold, places),
    st.builds(Sigmoid, places, widths),
    st.builds(lambda start, width: Linear(start, start + width), places, widths),
)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (0.7, 0.9)])
def test_the_share_kept_and_the_mean_score_are_those_of_numerical_integration(
    name: str, mean: float, sd: float
) -> None:
    rule = RULES[name]

    def density(score: float) -> float:
        return float(np.exp(-(((score - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi)))

    corners = [0.0, 0.3, 0.4, 0.9, 1.1, 3.0]
    bounds = (mean - 12 * sd, mean + 12 * sd)
    weight, total = (
        quad(lambda t, p=power: t**p * float(rule(np.array(t))) * density(t), *bounds, points=corners, limit=400)[0]
        for power in (0, 1)
    )
    kept, rise = rule.moments(mean, sd)
    assert np.isclose(kept, weight, rtol=1e-8)
    assert np.isclose(mean + sd**2 * rise / kept, total / weight, rtol=1e-7)


@given(distributions, distributions, distributions, vectors, rules)
def test_every_filter_moves_the_slope_towards_the_pretrained_one(
    inside: Distribution, outside: Distribution, source: Distribution, pretrained: np.ndarray, rule: Filter
) -> None:
    sets = (inside, outside)
    kept = rule.moments(float(source.theta @ direction(pretrained)), source.noise)[0]
    assume(kept > 1e-6 and same_side(source, Distribution(pretrained, 1.0), inside))
    assume(min(abs(inside.theta @ vector) for vector in (source.theta, pretrained)) > 0.01)
    assert gain(source, pretrained, rule) >= 0
    before, aim = slope(source.theta, *sets), slope(pretrained, *sets)
    after = slope(filtered_mean(source, pretrained, rule), *sets)
    room = 1e-9 * (1 + abs(before) + abs(aim))
    assert min(before, aim) - room <= after <= max(before, aim) + room
    assert (after - before) * (aim - before) >= -room


@given(distributions, vectors, rules)
def test_a_filter_that_is_not_constant_gains_something(
    source: Distribution, pretrained: np.ndarray, rule: Filter
) -> None:
    mean = float(source.theta @ direction(pretrained))
    kept, rise = rule.moments(mean, source.noise)
    assume(kept > 1e-6)
    scores = mean + source.noise * np.array([-2.0, 2.0])
    if np.diff(rule(scores))[0] > 1e-3:
        assert rise > 0 and gain(source, pretrained, rule) > 0


def test_a_filter_that_keeps_all_alike_gains_nothing_and_one_that_keeps_nothing_has_no_mean() -> None:
    source = Distribution(unit(0, 4), 1.0)
    assert gain(source, unit(1, 4), Threshold(-60.0)) == 0
    assert gain(source, unit(1, 4), Linear(-1e6, 1e-6 - 1e6)) == 0
    with pytest.raises(ValueError, match="keeps no pair"):
        gain(source, unit(1, 4), Threshold(60.0))


def test_filtering_can_carry_the_mean_past_the_pretrained_model_and_the_theorem_still_holds() -> None:
    """The paper's proof says that filtering brings the projection nearer to the pretrained model's. It need not."""
    d, rule = 6, Threshold(1.5)
    source, pretrained = Distribution(toward((0.8, 0.3), 2, d), 1.0), 0.5 * toward((0.6, 0.54), 3, d)
    mean, along = filtered_mean(source, pretrained, rule), direction(pretrained)
    assert abs((mean - pretrained) @ along) > 3 * abs((source.theta - pretrained) @ along)
    assert slope(source.theta, *two_sets(d)) < slope(mean, *two_sets(d)) < slope(pretrained, *two_sets(d))


def test_a_pretrained_model_below_chance_moves_the_slope_away() -> None:
    """It has a slope between the source's and 1, as the theorem asks, but is on the wrong side on both test sets."""
    d = 6
    source, pretrained = Distribution(toward((0.8, 0.3), 2, d), 1.0), -toward((0.6, 0.54), 3, d)
    sets = two_sets(d)
    assert slope(source.theta, *sets) < slope(pretrained, *sets) <= 1
    assert slope(filtered_mean(source, pretrained, Threshold(0.0)), *sets) < slope(source.theta, *sets)


def test_with_a_random_unfiltered_model_the_theorem_fails_at_times() -> None:
    """A weak filter moves the mean by little, a single unfiltered model is off the mean by more."""
    d, n = 20, 400
    source, pretrained = Distribution(toward((0.8, 0.3), 2, d), 1.0), toward((0.6, 0.54), 3, d)
    after = slope(filtered_mean(source, pretrained, Threshold(-2.5)), *two_sets(d))
    models = signed_pairs(source, n, 500, generator("literal")).mean(axis=1)
    slopes = np.array([slope(model, *two_sets(d)) for model in models])
    met = slopes < slope(pretrained, *two_sets(d))
    assert met.sum() > 450 and 0.1 < (slopes[met] >= after).mean() < 0.9


@pytest.mark.parametrize("name", RULES)
def test_filtered_data_have_the_mean_of_the_closed_form(name: str) -> None:
    d, n, models, rule = 20, 400, 300, RULES[name]
    source, pretrained = Distribution(toward((0.8, 0.3), 2, d), 1.0), toward((0.6, 0.54), 3, d)
    rng = generator("filtered", name)
    pairs = signed_pairs(source, n, models, rng)
    kept = rng.random((models, n)) < rule(pairs @ direction(pretrained))
    found = np.einsum("rn,rnd->rd", kept, pairs) / kept.sum(axis=1, keepdims=True)
    expected = filtered_mean(source, pretrained, rule)
    errors = (found.mean(axis=0) - expected) / (found.std(axis=0) / np.sqrt(models))
    assert abs(errors).max() < 4.5
    fitted = ratio(1.5 * found[:, 1], 2.0 * found[:, 0])
    assert abs(fitted.value - slope(expected, *two_sets(d))) < 4.5 * fitted.se
