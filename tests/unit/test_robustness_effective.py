"""Effective robustness of single points above a line and above a plane: known truths, coverage, and what is said."""

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.robustness.effective import EFFECTIVE_COLUMNS, effective_points, joined_interval
from datalines.robustness.families import fit_families
from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.lines import effective_robustness, fit_line
from datalines.robustness.planes import CONDITION_LIMIT, condition_number, fit_plane
from datalines.robustness.points import add_sets, join_points
from datalines.robustness.transforms import AXES, Array, inverse, transform
from tests.unit.synthetic import FIRST, SECOND, experiment, family, point, records

SETS = {"sets": ["reference", "held-out"], "families": ["photo", "web"]}
PLANE = (-0.4, 0.5, 0.4)  # of the shift, on probit axes: intercept, reference, held-out


def on_sets(images: int = 1_000_000, apart: float = 0.5) -> pd.DataFrame:
    """Families on PLANE that differ in their accuracy on a second in-distribution set, and `best` 0.3 above it."""
    rows = []
    for place, (name, gap) in enumerate({"photo": -apart, "best": 0.0, "web": apart}.items()):
        for run in range(5):
            for epoch in range(3):
                height = -0.9 + 0.15 * run + 0.2 * epoch + 0.02 * place
                beside = 0.1 + 0.9 * height + gap
                shifted = PLANE[0] + PLANE[1] * height + PLANE[2] * beside + (0.3 if name == "best" else 0)
                # Lines with slope 0 state the heights on the two other sets.
                lines = {"held-out": (beside, 0.0), "sketch": (shifted, 0.0)}
                rows += point(name, lines, height, images, seed=run, epoch=epoch)
    return pd.DataFrame(rows)


def spec(**changes: Any) -> dict[str, Any]:
    wanted = {"families": ["web", "best"], "shifts": ["sketch"], "in_distribution": SETS, "resample": "runs"}
    return experiment(**wanted) | changes


def test_points_have_the_columns_of_the_contract_and_a_row_for_every_point_and_shift() -> None:
    rows = records(ensembles=True)
    table = effective_points(rows, experiment(ensembles=True, resample="points"))
    assert list(table) == EFFECTIVE_COLUMNS
    assert len(table) == (4 * 8 + 4 * 5) * 2  # ensembles with all their weights
    assert table["axis"].eq("probit").all() and table["baseline"].eq("photo").all()
    assert table[["er_multi", "in_range_multi", "condition"]].isna().all().all()
    one = table[(table["family"] == "art") & (table["shift"] == "sketch")].iloc[0]
    source = rows[(rows["family"] == "art") & (rows["size"] == one["size"]) & (rows["seed"] == one["seed"])]
    source = source[source["epoch"] == one["epoch"]].set_index("shift")
    assert (one["x"], one["y_low"]) == (source.loc["reference", "top1"], source.loc["sketch", "top1_low"])


def test_heights_above_the_line_are_those_of_the_line() -> None:
    table = effective_points(records(), experiment(resample="points"))
    sketch = table[table["shift"] == "sketch"]
    photo = sketch[sketch["family"] == "photo"]
    line = fit_line(photo["x"], photo["y"])
    assert sketch["er"].to_numpy() == pytest.approx(effective_robustness(sketch["x"], sketch["y"], line))
    assert (sketch["er_low"] < sketch["er"]).all() and (sketch["er"] < sketch["er_high"]).all()


def test_points_outside_the_baselines_range_are_marked() -> None:
    table = effective_points(records(), experiment(floor=0.3, resample="points"))
    base = table[(table["family"] == "photo") & (table["x"] >= 0.3)]
    inside = table["x"].between(base["x"].min(), base["x"].max())
    assert table["in_range"].astype(bool).equals(inside) and 0 < inside.sum() < len(inside)
    fits = fit_families(records(), experiment(floor=0.0))
    far = pd.concat([records(), pd.DataFrame(point("art", SECOND, 1.2, epoch=9))])
    more = fit_families(far, experiment(floor=0.0))
    art = (fits["family"] == "art") & (fits["axis"] == "probit")
    assert fits.loc[art, "outside"].tolist() == [0, 0] and more.loc[art, "outside"].tolist() == [1, 1]
    assert fits["outside_multi"].isna().all()


def test_without_a_baseline_nothing_is_above_it() -> None:
    table = effective_points(records(), experiment(baseline=None))
    assert table[["er", "er_low", "in_range"]].isna().all().all() and table["baseline"].eq("").all()
    assert fit_families(records(), experiment(baseline=None))["outside"].isna().all()


def test_intervals_of_points_cover_the_truth() -> None:
    draw, images, true_x, true_y = np.random.default_rng(0), 800, 0.4, 0.35
    xs = inverse(np.linspace(-1.2, 0.6, 12))
    truth = 100 * (true_y - inverse(-0.5 + 0.8 * transform(true_x)))
    declared = experiment(families=["base", "new"], baseline="base", shifts=["sketch"], resample="runs")
    covered = []
    for _ in range(40):
        base = frame("base", xs, inverse(-0.5 + 0.8 * transform(xs) + draw.normal(0, 0.05, 12)), 10**7)
        seen = (draw.binomial(images, accuracy, 15) / images for accuracy in (true_x, true_y))
        table = effective_points(pd.concat([base, frame("new", *seen, images)]), declared)
        new = table[table["family"] == "new"]
        covered += ((new["er_low"] <= truth) & (truth <= new["er_high"])).tolist()
    assert 0.92 <= np.mean(covered) <= 0.99


def frame(family: str, x: Array, y: Array, images: int) -> pd.DataFrame:
    """Rows of runs with one epoch and given accuracies."""
    keys = {"experiment": "toy", "kind": "model", "family": family, "size": "s", "seed": np.arange(len(x)), "epoch": 1}
    rows = []
    for shift, accuracy in (("reference", x), ("sketch", y)):
        low, high = clopper_pearson(np.round(accuracy * images), images)
        measured = pd.DataFrame({**keys, "weight": np.nan, "shift": shift, "n": images, "top1": accuracy})
        rows.append(measured.assign(top1_low=low, top1_high=high))
    return pd.concat(rows)


@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.lists(st.floats(0.001, 0.1), min_size=4, max_size=4))
def test_joined_intervals_hold_the_estimate_and_add_up(y: float, on: float, widths: list[float]) -> None:
    at = [np.array([value]) for value in (y, on, *widths)]
    ends = (at[0] - at[2], at[0] + at[3])
    above, low, high = joined_interval(at[0], ends, at[1], [(at[1] - at[4], at[1] + at[5])])
    assert above[0] == y - on
    assert above[0] - low[0] == pytest.approx(np.hypot(widths[0], widths[3]))
    assert high[0] - above[0] == pytest.approx(np.hypot(widths[1], widths[2]))


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.sampled_from(AXES[:2]))
def test_a_known_plane_is_recovered(a: float, b: float, c: float, axis: str) -> None:
    x = grid()
    plane = fit_plane(x, inverse(a + transform(x, axis) @ np.array([b, c]), axis), axis)
    assert plane.identified and plane.coefficients == pytest.approx([a, b, c], abs=1e-6)
    assert plane.predict(x) == pytest.approx(inverse(a + transform(x, axis) @ np.array([b, c]), axis), abs=1e-9)


def grid() -> Array:
    one, other = np.meshgrid(np.linspace(0.2, 0.7, 4), np.linspace(0.3, 0.6, 3))
    return np.column_stack([one.ravel(), other.ravel()])


@given(st.permutations(range(12)), st.booleans())
def test_the_order_of_points_does_not_matter_to_a_plane(order: list[int], by_runs: bool) -> None:
    x, draw = grid(), np.random.default_rng(1)
    y = inverse(transform(x) @ np.array([0.5, 0.3]) + draw.normal(0, 0.1, 12))
    runs = [f"run {place // 3}" for place in range(12)] if by_runs else None
    one = fit_plane(x, y, clusters=runs, resamples=50)
    other = fit_plane(x[order], y[order], clusters=[runs[place] for place in order] if runs else None, resamples=50)
    assert np.array_equal(one.coefficients, other.coefficients)
    assert one.resampled is not None and other.resampled is not None
    assert np.array_equal(one.resampled, other.resampled, equal_nan=True)


def test_resampled_planes_are_least_squares_of_the_drawn_runs() -> None:
    x, draw = grid(), np.random.default_rng(2)
    y = inverse(transform(x) @ np.array([0.5, 0.3]) + draw.normal(0, 0.1, 12))
    plane = fit_plane(x, y, resamples=200)
    assert plane.resampled is not None
    spread = plane.resampled[np.isfinite(plane.resampled).all(axis=1)]
    low, high = np.quantile(spread, [0.025, 0.975], axis=0)
    design = np.column_stack([np.ones(12), transform(x)])
    known = np.linalg.lstsq(design, transform(y), rcond=None)[0]
    assert plane.coefficients == pytest.approx(known)
    assert (low < known).all() and (known < high).all()
    assert np.median(spread, axis=0) == pytest.approx(known, abs=0.05)


def test_effective_robustness_above_the_plane_finds_the_truth() -> None:
    table = effective_points(on_sets(), spec())
    best, others = (table[(table["family"] == "best") == which] for which in (True, False))
    assert others["er_multi"].to_numpy() == pytest.approx(0, abs=0.01)
    fallen = inverse(transform(best["y"].to_numpy()) - 0.3)
    assert best["er_multi"].to_numpy() == pytest.approx(100 * (best["y"].to_numpy() - fallen), abs=0.05)
    assert (best["er_multi_low"] > 0).all()
    assert best["in_range_multi"].astype(bool).all()
    # Above the line of `photo` alone, `web` seems robust, for it is better on data like those of held-out.
    assert (table.loc[table["family"] == "web", "er"] > 5).all()
    fits = fit_families(on_sets(), spec())
    row = fits[(fits["family"] == "best") & (fits["axis"] == "probit")].iloc[0]
    assert row["er_multi"] == pytest.approx(best["er_multi"].mean()) and row["outside_multi"] == 0
    assert row["er_multi_low"] <= row["er_multi"] <= row["er_multi_high"]


def test_collinear_sets_are_noticed_and_not_used(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    rows = on_sets(apart=0.0)
    fits = fit_families(rows, spec())
    assert (fits["condition"] > CONDITION_LIMIT).all() and fits["er_multi"].isna().all()
    assert "photo, web on reference, held-out are collinear (condition number" in caplog.text
    assert "er_multi is left empty on sketch (probit), sketch (logit), sketch (linear)" in caplog.text
    table = effective_points(rows, spec())
    assert table["er_multi"].isna().all() and table["er"].notna().all() and table["in_range_multi"].notna().all()


def test_condition_number_of_two_sets_follows_from_their_correlation() -> None:
    draw = np.random.default_rng(3)
    x = draw.normal(size=(200, 2)) @ np.array([[1.0, 0.9], [0.0, 0.3]]) + 5
    r = float(np.corrcoef(x.T)[0, 1])
    assert condition_number(x) == pytest.approx(np.sqrt((1 + r) / (1 - r)))
    assert condition_number(np.column_stack([x[:, 0], np.ones(200)])) == np.inf


def test_a_point_without_a_row_on_an_in_distribution_set_is_named() -> None:
    rows = on_sets()
    lost = (rows["shift"] == "held-out") & (rows["family"] == "web") & (rows["seed"] == 2) & (rows["epoch"] == 1)
    with pytest.raises(DatalinesError, match="model web/s6k/2 epoch 1 has no row on in-distribution set 'held-out'"):
        effective_points(rows[~lost], spec())
    with pytest.raises(DatalinesError, match="has no row on in-distribution set 'other'"):
        add_sets(join_points(rows, "reference"), ["reference", "other"])


def test_a_plane_through_too_few_points_is_none() -> None:
    plane = fit_plane(grid()[:3], np.array([0.2, 0.3, 0.4]))
    assert not plane.identified and plane.resampled is None and not plane.inside(grid()).any()


def test_axes_of_the_table_are_the_experiments() -> None:
    table = effective_points(pd.DataFrame(family("photo", FIRST)), experiment(families=["photo"], axis="logit"))
    assert table["axis"].eq("logit").all()


def test_published_models_may_be_the_baseline_where_they_were_measured() -> None:
    """The same heights as above a family of the same points, and none on a shift that the results do not have."""
    rows = records()
    published = rows.assign(kind=rows["kind"].mask(rows["family"] == "photo", "published"))
    families = ["art", "photo-art", "photo-most"]
    base = {"name": "photo", "shifts": {"sketch": "drawings"}}
    of = experiment(families=families, baseline=None, published=base, resample="points")
    fits = fit_families(published, of)
    own = fit_families(rows, experiment(families=families, resample="points"))
    lines = fits[fits["kind"] == "published"]
    assert set(zip(lines["family"], lines["shift"], strict=True)) == {("photo", "sketch")}
    columns = ["family", "shift", "axis", "er", "outside"]
    mine, theirs = (found[found["family"].isin(families) & (found["shift"] == "sketch")] for found in (fits, own))
    assert len(mine) == 9
    pd.testing.assert_frame_equal(mine[columns].reset_index(drop=True), theirs[columns].reset_index(drop=True))
    elsewhere = fits[fits["shift"] == "renditions"]
    assert elsewhere["er"].isna().all() and set(elsewhere["baseline"]) == {""}
    points = effective_points(published, of)
    assert points["er"].notna().equals(points["shift"] == "sketch")
