"""The meta-analysis of JANuS: bins, ten best, tiers and means on small tables, and what is known of the real one."""

import numpy as np
import pandas as pd
import pytest

from datalines.published import meta, metacells, metaorder
from datalines.published.meta import LABEL_SETS
from datalines.published.models import read_models
from datalines.published.reading import PublishedError
from datalines.published.timm import TIMM, read_timm
from datalines.robustness.lines import fit_line
from tests.unit import meta_files as files
from tests.unit.test_published_values import VLHUB, mirrored

RESULTS = "https://raw.githubusercontent.com/huggingface/pytorch-image-models/aa4b5850c1543fa488abf260f18390eda46cf85d/results"


def test_averages_are_the_files_own_but_where_they_are_no_mean() -> None:
    models = files.table(
        files.row("a", 0.8), files.row("b", 0.8, imagenet_average=0.6), files.row("c", 0.8, dogs_a=np.nan)
    )
    mean = 0.8 * sum(files.FALL.values()) / 4
    assert meta.averages(models, "imagenet").tolist() == pytest.approx([mean, mean, mean])
    assert meta.averages(models, "imagenet", corrected=False)[1] == 0.6
    assert meta.averages(models, "dogs")[2] == pytest.approx(mean)
    near = files.table(files.row("a", 0.8, imagenet_average=round(mean, 3)))
    assert meta.averages(near, "imagenet")[0] == round(mean, 3)


def test_ten_best_of_a_bin_and_all_of_a_small_one() -> None:
    values = np.linspace(0.5, 0.8, 14)
    rows = [files.row(f"s{step}", val, size="S") for step, val in enumerate(values)]
    models = files.table(*rows, files.row("l0", 0.9, size="L"), files.row("l1", 0.7, size="L", in100_average=np.nan))
    means = meta.ten_best_means(models, models["size"]).set_index(["bin", "label_set"])
    share = sum(files.FALL.values()) / 4
    small = means.loc["S", "imagenet"]
    assert (small["models"], small["n"]) == (14, 10)
    assert small["average"] == pytest.approx(share * values[-10:].mean())
    assert (small["lowest"], small["highest"]) == (pytest.approx(share * values[4]), pytest.approx(share * 0.8))
    assert (means.loc[("L", "imagenet"), "n"], means.loc[("L", "in100"), "n"]) == (2, 1)
    ten = meta.ten_best(models, models["size"])
    assert ten[(ten["bin"] == "S") & (ten["label_set"] == "dogs")]["model"].tolist() == [
        f"s{k}" for k in range(13, 3, -1)
    ]


def test_equal_averages_keep_the_order_of_the_file() -> None:
    models = files.table(*[files.row(f"m{step}", 0.7) for step in range(12)])
    assert meta.best(models, "imagenet", 10)["model"].tolist() == [f"m{step}" for step in range(10)]


def test_best_of_each_tier_by_loss() -> None:
    web = {"technique": "VL", "dataset": "wit", "dataset_size": 400_000_000}
    models = files.table(
        files.row("small", 0.7), files.row("better", 0.8), files.row("clip", 0.6, **web),
        files.row("tuned", 0.65, **web | {"dataset_size": 401_200_000}), files.row("lit", 0.9, technique="LiT"),
    )  # fmt: skip
    tiers = meta.best_per_tier(models)
    rows = tiers[tiers["label_set"] == "in100"]
    assert rows[["tier", "loss", "model", "models"]].values.tolist() == [
        [1_200_000, "CE", "better", 2], [400_000_000, "VL", "tuned", 2],
    ]  # fmt: skip


def test_bins_of_sizes_begin_at_decades() -> None:
    sizes = (1, 9_999_999, 10_000_000, 99_999_999, 100_000_000, 2_000_000_000)
    models = files.table(*[files.row(f"m{size}", 0.7, dataset_size=size) for size in sizes])
    assert meta.data_bins(models).tolist() == [0, 0, 10_000_000, 10_000_000, 100_000_000, 1_000_000_000]
    with pytest.raises(PublishedError, match="dataset_size is below 1"):
        meta.data_bins(models.assign(dataset_size=0))


def test_means_by_shift_are_over_label_sets() -> None:
    models = files.table(files.row("a", 0.8, imagenet_r=0.1, in100_r=0.2, dogs_r=0.6))
    found = meta.by_shift(models, "a")
    assert found["r"] == pytest.approx(0.3) and found["v2"] == pytest.approx(0.72)
    with pytest.raises(PublishedError, match="no model 'b'"):
        meta.by_shift(models, "b")


def test_models_of_names_the_missing_table_and_fills_remarks() -> None:
    models = files.table(files.row("a", 0.8, remarks=np.nan), files.row("b", 0.8, remarks="no-in100;sketch-above-v2"))
    read = meta.models_of({"published/vlhub-models": models}, "Figure 1")
    assert read["remarks"].tolist() == ["", "no-in100;sketch-above-v2"]
    assert meta.exchanged(read).tolist() == [False, True]
    with pytest.raises(PublishedError, match="published/vlhub-models"):
        meta.models_of({}, "Figure 1")


def test_columns_that_are_sorted_by_themselves_are_found() -> None:
    """A table whose Sketch column is in the order of ImageNet-A against timm's, which is not."""
    rng = np.random.default_rng(0)
    models = files.study(count=40)
    supervised = models[models["technique"] == "Conventional"]
    mixed = dict(zip(supervised["model"], rng.permutation(supervised["imagenet_sketch"]), strict=True))
    found = metaorder.agreement(models, files.timm(models, mixed)).set_index("measure")
    assert found.at["sketch", "n"] == len(supervised) - 1, "resnet50: timm has two sets of weights of that name"
    assert found.at["val", "equal"] == 1 and found.at["sketch", "equal"] < 0.3
    assert found.at["sketch", "median"] > 0.02 and found.at["sketch", "sorted"] == pytest.approx(0)
    assert (
        found.at["sketch", "file_order"] == pytest.approx(1, abs=0.001) and abs(found.at["sketch", "timm_order"]) < 0.5
    )
    assert metaorder.order(models, "imagenet")["sketch"] == pytest.approx(1, abs=0.001)


def test_timm_is_taken_where_the_weights_are_the_same() -> None:
    models = files.study(count=40)
    timm = files.timm(models)
    other = timm["model"].str.startswith("net3.") & (timm["shift"] == "a")
    timm.loc[other, "y"] += 0.01
    again = timm[timm["model"].str.startswith("net4.")].assign(
        model=lambda rows: rows["model"].str.replace(".x@", ".y@")
    )
    chosen = metaorder.with_timm(models, pd.concat([timm, again])).set_index("model")
    assert "net5" in chosen.index and "net3" not in chosen.index, "another accuracy on A is another set of weights"
    assert "net4" not in chosen.index, "two tags of a name cannot be told apart"
    own = models.set_index("model")
    assert chosen.at["net5", "imagenet_sketch"] == pytest.approx(own.at["net5", "imagenet_sketch"] + 0.05)
    assert chosen.at["net5", "imagenet_average"] == pytest.approx(own.at["net5", "imagenet_average"] + 0.0125)
    assert chosen.at["CLIP-ViT-L-14-laion2b", "imagenet_sketch"] == own.at["CLIP-ViT-L-14-laion2b", "imagenet_sketch"]
    assert "swsl_resnet50" in chosen.index, "timm has another name for it"
    with pytest.raises(PublishedError, match="weights of 0 models"):
        metaorder.by_timm(models, timm.assign(model="other.x@224"))
    with pytest.raises(PublishedError, match=r"no v2, sketch, r, a of 'vgg16.tv_in1k@128'"):
        metaorder.timm_row(timm, "vgg16.tv_in1k@128")


@pytest.fixture(scope="module")
def hub() -> pd.DataFrame:
    return read_models(mirrored(VLHUB))


def ten_best(hub: pd.DataFrame, column: str) -> dict[str, tuple[float, ...]]:
    means = meta.ten_best_means(hub, hub[column]).set_index(["bin", "label_set"])["average"]
    return {name: tuple(round(float(means[name, key]), 4) for key in LABEL_SETS) for name in hub[column].unique()}


def test_ten_best_of_the_file(hub: pd.DataFrame) -> None:
    assert ten_best(hub, "size") == {
        "S": (0.5958, 0.7109, 0.6895), "M": (0.6548, 0.7819, 0.7251), "L": (0.728, 0.8865, 0.765),
    }  # fmt: skip
    kinds = ten_best(hub, "architecture")
    assert (kinds["convolution"], kinds["vit"]) == ((0.6687, 0.8135, 0.7441), (0.7231, 0.8797, 0.751))
    assert ten_best(hub, "resolution") == {
        "S": (0.6957, 0.873, 0.7426), "M": (0.6991, 0.815, 0.7341), "L": (0.6757, 0.7682, 0.7384),
    }  # fmt: skip
    assert hub["resolution"].value_counts().to_dict() == {"S": 391, "M": 230, "L": 38}


def test_top_100_of_the_file(hub: pd.DataFrame) -> None:
    assert meta.top_counts(hub, "imagenet", "architecture") == {"vit": 64, "convolution": 35, "regnet": 1}
    assert meta.top_counts(hub, "in100", "architecture") == {"vit": 70, "convolution": 29, "regnet": 1}
    assert meta.top_counts(hub, "dogs", "architecture") == {"vit": 72, "convolution": 28}
    assert meta.top_counts(hub, "imagenet", "size") == {"L": 55, "M": 32, "S": 13}


@pytest.mark.parametrize(
    ("tier", "loss", "values", "model"),
    [
        (1_200_000, "CE", (0.683, 0.760, 0.749), "volo_d5_512"),
        (1_200_000, "VL", (0.273, 0.400, 0.439), "CLIP-RN50-in1k"),
        (12_000_000, "VL", (0.214, 0.461, 0.233), "CLIP-RN50-cc12m"),
        (14_000_000, "CE", (0.745, 0.861, 0.784), "beit_large_patch16_512"),
        (15_000_000, "CE", (0.468, 0.621, 0.638), "ssl_resnext101_32x16d"),
        (15_000_000, "VL", (0.256, 0.523, 0.271), "CLIP-RN50-laion15m"),
        (27_000_000, "VL", (0.294, 0.573, 0.300), "CLIP-RN50-laion15m+cc12m"),
        (50_000_000, "VL", (0.312, 0.694, 0.302), "CLIP-RN50-laion50m"),
        (300_000_000, "CE", (0.760, 0.843, 0.811), "tf_efficientnet_l2_ns"),
        (400_000_000, "VL", (0.746, 0.929, 0.726), "CLIP-ViT-L-14-336-openai"),
        (1_000_000_000, "CE", (0.599, 0.843, 0.774), "ig_resnext101_32x32d"),
        (2_000_000_000, "VL", (0.715, 0.907, 0.730), "CLIP-ViT-H-14-laion2b"),
    ],
)
def test_tiers_of_the_file(hub: pd.DataFrame, tier: int, loss: str, values: tuple[float, ...], model: str) -> None:
    tiers = meta.best_per_tier(hub)
    rows = tiers[(tiers["tier"] == tier) & (tiers["loss"] == loss)].set_index("label_set")
    assert tuple(round(float(rows.at[key, "average"]), 3) for key in LABEL_SETS) == values
    assert rows.at["imagenet", "model"] == model


def test_cells_of_the_file(hub: pd.DataFrame) -> None:
    found = {cell: round(value, 4) for (_, cell), value in metacells.recomputed(hub).items()}
    assert [found[f"VOLO-D5-224, {cell}"] for cell in ("IN1000 validation", "IN1000 average", "IN100 average")] == [
        0.857, 0.594, 0.725,
    ]  # fmt: skip
    for name, known in (("VOLO-D5-224", (0.8137, 0.55, 0.6516, 0.7073)), ("VGG-16", (0.6597, 0.2509, 0.363, 0.1952))):
        assert tuple(found[f"{name}, by shift, {shift}"] for shift in ("V2", "S", "R", "A")) == known
    assert [found[f"YFCC-10Mn-N.I., {title} validation"] for title in LABEL_SETS.values()] == [0.127, 0.3288, 0.0344]
    assert [found[f"YFCC-15Mn, {title} validation"] for title in LABEL_SETS.values()] == [0.324, 0.741, 0.0864]
    assert found["CLIP-RN50 (1000-class), average"] == pytest.approx(0.4306, abs=1e-4)
    assert [found[f"SWSL-RN50 (1000-class), {cell}"] for cell in ("validation", "average")] == [0.827, 0.456]
    assert [found[f"models with {size} parameters"] for size in metacells.SIZES.values()] == [440, 130, 89]
    assert (found["ViT models"], found["convolution models"]) == (212, 386)
    assert found["ResNet-50, robustness, read as that on IN100"] == 0.504


def test_correlation_of_the_file(hub: pd.DataFrame) -> None:
    assert round(meta.pearson(hub, corrected=False), 5) == 0.66318
    assert round(meta.pearson(hub), 5) == 0.66545


@pytest.mark.parametrize(
    ("shift", "known"),
    [
        ("v2", (0.90812, -0.47502, 0.99092)),
        ("sketch", (1.28188, -2.64253, 0.97311)),
        ("r", (1.16665, -1.92656, 0.92658)),
        ("a", (4.47979, -7.9522, 0.96547)),
    ],
)
def test_lines_of_the_file(hub: pd.DataFrame, shift: str, known: tuple[float, ...]) -> None:
    rows = hub[(meta.groups(hub) == "standard") & hub[f"imagenet_{shift}"].between(0, 1, "neither")]
    line = fit_line(rows["imagenet_val"], rows[f"imagenet_{shift}"], "logit")
    assert (round(line.slope, 5), round(line.intercept, 5), round(line.r2, 5)) == known


def test_order_of_the_file(hub: pd.DataFrame) -> None:
    assert round(metaorder.order(hub, "imagenet")["sketch"], 3) == 0.995
    assert round(metaorder.order(hub, "in100")["sketch"], 3) == 0.843
    assert round(metaorder.order(hub, "imagenet")["val"], 3) == 0.998


def test_file_beside_timm(hub: pd.DataFrame) -> None:
    """Of supervised models with the same accuracy on ImageNet-A, hardly any other accuracy on IN1000 is the same, and
    once sorted all nearly are."""
    timm = read_timm({name: mirrored(f"{RESULTS}/{name}") for name in TIMM}, "timm")
    found = metaorder.agreement(hub, timm).set_index("measure").round(3)
    assert set(found["n"]) == {182} and found.at["a", "equal"] == 1
    assert found["equal"].drop("a").to_dict() == {"val": 0.121, "v2": 0.071, "sketch": 0.082, "r": 0.066}
    assert (found["median"] >= 2.5 * found["sorted"]).drop("a").all()
    assert found["file_order"].drop("a").min() > 0.99 and found["timm_order"].drop("a").max() < 0.95
    swsl = metaorder.timm_row(timm, "resnet50.fb_swsl_ig1b_ft_in1k@224")
    own = meta.row_of(hub, "swsl_resnet50")
    assert round(swsl["a"], 3) == own["imagenet_a"] == 0.298
    assert (round(swsl["sketch"], 3), own["imagenet_sketch"]) == (0.495, 0.34)
