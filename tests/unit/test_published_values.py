"""Published files as they are: lines, intervals and effective robustness known from elsewhere, digit by digit."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from datalines.fetch.mirror import place
from datalines.files import sha256_file
from datalines.published import testbed
from datalines.published.models import mean_of_shifts, read_models
from datalines.published.testbed_file import read_testbed
from datalines.published.tidy import FULL, RESTRICTED, counts
from datalines.published.vlhub import read_vlhub
from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.lines import effective_robustness, fit_line
from tests.unit.published_files import MIRROR

RAW = "https://raw.githubusercontent.com"
TESTBED = f"{RAW}/modestyachts/imagenet-testbed/0170eec658d664289d9f61de8f90f967f49abca0/robustness_top1s.csv"
VLHUB = f"{RAW}/penfever/vlhub/fe468a444dcf215d0b647924aa518f777f792759/metadata/meta-analysis-results.csv"


def mirrored(url: str) -> Path:
    path = MIRROR / place(url)
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    return path


@pytest.fixture(scope="module")
def standard() -> pd.DataFrame:
    return read_testbed(mirrored(TESTBED), "imagenet-testbed")


@pytest.fixture(scope="module")
def lines(standard: pd.DataFrame) -> pd.DataFrame:
    return testbed.baseline_lines(standard).set_index(["shift", "x_set", "axis", "part"])


@pytest.fixture(scope="module")
def hub() -> pd.DataFrame:
    return read_vlhub(mirrored(VLHUB), "vlhub")


@pytest.mark.parametrize(
    ("url", "size", "sha256"),
    [
        (TESTBED, 869_425, "6b32665be2eef1594d6d296fcb07d33fed0dd4ecacacff463841d7cb08e835f7"),
        (VLHUB, 166_639, "04195895ce0fe9f344cea10cbcafbd5600338f4b31392d2676248908ca267f81"),
    ],
)
def test_files_are_the_ones_that_values_are_known_of(url: str, size: int, sha256: str) -> None:
    path = mirrored(url)
    assert (path.stat().st_size, sha256_file(path)) == (size, sha256)


def test_models_of_the_testbed(standard: pd.DataFrame) -> None:
    groups = standard.drop_duplicates("model")["group"].value_counts().to_dict()
    assert groups == {
        "standard": 87, "robust": 86, "more-data": 41, "clip": 2, "subsample": 8, "undertrained": 114,
    }  # fmt: skip
    fitted = standard[(standard["group"] == "standard") & standard["used"]]
    for shift in ("v2", "sketch"):
        names = fitted.loc[fitted["shift"] == shift, "model"]
        digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
        assert (len(names), digest) == (85, "8b76876c557faab8ae4e6c9382921f897e062060a6c54f5ab68878997107e449")


def test_what_is_left_out_of_the_testbed(standard: pd.DataFrame) -> None:
    left_out = [entry for entry in counts(standard) if entry["reason"] and entry["x_set"] == FULL]
    found = {(entry["shift"], entry["group"], entry["reason"]): entry["rows"] for entry in left_out}
    common = {(shift, "standard", "left-out-by-name"): 2 for shift in ("v2", "sketch", "r", "objectnet", "a")}
    common |= {(shift, "subsample", "missing"): 3 for shift in ("v2", "sketch", "r", "objectnet", "a")}
    more = {("r", "standard", "missing"): 5, ("r", "more-data", "missing"): 1, ("a", "standard", "at-0-or-100"): 1}
    assert found == common | more


@pytest.mark.parametrize(
    ("shift", "x_set", "part", "n", "logit", "probit"),
    [
        ("v2", FULL, "all", 85, (0.923229, -0.497690, 0.996046), (0.961678, -0.324702, 0.995633)),
        ("sketch", FULL, "all", 85, (1.070915, -2.370073, 0.869006), (1.043532, -1.425862, 0.865206)),
        ("r", RESTRICTED, "all", 80, (0.636844, -2.107716, 0.889402), (0.771894, -1.421198, 0.884211)),
        ("r", FULL, "all", 80, (0.911591, -1.599915, 0.877174), (0.942364, -1.003309, 0.872725)),
        ("objectnet", RESTRICTED, "all", 85, (0.980910, -1.928289, 0.952511), (1.019207, -1.204903, 0.951811)),
        ("objectnet", FULL, "all", 85, (1.199267, -2.024250, 0.941002), (1.221495, -1.254921, 0.936814)),
        ("a", RESTRICTED, "below-knee", 33, (0.689446, -5.140046, 0.410462), (0.522663, -2.610104, 0.398697)),
        ("a", RESTRICTED, "above-knee", 51, (2.955960, -10.277397, 0.905183), (3.443664, -6.578062, 0.922680)),
    ],
)
def test_lines_of_the_testbed(
    lines: pd.DataFrame, shift: str, x_set: str, part: str, n: int, logit: tuple[float, ...], probit: tuple[float, ...]
) -> None:
    for axis, known in (("logit", logit), ("probit", probit)):
        line = lines.loc[(shift, x_set, axis, part)]
        assert line["n"] == n
        assert tuple(line[["slope", "intercept", "r2"]].astype(float).round(6)) == known


def test_bootstrap_of_the_testbed(lines: pd.DataFrame) -> None:
    line = lines.loc[("v2", FULL, "logit", "all")]
    assert round(line["intercept_low"], 9) == -0.513617604
    assert round(line["intercept_high"], 9) == -0.481195214
    assert round(line["slope_low"], 9) == 0.910224003
    assert round(line["slope_high"], 9) == 0.936146691


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("vit_b_32_clip_zeroshot", {"v2": 5.6288, "sketch": 28.0189, "r": 38.9512, "objectnet": 18.1045}),
        ("resnet50_clip_zeroshot", {"v2": 5.7937, "sketch": 22.8606, "r": 32.8575, "objectnet": 17.8457}),
        ("efficientnet-l2-noisystudent", {"v2": 1.1077, "sketch": 2.7062, "r": 17.087, "objectnet": 3.2644}),
        ("resnet50", {"v2": -0.7376, "sketch": -0.3613, "r": -0.602, "objectnet": 1.1515}),
        ("FixResNeXt101_32x48d_v2", {"v2": 0.9756}),
        ("BiT-M-R152x4-ILSVRC2012", {"v2": -0.3075}),
        *[(f"resnet50_imagenet_subsample_1_of_{part}_batch64_original_images", {"v2": er})
          for part, er in ((2, 0.329), (4, 0.458), (8, 0.056), (16, 0.111), (32, 0.072))],
    ],
)  # fmt: skip
def test_effective_robustness_of_published_models(standard: pd.DataFrame, model: str, known: dict[str, float]) -> None:
    for shift, er in known.items():
        x_set = RESTRICTED if shift in ("r", "objectnet") else FULL
        line = fit_line(*testbed.standard_points(standard, shift, x_set), "logit")
        chosen = (standard["model"] == model) & (standard["shift"] == shift) & (standard["x_set"] == x_set)
        (row,) = standard[chosen].to_dict("records")
        digits = len(str(er).split(".")[1])
        assert round(float(effective_robustness(row["x"], row["y"], line)), digits) == er


@pytest.mark.parametrize(
    ("model", "shift", "x_set", "x", "y"),
    [
        ("vit_b_32_clip_zeroshot", "v2", FULL, 63.302, 55.77),
        ("vit_b_32_clip_zeroshot", "sketch", FULL, 63.302, 42.373),
        ("vit_b_32_clip_zeroshot", "r", RESTRICTED, 88.10, 69.257),
        ("vit_b_32_clip_zeroshot", "objectnet", RESTRICTED, 70.928, 43.961),
        ("vit_b_32_clip_zeroshot", "a", FULL, 63.302, 31.387),
        ("resnet50_clip_zeroshot", "v2", FULL, 59.808, 52.53),
        ("resnet50_clip_zeroshot", "sketch", FULL, 59.808, 35.377),
        ("resnet50_clip_zeroshot", "r", RESTRICTED, 85.76, 60.46),
        ("resnet50_clip_zeroshot", "objectnet", RESTRICTED, 66.848, 40.283),
        ("resnet50_clip_zeroshot", "a", FULL, 59.808, 22.8),
        ("resnet50", "v2", FULL, 76.13, 63.21),
        ("resnet50", "sketch", FULL, 76.13, 24.092),
        ("resnet50", "r", FULL, 76.13, 36.173),
        ("resnet50", "objectnet", FULL, 76.13, 35.751),
        ("resnet50", "a", RESTRICTED, 91.86, 0.0),
        *[(f"resnet50_imagenet_subsample_1_of_{part}_batch64_original_images", "v2", FULL, x, y)
          for part, x, y in ((2, 70.522, 57.96), (4, 63.232, 50.53), (8, 51.686, 39.34), (16, 36.704, 26.99))],
        *[("resnet50_imagenet_subsample_1_of_32_batch64_original_images", shift, FULL, 21.422, y)
          for shift, y in (("v2", 15.55), ("sketch", 1.338), ("r", 6.627), ("a", 1.427), ("objectnet", 4.04))],
    ],
)  # fmt: skip
def test_rows_of_the_testbed(standard: pd.DataFrame, model: str, shift: str, x_set: str, x: float, y: float) -> None:
    chosen = (standard["model"] == model) & (standard["shift"] == shift) & (standard["x_set"] == x_set)
    (row,) = standard[chosen].to_dict("records")
    assert (round(100 * row["x"], 3), round(100 * row["y"], 3)) == (x, y)


def test_interval_of_the_testbed(standard: pd.DataFrame) -> None:
    (row,) = standard[(standard["model"] == "resnet50") & (standard["shift"] == "v2")].to_dict("records")
    low, high = clopper_pearson(round(row["x"] * row["n_x"]), row["n_x"], level=0.995)
    assert (round(100 * float(low), 5), round(100 * float(high), 5)) == (75.59095, 76.66319)


@pytest.mark.parametrize(
    ("shift", "n", "logit", "probit"),
    [
        ("v2", 540, (0.90812, -0.47502, 0.99092), (0.95924, -0.32043, 0.9916)),
        ("sketch", 540, (1.28188, -2.64253, 0.97311), (1.31832, -1.63922, 0.96154)),
        ("r", 540, (1.16665, -1.92656, 0.92658), (1.24424, -1.23712, 0.91581)),
        ("a", 538, (4.47979, -7.9522, 0.96547), (4.08577, -4.42608, 0.93161)),
    ],
)
def test_lines_of_vlhub(
    hub: pd.DataFrame, shift: str, n: int, logit: tuple[float, ...], probit: tuple[float, ...]
) -> None:
    for axis, known in (("logit", logit), ("probit", probit)):
        line = fit_line(*testbed.standard_points(hub, shift), axis)
        assert line.n == n
        assert (round(line.slope, 5), round(line.intercept, 5), round(line.r2, 5)) == known


def test_models_of_vlhub(hub: pd.DataFrame) -> None:
    models = hub.drop_duplicates("model")
    assert len(models) == 659
    assert models["group"].value_counts().to_dict() == {
        "standard": 540, "more-data": 90, "clip": 14, "clip-imagenet": 9, "laion": 6,
    }  # fmt: skip
    assert models["model"].str.endswith(" (2)").sum() == 7
    on_sketch = hub[(hub["group"] == "laion") & (hub["shift"] == "sketch")]
    assert dict(zip(on_sketch["model"], zip(on_sketch["x"], on_sketch["y"].round(3), strict=True), strict=True)) == {
        "CLIP-RN50-laion15m": (0.351, 0.241),
        "CLIP-RN50-laion50m": (0.42, 0.296),
        "CLIP-ViT-g-14-laion2b": (0.76574, 0.651),
        "CLIP-ViT-H-14-laion2b": (0.77864, 0.665),
        "CLIP-ViT-L-14-laion2b": (0.75178, 0.633),
        "CLIP-ViT-L-14-laion400m": (0.727, 0.596),
    }
    left_out = hub[~hub["used"]].groupby("reason")["model"].agg(lambda names: sorted(set(names))).to_dict()
    assert left_out == {
        "at-0-or-100": ["resnet50", "tv_resnet50"],
        "sketch-above-v2": [
            "CLIP-ViT-L-14-WiseFT",
            *[f"CLIP-swin_base_patch4_window7-laion{size}m-LiT" for size in (150, 15, 400)],
        ],
    }


def test_correlation_of_accuracy_and_average_robustness() -> None:
    rows = read_models(mirrored(VLHUB))
    assert len(rows) == 659
    assert round(rows["imagenet_val"].corr(rows["imagenet_average"]), 5) == 0.66318
    assert round(rows["imagenet_val"].corr(mean_of_shifts(rows, "imagenet")), 5) == 0.66521
