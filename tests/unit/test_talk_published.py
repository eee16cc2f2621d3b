"""What the talk draws from published tables: who is shown, averages and what they are held against, cells, findings."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datalines.published import talk, talkcells
from datalines.published.averaged import averaged_baseline
from datalines.published.leaderboards import leaderboard
from datalines.published.reading import PublishedError
from datalines.tables import Table
from tests.unit.talk_tables import HUB, LADDER, expected_average, on_line, tables


@pytest.fixture(scope="module")
def given() -> dict[str, pd.DataFrame]:
    return tables()


def test_shown_are_all_models_at_or_above_the_floor_but_clip_and_subsets(given: dict[str, pd.DataFrame]) -> None:
    shown = talk.shown_models(given["imagenet-testbed"], "v2")
    assert shown["kind"].value_counts().to_dict() == {"standard": 19, "more-data": 2, "robust": 2}
    assert "resnet18_lpf2" not in set(shown["model"])  # 30 % on ImageNet
    hollow = shown.loc[(shown["kind"] == "standard") & ~shown["fitted"], "model"].tolist()
    assert hollow == ["resnet50_aws_baseline", "resnet50_imagenet_100percent_batch64_original_images"]
    assert not shown.loc[shown["kind"] != "standard", "fitted"].any()
    apart = talk.shown_models(given["imagenet-testbed"], "v2", adversarial=True).set_index("kind")["model"]
    assert apart["adversarial"] == "resnet50_l2_eps3_robust" and apart["robust"] == "resnet50_cutmix"


def test_shown_models_of_own_classes_have_that_floor_and_models_at_the_edge_are_missing(
    given: dict[str, pd.DataFrame],
) -> None:
    shown = talk.shown_models(given["imagenet-testbed"], "a")
    assert (shown["x_set"] == "class-restricted").all() and shown["x"].min() >= 0.75
    rows = given["imagenet-testbed"].copy()
    rows.loc[(rows["model"] == "standard-15") & (rows["shift"] == "a"), "y"] = 0.0
    assert set(shown["model"]) - set(talk.shown_models(rows, "a")["model"]) == {"standard-15"}
    with pytest.raises(PublishedError, match="no model on v2 against full"):
        talk.shown_models(rows[rows["shift"] == "a"], "v2")


def test_averages_are_plain_means_of_models_with_every_shift(given: dict[str, pd.DataFrame]) -> None:
    rows = given["vlhub"]
    found = talk.averages(rows).set_index("model")
    own = rows[rows["model"] == "CLIP-RN50-laion15m"]
    assert found.loc["CLIP-RN50-laion15m", "y"] == pytest.approx(own["y"].mean())
    assert found.loc["CLIP-RN50-laion15m", "n_y"] == own["n_y"].sum() == 98_389
    assert "CLIP-ViT-L-14-WiseFT" not in found.index and len(found) == len(HUB) - 1
    lost = rows.assign(used=rows["used"] & ~((rows["model"] == "model-03") & (rows["shift"] == "r")))
    assert "model-03" not in set(talk.averages(lost)["model"])
    with pytest.raises(PublishedError, match="on all of v2, objectnet"):
        talk.averages(rows, ["v2", "objectnet"])


def test_an_average_does_not_depend_on_the_order_of_swapped_columns(given: dict[str, pd.DataFrame]) -> None:
    rows = given["vlhub"].copy()
    mine = rows.index[rows["model"] == "CLIP-ViT-L-14-WiseFT"]
    before = talk.named(talk.averages(rows, swapped=True), "CLIP-ViT-L-14-WiseFT", talk.AVERAGE)
    rows.loc[mine, "y"] = rows.loc[mine, "y"].to_numpy()[[2, 0, 3, 1]]
    after = talk.named(talk.averages(rows, swapped=True), "CLIP-ViT-L-14-WiseFT", talk.AVERAGE)
    assert after["y"] == pytest.approx(before["y"], abs=1e-12) and not after["used"]


def test_the_expected_average_is_the_mean_of_the_lines(given: dict[str, pd.DataFrame]) -> None:
    baseline = averaged_baseline(given["vlhub"], talk.AVERAGED)
    assert baseline.n == len(LADDER) + 1 and baseline.range == pytest.approx((LADDER[0], LADDER[-1]))
    for x in (0.3, 0.6, 0.7612, 0.7613, 0.9):
        assert baseline.predict([x])[0] == pytest.approx(expected_average(x), abs=1e-9)
    at = np.array([0.6, 0.7])
    low, high = baseline.pieces[0].band(at, 0.95)  # all models lie on their lines, so every resample has these lines
    assert low == pytest.approx(high, abs=1e-9) and low == pytest.approx(baseline.predict(at), abs=1e-9)


def test_the_band_of_the_expected_average_holds_it_and_narrows_with_the_level(given: dict[str, pd.DataFrame]) -> None:
    rows = given["vlhub"].copy()
    noise = np.random.default_rng(0).normal(0, 0.01, len(rows))
    rows["y"] = np.clip(rows["y"] + noise, 0.01, 0.99)
    baseline, x = averaged_baseline(rows, talk.AVERAGED), np.array([0.62, 0.7, 0.74])
    low, high = baseline.pieces[0].band(x, 0.95)
    inner_low, inner_high = baseline.pieces[0].band(x, 0.5)
    assert (low < baseline.predict(x)).all() and (baseline.predict(x) < high).all()
    assert (low < inner_low).all() and (inner_high < high).all()
    again = averaged_baseline(rows, talk.AVERAGED).pieces[0].band(x, 0.95)
    assert np.array_equal(low, again[0]) and np.array_equal(high, again[1])


def test_what_has_no_expected_average_is_said(given: dict[str, pd.DataFrame]) -> None:
    rows = given["vlhub"]
    with pytest.raises(PublishedError, match="has ImageNet-A's knee, add a"):
        averaged_baseline(rows, ["v2", "sketch"])
    with pytest.raises(PublishedError, match="1 standard models above-knee of ImageNet-A; a line needs 3"):
        averaged_baseline(rows[rows["x"] < 0.79], talk.AVERAGED)
    with pytest.raises(PublishedError, match="no standard model has a usable number"):
        averaged_baseline(rows[rows["group"] != "standard"], talk.AVERAGED)


def test_gains_are_differences_in_points(given: dict[str, pd.DataFrame]) -> None:
    found = talkcells.gains(*(given[name] for name in ("imagenet-testbed", "vlhub", "timm"))).set_index("shift")
    assert list(found.index) == ["v2", "r", "objectnet", "sketch", "a"]
    assert found["above_line"].drop("objectnet").tolist() == pytest.approx([6.0] * 4, abs=1e-6)
    for shift in ("v2", "r", "sketch", "a"):
        less = 6 + 100 * (on_line(shift, 0.765) - on_line(shift, 0.774))
        assert found.loc[shift, "above_testbed"] == pytest.approx(less)
        assert found.loc[shift, "above_timm"] == pytest.approx(less)
    assert math.isnan(found.loc["objectnet", "clip"]) and math.isnan(found.loc["objectnet", "above_line"])
    assert found.loc["objectnet", "testbed"] == pytest.approx(100 * on_line("objectnet", 0.774))


def test_recomputed_cells_and_numbers_of_findings(given: dict[str, pd.DataFrame]) -> None:
    cells = talkcells.recomputed(given)
    assert cells["T-1", "Model B, accuracy drop (points)"] == 13
    assert cells["T-8", "ImageNet-A, CLIP above the line at its accuracy (points)"] == pytest.approx(6)
    assert cells["T-8", "ObjectNet, CLIP less ResNet-101 (points)"] is None
    assert cells["T-17", "CLIP, training pairs (millions)"] == 400
    assert cells["T-20", "ImageNet-Captions, images (thousands)"] == 0.01
    found = talkcells.measured(given)
    assert found["captions-size"] == 10 and found["captions-classes"] == 3 and found["yfcc-sizes"] == 1
    assert found["names-left-out"] == 2 and found["objectnet-size"] == 18_514 and found["sketch-size"] == 50_889
    assert (found["in-distribution-set"], found["line-of-others"]) == (pytest.approx(0.9), pytest.approx(0.9))
    assert found["imagenet-a-bends"] == pytest.approx(1.0) and found["average-is-no-line"] < 1
    assert found["wise-ft-gain"] == pytest.approx(1.0, abs=1e-6)
    assert found["resnet-101"] == pytest.approx(1.8)
    with pytest.raises(PublishedError, match="0 rows of model tv_resnet101; one is needed"):
        talkcells.recomputed({**given, "vlhub-models": given["vlhub-models"].drop(index=1)})
    with pytest.raises(PublishedError, match="no rows of concepts imagenet and source incaps"):
        talkcells.recomputed({**given, "frequencies": given["frequencies"].assign(source="cc12m")})


@pytest.mark.parametrize(
    ("name", "pairs"),
    [("CLIP-RN50-yfcc2m", 2), ("CLIP-RN50-yfcc10m-no-imagenet-classnames", 10), ("CLIP-ViT-L-14-laion400m", 0)],
)
def test_pairs_by_name(name: str, pairs: int) -> None:
    assert talkcells.pairs_of(name) == pairs


def test_spread_counts_what_lies_above() -> None:
    heights = pd.DataFrame({"group": ["b", "a", "a", "a"], "er": [1.0, -2.0, 0.5, 3.0]})
    found = talk.spread(heights, "group").set_index("group")
    assert list(found.index) == ["b", "a"]
    assert found.loc["a"].tolist() == pytest.approx([3, 0.5, -2, 3, 2 / 3])


def test_one_row_is_named_or_it_is_an_error(given: dict[str, pd.DataFrame]) -> None:
    assert talk.named(given["vlhub"], "model-00", "v2")["x"] == LADDER[0]
    with pytest.raises(PublishedError, match="0 rows of model nobody on v2 against full"):
        talk.named(given["vlhub"], "nobody", "v2")


BOARD = {
    "rank": [1, 2],
    "algorithm": ["x", "y"],
    "model": ["m", "n"],
    "f1": [43.3, 41.4],
    "f1_spread": [1.0, 0.5],
    "starred": ["yes", None],
    "contact": ["a", "b"],
}


def board(**changed: Any) -> pd.DataFrame:
    rows = pd.DataFrame({**BOARD, **changed})
    return leaderboard({"published/board": rows}, Table("Board"), "published/board", {"f1": "F1"}, "f1")


def test_a_leaderboard_keeps_its_digits() -> None:
    assert board()["F1"].tolist() == ["43.3 (1.0) *", "41.4 (0.5)"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rank": [1, 3]}, "ranks are 1, 3; they count up from 1"),
        ({"f1": [41.4, 43.3]}, "rank 2 has more f1 than the one before it"),
        ({"starred": ["yes", "no"]}, "column 'starred' has other words than yes"),
    ],
)
def test_a_row_that_was_typed_wrongly_is_an_error(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(PublishedError, match=message):
        board(**changed)
