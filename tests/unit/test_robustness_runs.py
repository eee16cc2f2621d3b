"""Resampling of whole runs and merged lines: what is drawn, what does not matter, and how often intervals cover."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.robustness.families import fit_families, fit_points, join_points, merge_lines
from datalines.robustness.lines import Bootstrap, bootstrap_lines, fit_line, mean_effective_robustness
from datalines.robustness.resampling import (
    draw_counts,
    draw_nested_counts,
    point_codes,
    resampled_lines,
    unit_codes,
    unit_sums,
)
from datalines.robustness.transforms import Array, inverse, transform
from tests.unit.synthetic import FIRST, experiment, family, point, records

EPOCHS = 6
TRUE_SLOPE = 0.8


def correlated(seed: int, runs: int = 15) -> tuple[Array, Array, list[str]]:
    """Points of a family with slope TRUE_SLOPE: the epochs of a run share most of its distance from the line."""
    draw = np.random.default_rng(seed)
    start = np.linspace(-1.2, 0.2, runs)[:, None] + draw.normal(0, 0.05, (runs, 1))
    x = (start - np.linspace(0.35, 0, EPOCHS)).ravel()
    shared = np.repeat(draw.normal(0, 0.08, runs), EPOCHS)
    y = -0.3 + TRUE_SLOPE * x + shared + draw.normal(0, 0.02, runs * EPOCHS)
    return inverse(x), inverse(y), [f"run {run}" for run in range(runs) for _ in range(EPOCHS)]


def bootstrap(x: Array, y: Array, clusters: list[str] | None = None, resamples: int = 400, seed: int = 0) -> Bootstrap:
    found = bootstrap_lines(x, y, resamples=resamples, seed=seed, clusters=clusters)
    assert found is not None
    return found


def test_intervals_by_runs_cover_and_by_points_do_not() -> None:
    rounds, covered = 250, {"runs": 0, "points": 0}
    for seed in range(rounds):
        x, y, runs = correlated(seed)
        for name, clusters in (("runs", runs), ("points", None)):
            low, high = bootstrap(x, y, clusters, seed=seed).slope_interval()
            covered[name] += low <= TRUE_SLOPE <= high
    assert 0.9 <= covered["runs"] / rounds <= 0.99
    assert covered["points"] / rounds <= 0.75


@given(st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_points_does_not_matter(random: object, by_runs: bool) -> None:
    x, y, runs = correlated(3, runs=5)
    order = list(range(len(x)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = bootstrap(x, y, runs if by_runs else None)
    mixed = bootstrap(x[order], y[order], [runs[place] for place in order] if by_runs else None)
    assert np.array_equal(straight.slopes, mixed.slopes) and np.array_equal(straight.intercepts, mixed.intercepts)
    assert np.array_equal(straight.weights[:, order], mixed.weights)


def test_runs_of_one_epoch_are_points() -> None:
    x, y, _ = correlated(4, runs=6)
    labels = [f"{place:03d}" for place in range(len(x))]
    by_place = bootstrap(x, y, [labels[code] for code in point_codes(x)])
    assert np.array_equal(by_place.slopes, bootstrap(x, y).slopes)
    # Under other names the draws are others, and their distribution is the same.
    renamed, points = (bootstrap(x, y, names, resamples=20_000, seed=1) for names in (labels[::-1], None))
    for one, other in zip(renamed.slope_interval(), points.slope_interval(), strict=True):
        assert one == pytest.approx(other, abs=0.06 * np.ptp(points.slope_interval()))


def test_lines_of_counts_are_lines_of_repeated_points() -> None:
    x, y, runs = correlated(5, runs=4)
    codes, counts = unit_codes(runs), draw_counts(4, 50, seed=2)
    slopes, intercepts = resampled_lines(counts, x, y, codes)
    for row, slope, intercept in zip(counts, slopes, intercepts, strict=True):
        known = fit_line(np.repeat(x, row[codes]), np.repeat(y, row[codes]), "linear")
        assert (slope, intercept) == pytest.approx((known.slope, known.intercept), abs=1e-9)


def test_fewer_than_three_runs_give_no_interval() -> None:
    x, y, runs = correlated(6, runs=2)
    assert bootstrap_lines(x, y, clusters=runs) is None
    fits = fit_families(records(), experiment(resample="runs"))
    assert fits["runs"].eq(2).all() and fits["slope_low"].isna().all() and fits["er"].notna().all()
    assert fit_families(records(), experiment(resample="points"))["slope_low"].notna().all()


def test_resamples_of_one_x_are_degenerate_whatever_rounding_does() -> None:
    x, y = np.repeat([0.1 + 0.2, 0.4, 0.7], 2), np.array([0.1, 0.2, 0.1, 0.3, 0.5, 0.6])
    found = bootstrap(x, y, ["a", "a", "b", "b", "c", "c"], resamples=2000)
    alone = (found.counts == 3).any(axis=1)
    assert alone.sum() == found.degenerate and np.array_equal(found.valid, ~alone)


@given(st.integers(1, 12), st.integers(0, 2**32))
def test_as_many_units_are_drawn_as_there_are(units: int, seed: int) -> None:
    counts = draw_counts(units, 20, seed)
    assert counts.shape == (20, units) and (counts.sum(axis=1) == units).all() and (counts >= 0).all()


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(0, 2**32))
def test_a_drawn_group_has_as_many_members_drawn_as_it_has(groups: list[int], seed: int) -> None:
    counts = draw_nested_counts(groups, 30, seed)
    of_group = unit_sums(counts.T.astype(float), np.repeat(np.arange(len(groups)), groups), len(groups)).T
    times = of_group / np.array(groups)
    assert np.array_equal(times, np.round(times)) and (times.sum(axis=1) == len(groups)).all()


def test_members_of_a_group_are_drawn_equally_often() -> None:
    counts = draw_nested_counts([3, 1, 3], 6000, seed=0)
    assert counts.mean(axis=0) == pytest.approx(np.ones(7), abs=0.06)


def test_mean_above_the_baseline_weighs_points_by_their_runs() -> None:
    x, y, runs = correlated(7, runs=5)
    own, line = bootstrap(x, y, runs), fit_line(x, y)
    mean, low, high = mean_effective_robustness(x, y, line, own, own)
    assert low <= mean <= high
    by_hand = []
    for row, slope, intercept in zip(own.weights, own.slopes, own.intercepts, strict=True):
        above = y - inverse(intercept + slope * transform(x))
        by_hand.append(100 * np.average(above, weights=row))
    assert (low, high) == pytest.approx(tuple(np.quantile(by_hand, [0.025, 0.975])), abs=1e-9)


def two_seeds_each(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame([row for name in names for row in family(name, FIRST, n=1_000_000)])


def test_a_merged_line_goes_through_the_runs_of_all_its_families() -> None:
    lines = {"both": {"title": "Both", "families": ["photo", "art"]}}
    spec = experiment(families=["photo", "art"], baseline=None, lines=lines, resample="runs")
    fits = fit_families(two_seeds_each(["photo", "art"]), spec)
    merged = fits[fits["kind"] == "line"]
    assert set(merged["family"]) == {"both"} and len(merged) == 2 * 3
    # Two families with seeds 0 and 1 at the same size are four runs, not two.
    assert merged["runs"].eq(4).all() and merged["n"].eq(16).all() and merged["slope_low"].notna().all()
    row = merged[(merged["shift"] == "sketch") & (merged["axis"] == "probit")].iloc[0]
    assert (row["intercept"], row["slope"]) == pytest.approx(FIRST["sketch"], abs=2e-3)


def test_figures_get_a_merged_line_as_the_fits_have_it() -> None:
    rows, lines = records(), {"both": {"title": "Both", "families": ["photo", "art"]}}
    points = merge_lines(join_points(rows, "reference"), lines)
    part = points[(points["kind"] == "line") & (points["shift"] == "sketch")]
    fit = fit_points(part, "toy", "probit", 0.0, 200, "runs")
    fits = fit_families(rows, experiment(lines=lines, resample="runs"))
    row = fits[(fits["kind"] == "line") & (fits["shift"] == "sketch") & (fits["axis"] == "probit")].iloc[0]
    assert fit.resampled is not None and (fit.line.slope, fit.line.n) == (row["slope"], row["n"])
    assert fit.resampled.slope_interval() == (row["slope_low"], row["slope_high"])
    with pytest.raises(DatalinesError, match="line both goes through cartoon, which has no row"):
        merge_lines(join_points(rows, "reference"), {"both": {"families": ["photo", "cartoon"]}})


def test_an_unknown_way_to_resample_is_refused() -> None:
    with pytest.raises(DatalinesError, match="resample is 'seeds'; write one of runs, points"):
        fit_families(records(), experiment(resample="seeds"))


def test_ensembles_are_drawn_by_size_and_seed() -> None:
    rows = pd.DataFrame(
        [
            row
            for seed in range(3)
            for epoch in range(4)
            for weight in (0.25, 0.5)
            for row in point("blend", FIRST, -1 + 0.2 * epoch + 0.03 * seed, kind="ensemble", seed=seed, epoch=epoch,
                             weight=weight)
        ]
    )  # fmt: skip
    photo = pd.DataFrame(family("photo", FIRST))
    spec = experiment(families=["photo"], baseline=None, resample="runs") | {"ensembles": ["blend"]}
    fits = fit_families(pd.concat([rows, photo]), spec)
    blend = fits[fits["family"] == "blend"]
    assert blend["runs"].eq(3).all() and blend["n"].eq(12).all() and blend["slope_low"].notna().all()


def same(make: Callable[[], pd.DataFrame]) -> bool:
    return make().to_csv() == make().to_csv()


def test_the_table_of_fits_is_the_same_each_time() -> None:
    assert same(lambda: fit_families(records(ensembles=True), experiment(ensembles=True, resample="runs")))
