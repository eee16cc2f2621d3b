"""Every figure of the talk: what it shows of tables whose models' heights are known, and what it refuses."""

import importlib
import string
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, PlainFigure, save
from datalines.plotting.published import PUBLISHED_COLUMNS
from datalines.robustness.intervals import clopper_pearson
from tests.unit.talk_tables import LADDER, PART, expected_average, on_line, tables

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts" / "papers" / "talk"
PAPER = yaml.safe_load((ROOT / "config" / "papers" / "talk.yaml").read_text())["papers"]["talk"]
FIGURES = {spec["script"].split("/")[1]: spec for spec in PAPER["figures"].values()}
SCATTERS = ["fig_t03_imagenet_v2", "fig_t04_objectnet", "fig_t05_imagenet_sketch", "fig_t06_imagenet_r",
            "fig_a_imagenet_a"]  # fmt: skip


def script(name: str) -> ModuleType:
    return importlib.import_module(f"workflow.scripts.papers.talk.{name}")


@pytest.fixture(scope="module")
def given() -> dict[str, pd.DataFrame]:
    return {f"published/{name}": table for name, table in tables().items()}


def draw(given: dict[str, pd.DataFrame], name: str, **options: Any) -> Drawing:
    named = {table: given[table] for table in FIGURES[name]["tables"]}
    return script(name).draw(named, PlainFigure(FIGURES[name]["title"], {}, options))


def points(drawing: Drawing) -> pd.DataFrame:
    return drawing.points[drawing.points["layer"] == "point"].set_index("model")


def test_every_script_is_in_the_config_and_every_caption_has_no_other_field_than_the_scale() -> None:
    specs = [*PAPER["figures"].values(), *PAPER["tables"].values()]
    assert sorted(spec["script"] for spec in specs) == sorted(f"talk/{path.stem}" for path in SCRIPTS.glob("*.py"))
    for spec in specs:
        docstring = script(spec["script"].split("/")[1]).__doc__ or ""
        assert {field for _, field, _, _ in string.Formatter().parse(docstring) if field is not None} <= {"scale"}


@pytest.mark.parametrize("name", FIGURES)
def test_everything_drawn_is_in_the_table_and_inside_the_axes(given: dict[str, pd.DataFrame], name: str) -> None:
    drawing = draw(given, name)
    assert list(drawing.points) == PUBLISHED_COLUMNS and drawing.notes
    numbers = drawing.points[["x", "y", "er"]].to_numpy(dtype=float)
    listed = {tuple(pair) for pair in np.round(np.vstack([numbers[:, :2], numbers[:, [0, 2]]]), 6)}
    for axes in drawing.figure.axes:
        low, high = axes.get_xlim(), axes.get_ylim()
        markers = [line for line in axes.lines if line.get_linestyle() == "None" and len(line.get_xdata())]
        assert markers
        for line in markers:
            at = np.column_stack([np.asarray(values, dtype=float) for values in line.get_data()])
            assert {tuple(pair) for pair in np.round(at, 6)} <= listed
            assert ((at > [low[0], high[0]]) & (at < [low[1], high[1]])).all()


@pytest.mark.parametrize("name", FIGURES)
def test_legends_and_titles_are_on_the_page_and_on_no_axes(given: dict[str, pd.DataFrame], name: str) -> None:
    drawing = draw(given, name)
    FigureCanvasAgg(drawing.figure).draw()
    (legend,) = drawing.figure.legends
    box, page = legend.get_window_extent(), drawing.figure.bbox
    assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0
    for axes in drawing.figure.axes:
        assert not box.overlaps(axes.get_window_extent())
    labels = [text.get_text() for text in legend.get_texts()]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("name", FIGURES)
def test_options_and_tables_that_are_not_known_are_refused(given: dict[str, pd.DataFrame], name: str) -> None:
    with pytest.raises(DatalinesError, match="options: 'axes' unknown"):
        draw(given, name, axes="logit")
    first = FIGURES[name]["tables"][0]
    named = {table: given[table] for table in FIGURES[name]["tables"] if table != first}
    with pytest.raises(DatalinesError, match=f"list {first} among its"):
        script(name).draw(named, PlainFigure(name, {}, {}))


@pytest.mark.parametrize("name", ["fig_a_imagenet_a", "fig_t09_clip_average", "fig_t18_subsampling"])
def test_equal_tables_give_equal_bytes(given: dict[str, pd.DataFrame], name: str, tmp_path: Path) -> None:
    first, second = (save(draw(given, name), tmp_path / stem) for stem in ("a", "b"))
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("name", SCATTERS)
def test_scatter_plots_show_the_testbed(given: dict[str, pd.DataFrame], name: str) -> None:
    found = points(draw(given, name))
    assert "vit_b_32_clip_zeroshot" not in found.index and PART.format(2) not in found.index
    assert found.loc["resnet50_cutmix", "er"] == pytest.approx(0.2, abs=1e-6)
    assert found.loc["resnet50_l2_eps3_robust", "er"] == pytest.approx(3.0, abs=1e-6)
    apart = name in ("fig_t05_imagenet_sketch", "fig_t06_imagenet_r")
    assert found.loc["resnet50_l2_eps3_robust", "group"] == ("adversarial" if apart else "robust")
    standard = found[found["group"] == "standard"]
    assert (~standard["fitted"].astype(bool)).sum() == 2
    shift = {"objectnet": "objectnet", "r": "r", "a": "a"}.get(name.rsplit("_", 1)[1])
    assert set(found["n_x"]) == {10_000 if shift else 50_000}


def test_bars_are_exact_intervals_of_995(given: dict[str, pd.DataFrame]) -> None:
    row = points(draw(given, "fig_t03_imagenet_v2")).loc["resnet50_cutmix"]
    low, high = clopper_pearson(round(row["x"] / 100 * 50_000), 50_000, 0.995)
    assert (row["x_low"], row["x_high"]) == (pytest.approx(100 * low), pytest.approx(100 * high))


def test_the_line_is_that_of_the_standard_models_on_any_axis(given: dict[str, pd.DataFrame]) -> None:
    drawn = draw(given, "fig_t03_imagenet_v2").points
    line = drawn[drawn["layer"] == "line-all"]
    assert line["y"].to_numpy() == pytest.approx([100 * on_line("v2", x / 100) for x in line["x"]], abs=1e-6)
    inside = line[line["fitted"].astype(bool)]
    assert inside["x"].min() >= 100 * LADDER[0] - 1e-9 and len(inside) < len(line)
    linear = draw(given, "fig_t03_imagenet_v2", axis="linear").points
    straight = linear[linear["layer"] == "line-all"]
    assert np.ptp(np.diff(straight["y"].to_numpy(dtype=float))) == pytest.approx(0, abs=1e-6)


def test_imagenet_a_has_two_lines_beside_resnet_50(given: dict[str, pd.DataFrame]) -> None:
    drawn = draw(given, "fig_a_imagenet_a").points
    below, above = (drawn[drawn["layer"] == f"line-{part}"] for part in ("below-knee", "above-knee"))
    assert below["x"].max() == pytest.approx(91.86) == above["x"].min()


def test_the_hypothetical_model_is_an_option_and_its_height_is_told(given: dict[str, pd.DataFrame]) -> None:
    drawing = draw(given, "fig_t02_effective_robustness", x=0.7, y=0.66)
    star = drawing.points[drawing.points["layer"] == "hypothetical"].iloc[0]
    assert star["er"] == pytest.approx(66 - 100 * on_line("v2", 0.7), abs=1e-6)
    assert f"{star['er']:+.1f} points" in drawing.notes[0]


def test_heights_stand_beside_the_scatter_plot(given: dict[str, pd.DataFrame]) -> None:
    drawing = draw(given, "fig_t07_more_data")
    heights = drawing.points[drawing.points["layer"] == "height"].set_index("model")
    assert heights.loc["instagram-resnext101_32x8d", "er"] == pytest.approx(1.5, abs=1e-6)
    row = heights.loc["instagram-resnext101_32x8d"]
    assert row["y_low"] < 1.5 < row["y_high"]
    told = "Trained with more data: n = 2, effective robustness +0.5 points on average, from -0.5 to +1.5"
    assert any(note.startswith(told) for note in drawing.notes)


def test_averages_are_held_against_the_mean_of_the_lines(given: dict[str, pd.DataFrame]) -> None:
    drawing = draw(given, "fig_t09_clip_average")
    found = points(drawing)
    assert found.loc["CLIP-RN50-laion15m", "er"] == pytest.approx(5.0, abs=1e-6)
    assert found.loc["CLIP-RN50-laion15m", "y"] == pytest.approx(100 * expected_average(0.351) + 5)
    assert found[["y_low", "y_high"]].isna().all(axis=None)
    assert found.loc["vit_b_32_clip_zeroshot", "group"] == "clip-testbed"
    assert {"wit", "laion", "yfcc", "cc12m"} <= set(found["group"])
    assert "6 models are less accurate on ImageNet than every standard one" in drawing.notes[-1]


def test_both_architectures_are_held_against_one_line(given: dict[str, pd.DataFrame]) -> None:
    drawing = draw(given, "fig_t10_architectures")
    found = drawing.points[drawing.points["layer"] == "point"]
    own = found[found["panel"] == "v2"].groupby("group").size().to_dict()
    assert own == {"standard": 17, "cnn": 2, "vit": 3, "cnn-testbed": 1, "vit-testbed": 1}
    assert len(drawing.notes) == 4 and "n = 5; mean height above the common line" in drawing.notes[0]
    hollow = found[found["group"].str.endswith("-testbed")]
    assert not hollow["fitted"].any()


def test_fine_tuning_is_told_in_points_and_the_swapped_row_is_hollow(given: dict[str, pd.DataFrame]) -> None:
    drawing = draw(given, "fig_t11_fine_tuning")
    found = points(drawing)
    assert found.loc["CLIP-ViT-L-14-WIT-400m", "er"] == pytest.approx(6.0, abs=1e-6)
    assert found.loc["CLIP-ViT-L-14-WIT-400m-ft-in1k", "er"] == pytest.approx(2.0, abs=1e-6)
    assert not found.loc["CLIP-ViT-L-14-WiseFT", "fitted"] and found.loc["CLIP-ViT-L-14-in1k", "fitted"]
    arrows = drawing.points[drawing.points["layer"] == "arrow"]
    assert set(arrows["group"]) == {"CLIP-ViT-L-14-WIT-400m-ft-in1k", "CLIP-ViT-L-14-ft-cc12m+in1k-equal",
                                    "CLIP-ViT-L-14-WiseFT"}  # fmt: skip


def test_subsets_of_imagenet_are_told_with_intervals(given: dict[str, pd.DataFrame]) -> None:
    drawing = draw(given, "fig_t18_subsampling")
    heights = drawing.points[drawing.points["layer"] == "height"]
    assert heights["x"].tolist() == pytest.approx([1_281_167 / part for part in (1, 2, 4, 8, 16, 32)])
    assert heights["er"].tolist() == pytest.approx([0.5, *[0.25] * 5], abs=1e-6)
    assert drawing.notes[1].startswith("1/2: ImageNet 56.0 %")


def test_yfcc_is_held_against_the_line_of_openai(given: dict[str, pd.DataFrame]) -> None:
    drawing = draw(given, "fig_t19_yfcc")
    found = points(drawing)
    assert found.loc["CLIP-RN50-yfcc10m-no-imagenet-classnames", "group"] == "yfcc-10m"
    assert found[found["group"].str.startswith("yfcc")].shape[0] == 4
    assert "n = 5. YFCC models, n = 4" in drawing.notes[0]
    assert "n = 9" in drawing.notes[1]
