"""Figures and tables of JANuS's meta-analysis: what they show of a small table, and what they say when they cannot."""

import inspect
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
from datalines.published import meta
from datalines.published.meta import LABEL_SETS
from datalines.robustness.lines import fit_line
from datalines.scriptfile import load
from datalines.tables import Table
from tests.unit import meta_files as files

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts" / "papers" / "janus"
PANELS = ["fig_01r_data_scale", "fig_02r_parameters", "fig_03r_architectures", "fig_12_resolution"]
SCATTERS = ["fig_04_tuning_lines", "fig_05_clip_tuned", "fig_10_sketch", "fig_11_adversarial", "fig_13_renditions"]
TABLES = ["tab_02_volo_vgg", "tab_03_unseen_classes", "tab_07_label_sets"]


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    models = files.study()
    return {"published/vlhub-models": models, "published/timm": files.timm(models)}


def script(name: str) -> ModuleType:
    return load(SCRIPTS / f"{name}.py")


def draw(name: str, tables: dict[str, pd.DataFrame], **options: Any) -> Drawing:
    drawing: Drawing = script(name).draw(tables, PlainFigure("Figure 1", {}, options))
    return drawing


def table(name: str, tables: dict[str, pd.DataFrame], **options: Any) -> pd.DataFrame:
    frame: pd.DataFrame = script(name).tabulate(tables, Table("Table 1", {}, {"pools": None, "notes": [], **options}))
    return frame


def of(drawing: Drawing, panel: str, layer: str, group: str) -> pd.DataFrame:
    rows = drawing.points
    return rows[(rows["panel"] == panel) & (rows["layer"] == layer) & (rows["group"] == group)]


def test_best_of_each_tier(tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw("fig_01r_data_scale", tables)
    best = of(drawing, "in100", "best", "VL")
    assert best["model"].tolist() == [
        "CLIP-ViT-L-14-in1k", "CLIP-RN50-yfcc15m", "CLIP-ViT-L-14-WIT-400m-ft-in1k", "CLIP-ViT-L-14-laion2b",
    ]  # fmt: skip
    assert best["y"].iloc[-1] == pytest.approx(75 * sum(files.FALL.values()) / 4)
    assert not drawing.points["model"].astype(str).str.startswith("LiT").any()


@pytest.mark.parametrize(("name", "column"), [("fig_02r_parameters", "size"), ("fig_12_resolution", "resolution")])
def test_bars_are_the_means_of_ten(tables: dict[str, pd.DataFrame], name: str, column: str) -> None:
    models, drawing = tables["published/vlhub-models"], draw(name, tables)
    means = meta.ten_best_means(models, models[column])
    drawn = drawing.points[drawing.points["layer"] == "mean"]
    assert len(drawn) == 9
    assert sorted(drawn["y"]) == pytest.approx(sorted(100 * means["average"]))
    assert sorted(drawn["n"]) == sorted(means["n"])
    assert "Mean average robustness of the ten best" in drawing.notes[0]


def test_models_without_parameters_have_no_dot_but_count(tables: dict[str, pd.DataFrame]) -> None:
    models = tables["published/vlhub-models"]
    best = models["model"] == "net29"
    drawing = draw(
        "fig_02r_parameters", {"published/vlhub-models": models.assign(params=models["params"].mask(best, 0))}
    )
    assert "net29" not in drawing.points["model"].tolist()
    assert drawing.points.loc[drawing.points["layer"] == "mean", "y"].max() == pytest.approx(
        draw("fig_02r_parameters", tables).points.query("layer == 'mean'")["y"].max()
    )
    assert "1 models state no number of parameters" in drawing.notes[2]


def test_line_through_resolutions_is_of_all_models(tables: dict[str, pd.DataFrame]) -> None:
    models = tables["published/vlhub-models"]
    slope, start = np.polyfit(models["image_size"] / 800, meta.averages(models, "imagenet"), 1)
    line = of(draw("fig_12_resolution", tables), "imagenet", "line", "all models")
    assert line["y"].to_numpy() == pytest.approx(100 * (start + slope * line["x"].to_numpy()))


def test_architectures_by_bin(tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw("fig_03r_architectures", tables)
    means = of(drawing, "imagenet", "mean", "vit").set_index("x")
    assert means.index.tolist() == [0, 10_000_000, 100_000_000, 1_000_000_000]
    assert means.at[0, "n"] == 10 and means.at[1_000_000_000, "n"] == 1
    gaps = drawing.notes[2]
    assert "1.2M, 14.2–15M, 400–401M, 2B images" in gaps and "IN100-Dogs" in gaps


def test_line_of_lit_misses_wise_ft(tables: dict[str, pd.DataFrame]) -> None:
    models, drawing = tables["published/vlhub-models"], draw("fig_04_tuning_lines", tables)
    lit, tuned = models[models["technique"] == "LiT"], models[models["technique"] == "Wise-FT"].iloc[0]
    means = meta.averages(models, "imagenet")
    line = fit_line(lit["imagenet_val"], means[lit.index], "logit")
    gap = 100 * (means[tuned.name] - float(line.predict(tuned["imagenet_val"])))
    assert f"{gap:+.1f} points from that of LiT (n = 3, extended from 70.0 %)" in drawing.notes[0]
    assert of(drawing, "IN1000", "line-beyond", "lit")["x"].max() == pytest.approx(84)
    assert drawing.points.query("layer == 'model'")["model"].nunique() == len(models)


def test_arrows_lead_from_the_zero_shot_model(tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw("fig_05_clip_tuned", tables)
    arrows = drawing.points[drawing.points["layer"] == "arrow"]
    assert len(arrows) == 6 and set(arrows["x"].iloc[::2].round(6)) == {65.0}
    marked = drawing.points[drawing.points["layer"] == "marked"].set_index("group")
    assert marked.at["CE from scratch", "model"] == "net28", "of 84.1 %, nearest to 84 %"
    models = tables["published/vlhub-models"]
    with pytest.raises(DatalinesError, match="no model 'CLIP-ViT-L-14-laion400m'"):
        draw("fig_05_clip_tuned", {"published/vlhub-models": models[models["model"] != "CLIP-ViT-L-14-laion400m"]})


@pytest.mark.parametrize(("name", "shift"), [("fig_10_sketch", "sketch"), ("fig_11_adversarial", "a"),
                                             ("fig_13_renditions", "r")])  # fmt: skip
def test_shifts_as_the_file_and_timm_have_them(tables: dict[str, pd.DataFrame], name: str, shift: str) -> None:
    drawing, models = draw(name, tables), tables["published/vlhub-models"].set_index("model")
    own, theirs = (of(drawing, panel, "model", "standard").set_index("model")
                   for panel in ("(a) IN1000, the file", "(b) IN1000, timm"))  # fmt: skip
    assert own.at["net7", "y"] == pytest.approx(100 * models.at["net7", f"imagenet_{shift}"])
    assert theirs.at["net7", "y"] - own.at["net7", "y"] == pytest.approx(5 if shift == "sketch" else 0)
    assert not drawing.points["model"].astype(str).str.contains("LiT|Wise").any()
    assert "4 models (LiT and Wise-FT) are not drawn" in " ".join(drawing.notes)
    known = models[(meta.groups(models) == "standard")]
    line = fit_line(known["imagenet_val"], known[f"imagenet_{shift}"], "logit")
    drawn = of(drawing, "(a) IN1000, the file", "line", "standard")
    assert drawn["y"].to_numpy() == pytest.approx(100 * line.predict(drawn["x"] / 100), abs=1e-9)
    above = 100 * (known.at["net7", f"imagenet_{shift}"] - float(line.predict(known.at["net7", "imagenet_val"])))
    assert own.at["net7", "er"] == pytest.approx(above)


def test_accuracies_at_zero_are_counted(tables: dict[str, pd.DataFrame]) -> None:
    models = tables["published/vlhub-models"]
    zero = {
        **tables,
        "published/vlhub-models": models.assign(imagenet_a=models["imagenet_a"].mask(models.index == 3, 0)),
    }
    drawing = draw("fig_11_adversarial", zero)
    assert "Left out, because at 0 or 100 %: 1 in (a) IN1000, the file." in drawing.notes
    assert "net3" not in of(drawing, "(a) IN1000, the file", "model", "standard")["model"].tolist()


@pytest.mark.parametrize("name", [*PANELS, *SCATTERS])
def test_everything_drawn_is_inside_and_legends_cover_nothing(name: str, tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw(name, tables)
    canvas = FigureCanvasAgg(drawing.figure)
    canvas.draw()
    assert drawing.points["y"].notna().any() and drawing.notes
    whole = drawing.figure.get_tightbbox()
    assert whole.x0 >= 0 and whole.x1 <= drawing.figure.get_figwidth() and whole.y1 <= drawing.figure.get_figheight()
    for axes in drawing.figure.axes:
        x_low, x_high, y_low, y_high = *axes.get_xlim(), *axes.get_ylim()
        for line in axes.lines:
            if line.get_marker() not in (None, "None", ""):
                x, y = (np.asarray(values, dtype=float) for values in line.get_data())
                assert ((x >= x_low) & (x <= x_high) & (y >= y_low) & (y <= y_high)).all()
        title = axes.title.get_window_extent()
        assert all(not title.overlaps(other.title.get_window_extent())
                   for other in drawing.figure.axes if other is not axes and other.get_title())  # fmt: skip


@pytest.mark.parametrize("name", ["fig_01r_data_scale", "fig_05_clip_tuned", "fig_10_sketch"])
def test_equal_tables_give_equal_bytes(name: str, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    first, second = (save(draw(name, tables), tmp_path / stem, ("svg", "csv")) for stem in ("a", "b"))
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


def test_table_2_has_means_over_label_sets_and_timm(tables: dict[str, pd.DataFrame]) -> None:
    rows = table("tab_02_volo_vgg", tables)
    assert rows[["Model", "Source"]].values.tolist() == [
        ["VOLO-D5-224", "VL Hub"], ["VOLO-D5-224", "timm"], ["VGG-16", "VL Hub"], ["VGG-16", "timm"],
    ]  # fmt: skip
    share = sum(files.FALL.values()) / 4
    assert rows.at[0, "IN1000 avg."] == pytest.approx(0.7 * share)
    assert rows.at[0, "S, mean of sets"] == pytest.approx(0.7 * 0.6)
    assert rows.at[1, "IN1000 avg."] == pytest.approx(0.7 * share + 0.0125) and np.isnan(rows.at[1, "IN100 avg."])


def test_tables_3_and_7(tables: dict[str, pd.DataFrame]) -> None:
    rows = table("tab_03_unseen_classes", tables)
    assert rows["IN100 val."].tolist() == pytest.approx([0.25, 0.3])
    rows = table("tab_07_label_sets", tables, digits=4)
    assert len(rows) == 7 and set(rows["Label set"]) == set(LABEL_SETS.values())
    assert rows["Ratio"].to_numpy() == pytest.approx(rows["Average robustness"] / rows["Validation accuracy"])
    assert rows.iloc[-1][["Model", "Source", "Classes"]].tolist() == ["SWSL-RN50", "timm", 1000]


@pytest.mark.parametrize("name", [*PANELS, *SCATTERS])
def test_unknown_options_and_missing_tables_of_figures(name: str, tables: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(DatalinesError, match="'axes' unknown"):
        draw(name, tables, axes="logit")
    with pytest.raises(DatalinesError, match="list published/vlhub-models among its"):
        draw(name, {"published/timm": tables["published/timm"]})


@pytest.mark.parametrize("name", TABLES)
def test_unknown_options_and_missing_tables_of_tables(name: str, tables: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(DatalinesError, match="'round' unknown"):
        table(name, tables, round=1)
    with pytest.raises(DatalinesError, match="list published/vlhub-models among its"):
        table(name, {"published/timm": tables["published/timm"]})


@pytest.mark.parametrize("name", SCATTERS)
def test_other_axes(name: str, tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw(name, tables, axis="probit")
    assert "probit" in drawing.figure.axes[-1].get_xlabel()


@pytest.mark.parametrize("name", [*PANELS, *SCATTERS, *TABLES])
def test_captions_have_the_scale_and_no_other_field(name: str) -> None:
    caption = inspect.getdoc(script(name)) or ""
    assert {field for _, field, _, _ in string.Formatter().parse(caption) if field is not None} == {"scale"}


def test_config_names_every_script() -> None:
    paper = yaml.safe_load((ROOT / "config" / "papers" / "janus.yaml").read_text())["papers"]["janus"]
    named = {part["script"] for kind in ("tables", "figures") for part in paper[kind].values()}
    assert {f"janus/{name}" for name in [*PANELS, *SCATTERS, *TABLES]} <= named
