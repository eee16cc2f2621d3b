"""Baselines that points are held against: known lines of real files, and what is exact on small tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.fetch.mirror import place
from datalines.published import testbed
from datalines.published.baselines import Baseline, baseline_of, chosen_models, hold, shifts_of
from datalines.published.names import EVERY_ROW, ONE_PER_MODEL
from datalines.published.reading import PublishedError
from datalines.published.testbed_file import read_testbed
from datalines.published.tidy import COLUMNS, FULL, RESTRICTED
from datalines.published.timm import read_timm
from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.transforms import inverse, transform
from tests.unit.published_files import MIRROR

RAW = "https://raw.githubusercontent.com"
TESTBED = f"{RAW}/modestyachts/imagenet-testbed/0170eec658d664289d9f61de8f90f967f49abca0/robustness_top1s.csv"
TIMM = f"{RAW}/huggingface/pytorch-image-models/aa4b5850c1543fa488abf260f18390eda46cf85d/results/results-imagenet.csv"


def mirrored(url: str) -> Path:
    path = MIRROR / place(url)
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    return path


@pytest.fixture(scope="module")
def timm() -> pd.DataFrame:
    folder = mirrored(TIMM).parent
    return read_timm({path.name: path for path in folder.glob("results-*.csv")}, "timm")


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    return read_testbed(mirrored(TESTBED), "imagenet-testbed")


def table(
    x: list[float],
    y: list[float],
    shift: str = "v2",
    models: list[str] | None = None,
    group: str = "standard",
    x_set: str = FULL,
) -> pd.DataFrame:
    """A tidy table of some models on one shift, x out of 1,000 images and y out of 500."""
    names = models or [f"m{place}" for place in range(len(x))]
    facts = {"source": "toy", "group": group, "dataset": "", "technique": "", "shift": shift, "x_set": x_set}
    numbers = {"n_x": 1000, "n_y": 500, "x": x, "y": y, "used": True, "reason": ""}
    return pd.DataFrame({"model": names, **facts, **numbers})[COLUMNS]


def line_at(x: list[float], slope: float, intercept: float, axis: str) -> list[float]:
    """Accuracies on a line."""
    return [float(value) for value in inverse(intercept + slope * transform(x, axis), axis)]


@pytest.mark.parametrize(
    ("models", "shift", "x_set", "n", "logit", "probit"),
    [
        (EVERY_ROW, "v2", FULL, 1221, (0.907749, -0.475693, 0.993793), (0.949044, -0.312166, 0.993171)),
        (EVERY_ROW, "sketch", FULL, 1221, (1.125838, -2.419906, 0.897801), (1.124686, -1.471365, 0.878723)),
        (EVERY_ROW, "r", FULL, 1221, (0.987106, -1.682053, 0.870264), (1.031050, -1.059730, 0.852455)),
        (EVERY_ROW, "a", FULL, 1220, (3.377444, -6.402528, 0.792089), (3.024744, -3.524241, 0.743965)),
        (EVERY_ROW, "real", FULL, 1221, (0.996671, 0.402931, 0.986426), (0.962594, 0.252977, 0.985511)),
        (ONE_PER_MODEL, "v2", FULL, 979, (0.908285, -0.476017, 0.994557), (0.948136, -0.311148, 0.993847)),
        (ONE_PER_MODEL, "sketch", FULL, 979, (1.131938, -2.414330, 0.912274), (1.125682, -1.463628, 0.893325)),
        (ONE_PER_MODEL, "r", FULL, 979, (0.989050, -1.668714, 0.890706), (1.029686, -1.048599, 0.872774)),
        (ONE_PER_MODEL, "a", FULL, 978, (3.276381, -6.258469, 0.774635), (2.915155, -3.428414, 0.725822)),
        (EVERY_ROW, "r", RESTRICTED, 1221, (0.703863, -2.263947, 0.890095), (0.868286, -1.547246, 0.867215)),
        (EVERY_ROW, "a", RESTRICTED, 1220, (2.132867, -7.774960, 0.869678), (2.286732, -4.616881, 0.811147)),
        (ONE_PER_MODEL, "r", RESTRICTED, 979, (0.708879, -2.261346, 0.908525), (0.869200, -1.538373, 0.885538)),
        (ONE_PER_MODEL, "a", RESTRICTED, 978, (2.106705, -7.686782, 0.856757), (2.233515, -4.523332, 0.795216)),
    ],
)
def test_lines_of_timm(
    timm: pd.DataFrame,
    models: str,
    shift: str,
    x_set: str,
    n: int,
    logit: tuple[float, ...],
    probit: tuple[float, ...],
) -> None:
    for axis, known in (("logit", logit), ("probit", probit)):
        (piece,) = baseline_of(timm, "timm-in1k", shift, x_set, axis, models, one_line=True).pieces
        line = piece.line
        assert line.n == n
        assert (round(line.slope, 6), round(line.intercept, 6), round(line.r2, 6)) == known


@pytest.mark.parametrize(
    ("shift", "known"),
    [
        ("v2", (1.102834, -0.193764, 0.983462)),
        ("sketch", (1.087147, -0.561978, 0.748246)),
        ("r", (1.176040, -0.511313, 0.756921)),
        ("a", (2.028684, -1.413911, 0.498820)),
    ],
)
def test_lines_of_timm_on_untransformed_axes(timm: pd.DataFrame, shift: str, known: tuple[float, ...]) -> None:
    (piece,) = baseline_of(timm, "timm-in1k", shift, axis="linear", models=EVERY_ROW, one_line=True).pieces
    assert (round(piece.line.slope, 6), round(piece.line.intercept, 6), round(piece.line.r2, 6)) == known


@pytest.mark.parametrize(
    ("model", "val", "average", "ratio"),
    [
        ("vgg16.tv_in1k@224", 71.594, 26.6735, 0.3726),
        ("resnet50.tv2_in1k@224", 80.846, 39.1515, 0.4843),
        ("resnet50.tv2_in1k@176", 79.434, 37.366, 0.4704),
        ("resnet50.a1_in1k@224", 80.382, 37.1252, 0.4619),
        ("resnet50.a1_in1k@288", 81.240, 38.178, 0.4699),
        ("resnet50.fb_swsl_ig1b_ft_in1k@224", 81.146, 54.8315, 0.6757),
        ("convnext_base.fb_in1k@224", 83.838, 49.9898, 0.5963),
        ("volo_d5_224.sail_in1k@224", 86.076, 58.273, 0.6770),
        ("swin_base_patch4_window7_224.ms_in1k@224", 83.604, 46.83, 0.5601),
        ("beit_large_patch16_512.in22k_ft_in22k_in1k@512", 88.576, 73.4058, 0.8287),
        ("tf_efficientnet_l2.ns_jft_in1k@800", 88.360, 71.7003, 0.8115),
        ("resnetv2_50x1_bit.goog_in21k_ft_in1k@448", 80.386, 39.9405, 0.4969),
        ("resnetv2_50.a1h_in1k@224", 80.410, 37.8773, 0.4711),
        ("eva02_large_patch14_448.mim_m38m_ft_in22k_in1k@448", 90.056, 83.062, 0.9223),
    ],
)
def test_average_robustness_of_timm(timm: pd.DataFrame, model: str, val: float, average: float, ratio: float) -> None:
    rows = timm[(timm["model"] == model) & (timm["x_set"] == FULL)].set_index("shift")
    mean = float(rows.loc[["v2", "sketch", "r", "a"], "y"].mean())
    (x,) = set(rows["x"])
    assert round(100 * x, 3) == val
    assert abs(100 * mean - average) < 5.1e-5
    assert round(mean / x, 4) == ratio


def test_lines_of_the_testbed_are_those_of_its_table(real: pd.DataFrame) -> None:
    for line in testbed.baseline_lines(real).to_dict("records"):
        shift, x_set, axis, part = (str(line[key]) for key in ("shift", "x_set", "axis", "part"))
        baseline = baseline_of(real, "imagenet-testbed", shift, x_set, axis, one_line=part == "all")
        (piece,) = [piece for piece in baseline.pieces if piece.part == part]
        slope, intercept = piece.resampled.intervals()
        found = (piece.line.n, piece.line.slope, piece.line.intercept, piece.x_min, piece.x_max, *slope, *intercept)
        names = ["n", "slope", "intercept", "x_min", "x_max", "slope_low", "slope_high", "intercept_low"]
        assert found == tuple(line[name] for name in [*names, "intercept_high"])


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("vit_b_32_clip_zeroshot", {"v2": 5.6288, "sketch": 28.0189, "r": 38.9512, "objectnet": 18.1045}),
        ("resnet50_clip_zeroshot", {"v2": 5.7937, "sketch": 22.8606, "r": 32.8575, "objectnet": 17.8457}),
        ("efficientnet-l2-noisystudent", {"v2": 1.1077, "sketch": 2.7062, "r": 17.087, "objectnet": 3.2644}),
        ("resnet50", {"v2": -0.7376, "sketch": -0.3613, "r": -0.602, "objectnet": 1.1515}),
    ],
)
def test_points_held_against_the_testbed(real: pd.DataFrame, model: str, known: dict[str, float]) -> None:
    for shift, er in known.items():
        x_set = RESTRICTED if shift in ("r", "objectnet") else FULL
        chosen = (real["model"] == model) & (real["shift"] == shift) & (real["x_set"] == x_set)
        (row,) = real[chosen].to_dict("records")
        baseline = baseline_of(real, "imagenet-testbed", shift, x_set)
        held = hold(baseline, [row["x"]], [row["y"]], baseline.n_x, baseline.n_y).iloc[0]
        assert round(held["er"], 4) == er
        assert held["er_low"] < held["line_low"] < er < held["line_high"] < held["er_high"]


@pytest.mark.parametrize("axis", ["logit", "probit", "linear"])
def test_points_on_the_line_have_no_effective_robustness(axis: str) -> None:
    x = [0.3, 0.45, 0.5, 0.62, 0.8]
    baseline = baseline_of(table(x, line_at(x, 0.8, -0.1, axis)), "toy", "v2", axis=axis)
    held = hold(baseline, x, line_at(x, 0.8, -0.1, axis), 1000, 500)
    assert np.allclose(held[["er", "line_low", "line_high"]].to_numpy(dtype=float), 0, atol=1e-9)
    assert (held["er_low"] < -1).all()
    assert (held["er_high"] > 1).all()


def test_without_chance_in_the_line_the_interval_is_binomial() -> None:
    x = [0.2, 0.4, 0.6, 0.8]
    baseline = baseline_of(table(x, [value / 2 for value in x]), "toy", "v2", axis="linear")
    held = hold(baseline, [0.5], [0.5], 1000, 500).iloc[0]
    (x_low, x_high), (y_low, y_high) = clopper_pearson(500, 1000), clopper_pearson(250, 500)
    assert held["er"] == pytest.approx(25)
    assert held["er_low"] == pytest.approx(25 - 100 * np.hypot(0.5 - y_low, (x_high - 0.5) / 2))
    assert held["er_high"] == pytest.approx(25 + 100 * np.hypot(y_high - 0.5, (0.5 - x_low) / 2))


def test_the_bootstrap_is_the_testbeds() -> None:
    x, y = [0.3, 0.4, 0.5, 0.65, 0.7, 0.8], [0.2, 0.33, 0.35, 0.6, 0.55, 0.72]
    baseline = baseline_of(table(x, y), "toy", "v2", axis="probit")
    at_x, at_y = transform(x, "probit"), transform(y, "probit")
    generator = np.random.RandomState(720257663)
    heights = []
    for _ in range(1000):
        picks = generator.choice(6, 6)
        if len(set(picks)) > 1:
            heights.append(np.polyval(np.polyfit(at_x[picks], at_y[picks], 1), transform(0.6, "probit")))
    quantiles = [np.quantile(heights, 0.025, method="lower"), np.quantile(heights, 0.975, method="higher")]
    ends = inverse(quantiles, "probit")
    held = hold(baseline, [0.6], [0.5], 1000, 500).iloc[0]
    assert [50 - held["line_high"], 50 - held["line_low"]] == pytest.approx(100 * ends, abs=1e-9)


FOUR = baseline_of(table([0.3, 0.5, 0.6, 0.8], [0.25, 0.33, 0.5, 0.6]), "toy", "v2")


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.integers(50, 5000))
def test_more_images_make_the_interval_narrower(x: float, y: float, n: int) -> None:
    x, y = round(x * n) / n, round(y * n) / n
    few, many = (hold(FOUR, [x], [y], n * times, n * times).iloc[0] for times in (1, 4))
    assert few["er"] == many["er"]
    assert few["er_low"] < many["er_low"] < many["line_low"]
    assert few["er_high"] > many["er_high"] > many["line_high"]


def bent(one_line: bool = False) -> Baseline:
    """Two lines on ImageNet-A that meet nowhere: y = x / 10 below the knee and y = x / 2 from it on."""
    below, above = [0.5, 0.6, 0.7], [0.77, 0.8, 0.85, 0.9]
    y = [value / 10 for value in below] + [0.07] + [value / 2 for value in above]
    rows = table([*below, testbed.KNEES[FULL], *above], y, "a")
    return baseline_of(rows, "toy", "a", axis="linear", one_line=one_line)


def test_two_lines_on_either_side_of_the_knee() -> None:
    baseline = bent()
    assert [(piece.part, piece.line.n) for piece in baseline.pieces] == [("below-knee", 3), ("above-knee", 4)]
    assert (baseline.knee, baseline.n, baseline.range) == (0.7613, 7, (0.5, 0.9))
    x = [0.45, 0.7612, 0.7613, 0.88, 0.91]
    assert baseline.predict(x) == pytest.approx([0.045, 0.07612, 0.38065, 0.44, 0.455])
    held = hold(baseline, x, [0.4] * 5, 1000, 500)
    assert list(held["part"]) == ["below-knee"] * 2 + ["above-knee"] * 3
    assert list(held["in_range"]) == [False, True, True, True, False]
    assert held["er"].to_numpy() == pytest.approx([35.5, 32.388, 1.935, -4, -5.5])


def test_one_line_on_imagenet_a_if_asked_for() -> None:
    baseline = bent(one_line=True)
    (piece,) = baseline.pieces
    assert (piece.part, piece.line.n, baseline.knee) == ("all", 8, None)
    slope, intercept = np.polyfit(
        [0.5, 0.6, 0.7, 0.7613, 0.77, 0.8, 0.85, 0.9], [0.05, 0.06, 0.07, 0.07, 0.385, 0.4, 0.425, 0.45], 1
    )
    assert (piece.line.slope, piece.line.intercept) == (pytest.approx(slope), pytest.approx(intercept))


def test_one_row_for_each_model_is_the_smallest_size() -> None:
    names = ["b.in1k@320", "a.in1k@288", "a.in1k@96", "b.in1k@224", "plain", "c@x.in1k@160"]
    rows = table([0.5] * 6, [0.4] * 6, models=names)
    assert list(chosen_models(rows, ONE_PER_MODEL)["model"]) == ["a.in1k@96", "b.in1k@224", "plain", "c@x.in1k@160"]
    assert list(chosen_models(rows, EVERY_ROW)["model"]) == names


def test_all_rows_are_only_said_where_they_differ() -> None:
    x, y = [0.3, 0.5, 0.6, 0.8], [0.25, 0.33, 0.5, 0.6]
    assert baseline_of(table(x, y), "toy", "v2", models=EVERY_ROW).models == ONE_PER_MODEL
    names = ["a@1", "a@2", "b@1", "c@1"]
    baseline = baseline_of(table(x, y, models=names), "toy", "v2", models=EVERY_ROW)
    assert (baseline.models, baseline.n) == (EVERY_ROW, 4)


def test_only_used_standard_rows_carry_the_line() -> None:
    rows = pd.concat([
        table([0.3, 0.5, 0.8], [0.3, 0.5, 0.8]),
        table([0.4], [0.9], group="more-data"),
        table([0.6], [0.9]).assign(used=False, reason="below-floor"),
    ])  # fmt: skip
    baseline = baseline_of(rows, "toy", "v2")
    assert (baseline.n, baseline.range, baseline.n_x, baseline.n_y) == (3, (0.3, 0.8), 1000, 500)
    assert baseline.pieces[0].line.slope == pytest.approx(1)


@pytest.mark.parametrize(
    ("shift", "x_set", "message"),
    [
        ("objectnet", FULL, "toy has no objectnet; write one of imagenet-v2, imagenet-a"),
        ("v2", RESTRICTED, "toy has no in-distribution set class-restricted for imagenet-v2; write full"),
        ("a", FULL, "toy, a, part above-knee: 2 rows, and a line needs 3"),
    ],
)
def test_what_gives_no_baseline(shift: str, x_set: str, message: str) -> None:
    x = [0.3, 0.5, 0.6, 0.8, 0.9]
    rows = pd.concat([table(x, x), table(x, x, "a")])
    assert shifts_of(rows) == ["imagenet-v2", "imagenet-a"]
    with pytest.raises(PublishedError, match=message):
        baseline_of(rows, "toy", shift, x_set)
