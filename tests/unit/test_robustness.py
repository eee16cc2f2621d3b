"""Transforms, intervals, lines, effective robustness and the table of fits, against known values and known truths."""

import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest, linregress

from datalines.errors import DatalinesError
from datalines.robustness.families import FIT_COLUMNS, fit_families, join_points
from datalines.robustness.intervals import clopper_pearson, stable_seed
from datalines.robustness.lines import Line, bootstrap_lines, effective_robustness, fit_line, mean_effective_robustness
from datalines.robustness.transforms import AXES, inverse, transform
from tests.unit.synthetic import FIRST, between, experiment, family, point, records

accuracies = st.floats(0.001, 0.999)


@given(accuracies, st.sampled_from(AXES))
def test_inverse_undoes_transform(accuracy: float, axis: str) -> None:
    assert inverse(transform(accuracy, axis), axis) == pytest.approx(accuracy, abs=1e-12)


@given(accuracies, accuracies, st.sampled_from(AXES))
def test_transform_keeps_order(one: float, other: float, axis: str) -> None:
    # Closer than this, two accuracies may round to one value.
    assume(abs(one - other) > 1e-9)
    assert (one < other) == bool(transform(one, axis) < transform(other, axis))


def test_ends_become_infinite_and_percent_is_refused() -> None:
    assert transform([0, 1], "probit").tolist() == [-np.inf, np.inf]
    assert transform([0, 1], "linear").tolist() == [0, 1]
    with pytest.raises(ValueError, match="divide percentages by 100"):
        transform(76.1)
    with pytest.raises(ValueError, match="probit, logit, linear"):
        transform(0.5, "cloglog")


def test_clopper_pearson_meets_the_testbeds_check_value() -> None:
    low, high = clopper_pearson(0.7613 * 50_000, 50_000, level=0.995)
    assert 100 * float(low) == pytest.approx(75.59095, abs=5e-6)
    assert 100 * float(high) == pytest.approx(76.66319, abs=5e-6)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.95]))
def test_clopper_pearson_equals_scipy(case: tuple[int, int], level: float) -> None:
    low, high = clopper_pearson(*case, level)
    known = binomtest(*case).proportion_ci(level, "exact")
    assert (float(low), float(high)) == pytest.approx((known.low, known.high), abs=1e-9)


def test_clopper_pearson_covers_at_least_its_level() -> None:
    hits = np.random.default_rng(0).binomial(200, 0.3, size=4000)
    low, high = clopper_pearson(hits, 200)
    assert np.mean((low <= 0.3) & (high >= 0.3)) >= 0.945
    with pytest.raises(ValueError, match="0 <= correct <= n"):
        clopper_pearson(5, 4)


@given(st.floats(0.3, 2), st.floats(-1, 1), st.sampled_from(["probit", "logit"]))
def test_a_known_line_is_recovered(slope: float, intercept: float, axis: str) -> None:
    x = np.linspace(0.15, 0.8, 9)
    line = fit_line(x, inverse(intercept + slope * transform(x, axis), axis), axis)
    assert (line.slope, line.intercept, line.r2) == pytest.approx((slope, intercept, 1), abs=1e-7)
    assert line.n == 9


def test_fit_equals_scipy_on_noisy_points() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0.1, 0.7, 30)
    y = inverse(0.8 * transform(x) - 0.3 + rng.normal(0, 0.1, 30))
    known = linregress(transform(x), transform(y))
    line = fit_line(x, y)
    assert (line.slope, line.intercept, line.r2) == pytest.approx((known.slope, known.intercept, known.rvalue**2))


def test_infinite_points_and_those_below_the_floor_are_dropped_and_counted() -> None:
    x, y = [0.0, 0.2, 0.4, 0.6, 0.8], [0.1, 0.1, 0.2, 0.3, 0.0]
    assert (fit_line(x, y).n, fit_line(x, y).dropped) == (3, 2)
    assert (fit_line(x, y, floor=0.3).n, fit_line(x, y, floor=0.3).dropped) == (2, 3)
    assert (fit_line(x, y, "linear").n, fit_line(x, y, "linear").dropped) == (5, 0)


def test_no_line_through_one_point_or_one_x() -> None:
    assert np.isnan(fit_line([0.4], [0.3]).slope)
    assert np.isnan(fit_line([0.1, 0.1, 0.1], [0.2, 0.3, 0.4]).slope)
    assert bootstrap_lines([0.2, 0.4], [0.1, 0.3]) is None


def test_bootstrap_is_a_function_of_its_seed() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(0.1, 0.7, 12)
    y = inverse(0.9 * transform(x) + rng.normal(0, 0.1, 12))
    one, again, other = (bootstrap_lines(x, y, seed=seed, resamples=100) for seed in (5, 5, 6))
    assert one is not None and again is not None and other is not None
    assert np.array_equal(one.slopes, again.slopes) and not np.array_equal(one.slopes, other.slopes)
    low, high = one.slope_interval()
    assert low < fit_line(x, y).slope < high
    below, above = one.band(np.array([0.3, 0.5]))
    assert np.all(below < above)


def test_degenerate_resamples_are_counted() -> None:
    found = bootstrap_lines([0.2, 0.4, 0.6], [0.2, 0.3, 0.5], resamples=2000, seed=3)
    assert found is not None
    assert found.degenerate == int((~found.valid).sum())
    assert found.degenerate / 2000 == pytest.approx(1 / 9, abs=0.03)  # three equal picks of three
    assert np.isfinite(found.slope_interval()).all()


def test_seed_of_names_is_fixed() -> None:
    assert stable_seed("sources", "photo") == stable_seed("sources", "photo")
    assert stable_seed("sources", "photo") != stable_seed("sourcesp", "hoto")
    assert stable_seed() == 0xE3B0C44298FC1C14  # the first eight bytes of the sha256 of nothing


def test_effective_robustness_meets_the_testbeds_check_values() -> None:
    v2 = Line("logit", 0.923229, -0.497690, 0.996046, 85, 0)
    found = effective_robustness([0.63302, 0.59808, 0.7613], [0.5577, 0.5253, 0.6321], v2)
    assert found.tolist() == pytest.approx([5.6288, 5.7937, -0.7376], abs=1e-3)


@given(st.floats(0.5, 1.5), st.floats(-0.5, 0.5), st.sampled_from(AXES[:2]))
def test_points_on_the_baseline_have_no_effective_robustness(slope: float, intercept: float, axis: str) -> None:
    x = np.linspace(0.2, 0.7, 6)
    y = inverse(intercept + slope * transform(x, axis), axis)
    line, lines = fit_line(x, y, axis), bootstrap_lines(x, y, axis, resamples=50)
    assert mean_effective_robustness(x, y, line, lines, lines) == pytest.approx((0, 0, 0), abs=1e-6)


def test_fit_families_recovers_the_truth_in_contract_form() -> None:
    fits = fit_families(records(n=1_000_000), experiment(resample="points"))
    assert list(fits) == FIT_COLUMNS
    assert len(fits) == 4 * 2 * 3
    assert fits["baseline"].eq("photo").all()
    row = fits[(fits["family"] == "photo-most") & (fits["shift"] == "sketch") & (fits["axis"] == "probit")].iloc[0]
    assert (row["intercept"], row["slope"]) == pytest.approx(between(0.75)["sketch"], abs=2e-3)
    assert row["slope_low"] <= row["slope"] <= row["slope_high"]
    assert row["er_low"] <= row["er"] <= row["er_high"] and row["er"] > 1
    own = fits[(fits["family"] == "photo") & (fits["axis"] == "probit")]
    assert own["er"].to_numpy() == pytest.approx(0, abs=0.01)


def test_fit_families_gives_the_same_table_whatever_the_order_of_the_rows() -> None:
    rows = records()
    shuffled = rows.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(fit_families(rows, experiment()), fit_families(shuffled, experiment()))


def test_an_ensembles_line_goes_through_its_equal_weights() -> None:
    fits = fit_families(records(ensembles=True, n=1_000_000), experiment(ensembles=True))
    row = fits[(fits["family"] == "blend") & (fits["shift"] == "sketch") & (fits["axis"] == "probit")].iloc[0]
    assert (row["kind"], row["n"]) == ("ensemble", 4)
    assert (row["intercept"], row["slope"]) == pytest.approx(between(0.5)["sketch"], abs=2e-3)


def test_cells_that_cannot_be_computed_are_empty() -> None:
    few = pd.DataFrame(family("photo", FIRST, points=2))
    fits = fit_families(few, experiment(families=["photo"], baseline=None, resample="points"))
    assert fits["slope"].notna().all()
    assert fits[["slope_low", "intercept_high", "er", "er_low"]].isna().all().all()
    assert fits["baseline"].eq("").all()


def test_the_floor_is_on_the_reference_accuracy() -> None:
    fits = fit_families(records(), experiment(floor=0.3))
    assert fits["n"].eq(5).all() and fits["dropped"].eq(3).all()
    with pytest.raises(DatalinesError, match=r"floor 55 must be in \[0, 1\)"):
        fit_families(records(), experiment(floor=55))


def test_points_that_cannot_be_joined_are_named() -> None:
    rows = records(ensembles=True)
    lost = (
        (rows["shift"] == "reference") & (rows["family"] == "blend") & (rows["weight"] == 0.25) & (rows["epoch"] == 2)
    )
    with pytest.raises(DatalinesError, match=r"ensemble blend/s6k/0 epoch 2 weight 0\.25 has no row on reference set"):
        join_points(rows[~lost], "reference")
    twice = pd.concat([rows, pd.DataFrame(point("art", FIRST, 0.1, seed=0, epoch=1))])
    with pytest.raises(DatalinesError, match="model art/s6k/0 epoch 1 on reference appears more than once"):
        join_points(twice, "reference")
    with pytest.raises(DatalinesError, match="declares model cartoon on sketch but has no row"):
        fit_families(rows, experiment(families=["photo", "cartoon"]))


def test_left_out_resamples_are_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    three = pd.DataFrame(family("photo", FIRST, points=3))
    fit_families(three, experiment(families=["photo"], resample="points"))
    assert "of 200 resamples hold one distinct x" in caplog.text
