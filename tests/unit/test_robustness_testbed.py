"""Published accuracies as records: fits and effective robustness of the robustness testbed, to the digits known."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datalines.published.standard import STANDARD
from datalines.robustness.effective import effective_points
from datalines.robustness.families import fit_families
from datalines.robustness.intervals import clopper_pearson

MIRROR = Path(__file__).parents[3] / "shared" / "mirror" / "raw.githubusercontent.com" / "modestyachts"
NOT_FITTED = ("aws", "batch64", "subsample")
V2 = "imagenetv2-matched-frequency-format-val"
# Shift -> (column of y, column of x, images of y, floor on x). Images only widen the intervals of points.
PAIRS = {
    "v2": (V2, "val", 10_000, 0.55),
    "sketch": ("imagenet-sketch", "val", 50_889, 0.55),
    "r": ("imagenet-r", "val-on-imagenet-r-classes", 30_000, 0.75),
    "objectnet": ("objectnet-1.0-beta", "val-on-objectnet-classes", 18_574, 0.55),
    "a": ("imagenet-a", "val-on-imagenet-a-classes", 7_500, 0.75),
}
CLIP = ("vit_b_32_clip_zeroshot", "resnet50_clip_zeroshot", "efficientnet-l2-noisystudent", "resnet50")


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    found = sorted(MIRROR.glob("imagenet-testbed/*/robustness_top1s.csv"))
    if not found:
        pytest.skip(f"no robustness_top1s.csv below {MIRROR}")
    return pd.read_csv(found[0], index_col="model")


def records(results: pd.DataFrame, shift: str) -> pd.DataFrame:
    """The testbed's accuracies on one shift as records: standard models as runs of one family, others by themselves."""
    y, x, images, _ = PAIRS[shift]
    shown = results[[x, y]].dropna()
    fitted = [name in STANDARD and not any(word in name.lower() for word in NOT_FITTED) for name in shown.index]
    frames = []
    for column, name, n in ((x, "val", 50_000), (y, shift, images)):
        top1 = shown[column].to_numpy() / 100
        low, high = clopper_pearson(np.round(top1 * n), n)
        family = np.where(fitted, "standard", shown.index)
        keys = {"experiment": "testbed", "kind": "model", "family": family, "size": shown.index, "seed": 0, "epoch": 0}
        measured = pd.DataFrame({**keys, "weight": np.nan, "shift": name, "n": n, "top1": top1})
        frames.append(measured.assign(top1_low=low, top1_high=high))
    return pd.concat(frames, ignore_index=True)


def declared(shift: str, families: tuple[str, ...] = (), axis: str = "logit") -> dict[str, Any]:
    spec = {"families": list(families), "ensembles": [], "baseline": "standard", "reference": "val", "axis": axis}
    return spec | {"shifts": [shift], "floor": PAIRS[shift][3], "level": 0.95, "resamples": 200, "resample": "runs"}


@pytest.mark.parametrize(
    ("shift", "n", "logit", "probit"),
    [
        ("v2", 85, (0.923229, -0.497690, 0.996046), (0.961678, -0.324702, 0.995633)),
        ("sketch", 85, (1.070915, -2.370073, 0.869006), (1.043532, -1.425862, 0.865206)),
        ("r", 80, (0.636844, -2.107716, 0.889402), (0.771894, -1.421198, 0.884211)),
        ("objectnet", 85, (0.980910, -1.928289, 0.952511), (1.019207, -1.204903, 0.951811)),
    ],
)
def test_lines_of_standard_models(
    results: pd.DataFrame, shift: str, n: int, logit: tuple[float, ...], probit: tuple[float, ...]
) -> None:
    fits = fit_families(records(results, shift), declared(shift)).set_index("axis")
    for axis, known in (("logit", logit), ("probit", probit)):
        row = fits.loc[axis]
        assert (row["n"], row["runs"]) == (n, n)
        assert tuple(round(float(row[name]), 6) for name in ("slope", "intercept", "r2")) == known
        assert row["slope_low"] < row["slope"] < row["slope_high"]


def test_the_model_at_zero_percent_is_dropped_and_counted(results: pd.DataFrame) -> None:
    rows = records(results, "a")
    assert (rows["top1"] == 0).sum() == 1
    fits = fit_families(rows, declared("a")).set_index("axis")
    models = len(rows[(rows["family"] == "standard") & (rows["shift"] == "a")])
    assert fits["n"].add(fits["dropped"]).eq(models).all()
    assert fits.loc["linear", "n"] == fits.loc["logit", "n"] + 1


@pytest.mark.parametrize(
    ("shift", "known"),
    [
        ("v2", (5.6288, 5.7937, 1.1077, -0.7376)),
        ("sketch", (28.0189, 22.8606, 2.7062, -0.3613)),
        ("r", (38.9512, 32.8575, 17.087, -0.602)),
        ("objectnet", (18.1045, 17.8457, 3.2644, 1.1515)),
    ],
)
def test_effective_robustness_of_single_models(results: pd.DataFrame, shift: str, known: tuple[float, ...]) -> None:
    points = effective_points(records(results, shift), declared(shift)).set_index("size")
    assert tuple(points.loc[list(CLIP), "er"].round(4)) == known
    assert (points["er_low"] < points["er"]).all() and (points["er"] < points["er_high"]).all()


def test_models_better_than_all_standard_ones_are_out_of_range(results: pd.DataFrame) -> None:
    points = effective_points(records(results, "v2"), declared("v2")).set_index("size")
    inside = points["in_range"].astype(bool)
    assert not inside["efficientnet-l2-noisystudent"] and inside["resnet50"]
    assert inside[(points["family"] == "standard") & (points["x"] >= PAIRS["v2"][3])].all()
