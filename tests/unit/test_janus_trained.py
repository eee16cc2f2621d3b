"""Figures and tables of JANuS from its own tables: what they show, and what they say when something is missing."""

import inspect
import string
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, PlainFigure, save
from datalines.published import compare, janus, januscells, janusfindings
from datalines.published.frequencies import read_frequencies
from datalines.published.models import read_models
from datalines.published.reading import PublishedError
from datalines.tables import Table, save_table
from tests.unit.janus_files import tables, transcribed
from tests.unit.published_files import MIRROR
from workflow.scripts.papers.janus import (
    fig_01l_data_scale,
    fig_02l_parameters,
    fig_03l_networks,
    tab_01_datasets,
    tab_04_budgets,
    tab_05_vits,
    tab_06_pretraining,
    tab_08_supervision,
    tab_09_models,
    tab_findings,
    tab_published,
)

RAW = MIRROR / "raw.githubusercontent.com"
MODELS = RAW / "penfever/vlhub/fe468a444dcf215d0b647924aa518f777f792759/metadata/meta-analysis-results.csv"
FREQUENCIES = RAW / (
    "CVMI-Lab/clip-beyond-tail/6d180a24c818f1439aeeade33ebdc8b0b53a3b62/metadata/freqs/"
    "class_frequency_incaps_imagenet_ori.txt"
)
FIGURES = [fig_01l_data_scale, fig_02l_parameters, fig_03l_networks]
TABLES = [tab_01_datasets, tab_04_budgets, tab_05_vits, tab_06_pretraining, tab_08_supervision, tab_09_models]


@pytest.fixture(scope="module")
def real() -> dict[str, pd.DataFrame]:
    for path in (MODELS, FREQUENCIES):
        if not path.is_file():
            pytest.skip(f"{path} is not here")
    names = ("cells", "findings", "classes")
    return tables() | {
        **{f"published/janus-{name}": transcribed(name) for name in names},
        janus.HUB: read_models(MODELS),
        janusfindings.FREQUENCIES: read_frequencies({FREQUENCIES.name: FREQUENCIES}),
    }


def draw(script: ModuleType, held: dict[str, pd.DataFrame] | None = None) -> Drawing:
    drawing: Drawing = script.draw(tables() if held is None else held, PlainFigure("Figure"))
    return drawing


@pytest.mark.parametrize("script", [*FIGURES, *TABLES, tab_findings, tab_published])
def test_captions_fill(script: ModuleType) -> None:
    fields = {name for _, name, _, _ in string.Formatter().parse(inspect.getdoc(script) or "") if name}
    assert fields == {"scale"}


@pytest.mark.parametrize("script", FIGURES)
def test_figures_are_drawn_once_and_refuse_what_is_unknown(script: ModuleType, tmp_path: Path) -> None:
    first, second = (save(draw(script), tmp_path / name) for name in ("first", "second"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    with pytest.raises(DatalinesError, match="options: 'axis' unknown"):
        script.draw(tables(), PlainFigure("Figure", options={"axis": "logit"}))
    with pytest.raises(DatalinesError, match="list published/janus-tab-09 among"):
        draw(script, {janus.HUB: tables()[janus.HUB]})


@pytest.mark.parametrize("script", FIGURES)
def test_no_text_of_a_figure_overlaps_another(script: ModuleType) -> None:
    canvas = draw(script).figure
    FigureCanvasAgg(canvas).draw()
    for axes in canvas.axes:
        labels = [text.get_window_extent() for text in axes.get_xticklabels()]
        labels.sort(key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in pairwise(labels))
        bottom = axes.texts[0].get_window_extent().y1
        for line in (line for line in axes.lines if line.get_transform() == axes.transData):
            heights = line.get_transform().transform(line.get_xydata())[:, 1]
            assert (heights >= bottom).all()


def test_data_scale_shows_both_losses_and_clip() -> None:
    points = draw(fig_01l_data_scale).points
    counts = points.groupby(["panel", "series"]).size().unstack()
    assert counts.loc["val"].to_dict() == {"CE": 6, "VL": 5, "CLIP (VL)": 1}
    average = points[points["panel"] == "average"].set_index("model")
    assert average.loc["JANuS-int", "y"] == pytest.approx(65.55)
    assert average.loc["CLIP-RN50-WIT-400m", "y"] == pytest.approx(60)
    assert average.index[average["hollow"]].tolist() == [
        "in100+laion100-VL-ttd", "JANuS-VL-gt+ttd-1.1m", "in100-VL-ttd"
    ]  # fmt: skip
    assert average.index[~average["connected"]].tolist() == ["in100-VL-ttd"]
    assert average.loc["in100-int", "place"] == 0 and average.loc["in100(1/8th)-int", "place"] == -3
    assert (points["y_low"] < points["y"]).all() and (points["y"] < points["y_high"]).all()


def test_networks_stand_beside_each_other() -> None:
    drawing = draw(fig_02l_parameters)
    average = drawing.points[drawing.points["panel"] == "average"]
    assert average.groupby("series")["place"].apply(list).to_dict() == {
        "1x data": [0, 1, 2], "2x data": [0, 1, 2], "10x data": [1, 2]
    }  # fmt: skip
    assert drawing.notes == [
        "Average robustness of ResNet-50x4 less that of ResNet-50: +0.1 points at 1x (intervals overlap), "
        "-1.1 points at 2x (intervals overlap), +0.2 points at 10x (intervals overlap)."
    ]
    points = draw(fig_03l_networks).points
    assert points.groupby("series").size().to_dict() == {"ResNet-50": 10, "ViT-S-16": 10}


@pytest.mark.parametrize("script", TABLES)
def test_tables_are_made_and_refuse_what_is_unknown(script: ModuleType, tmp_path: Path) -> None:
    held, options = tables(), {"digits": 3, "notes": ["a"], "pools": None}
    made = script.tabulate(held, Table("Table", options=options))
    save_table(made, Table("Table", options=options), tmp_path / "made")
    assert made.iloc[:, 0].is_unique and len(made) >= 3
    with pytest.raises(PublishedError, match="options: 'columns' unknown"):
        script.tabulate(held, Table("Table", options={"columns": []}))
    with pytest.raises(PublishedError, match=r"list published/janus-tab-0\d among its"):
        script.tabulate({}, Table("Table"))


def test_computed_columns_of_tables() -> None:
    nine = tab_09_models.tabulate(tables(), Table("Table")).set_index("Model")
    assert nine.loc["oi100-VL-ttd", "Right labels, of all"] == pytest.approx(0.0583)
    assert nine.loc["in100(1/8th)-int", "Budget"] == "1/8x"
    assert nine["Half width"].between(0.007, 0.011).all()
    eight = tab_08_supervision.tabulate(tables(), Table("Table")).set_index("Class")
    assert eight.loc["All classes", "Share, recomputed"] == pytest.approx(54_273 / 71_941)
    one = tab_01_datasets.tabulate(tables(), Table("Table")).set_index("Data set")
    assert one.loc["ImageNet-100 (IN100)", "Data budget (x)"] == pytest.approx(124_351 / 120_000)


def test_published_against_recomputed(real: dict[str, pd.DataFrame]) -> None:
    made = tab_published.tabulate(real, Table("Table", options={"digits": 4}))
    verdicts = made.set_index(["Item", "Cell"])["Verdict"]
    assert len(verdicts) == len(real[tab_published.CELLS]) > 200
    for item in ("Table 2", "Table 3", "Table 5", "Table 6", "Appendix A"):
        assert set(verdicts[item]) == {compare.EQUAL}, item
    four = verdicts["Table 4"]
    assert set(four[~four.index.str.contains("+IN100,", regex=False)]) == {compare.EQUAL, compare.ROUNDING}
    assert set(four[four.index.str.contains("k+IN100,", regex=False)]) == {compare.IMPOSSIBLE}
    assert verdicts["Table 7", "SWSL-RN50 (1000-class), validation"] == compare.DIFFERS
    nine = verdicts["Table 9"]
    assert len(nine) == 96 and nine[nine == compare.DIFFERS].index.tolist() == [
        f"{name}, effective robustness ratio"
        for name in ("in100(1/8th)-VL-gtcaps", "in100-VL-classname-only", "oi100-VL-blipcap+annotcap")
    ]


def test_models_of_table_four_are_the_only_ones_with_its_numbers(real: dict[str, pd.DataFrame]) -> None:
    """Of their kind (names and data), at the printed digits."""
    models, four = real[janus.HUB], real[janus.TAB_04].set_index("data")
    kinds = {"rn50": r"^resnet(?:v2_)?50(?:x1_bitm)?$", "vit": r"^vit_small_patch16_"}
    for data, dataset in (("IN1k", "in1k"), ("IN21k+IN1k", "in21k")):
        for place, network in enumerate(janus.NETWORKS):
            near = (models["in100_val"] - four.loc[data, f"{network}_val"]).abs().le(0.0005)
            near &= (models["in100_average"] - four.loc[data, f"{network}_average"]).abs().le(0.0015)
            chosen = models[near & models["model"].str.contains(kinds[network]) & (models["dataset"] == dataset)]
            assert chosen["model"].tolist() == [janus.TAB_04_ROWS[data][place].split(":")[1]]


def test_cells_without_models_name_what_is_missing() -> None:
    with pytest.raises(PublishedError, match="has no model 'volo_d5_224'"):
        januscells.recomputed(tables())


def test_findings_with_what_the_tables_measure(real: dict[str, pd.DataFrame]) -> None:
    made = tab_findings.tabulate(real, Table("Table")).set_index("Finding")["Measured"]
    assert made["shared-classes"] == "R 36, A 37, both 25 of 100"
    assert made["dogs-on-imagenet-a"] == "R 24, A 4 of 100"
    assert made["selection-of-classes"] == (
        "of IN100, 42 are among the 100 largest and 100 have more than 600 captions, as 214 of 1,000 classes do; "
        "smallest 609"
    )
    assert made["parameter-sizes"] == "S 440, M 130, L 89"
    assert made["architecture-counts"].startswith("convolution 386, vit 212, regnet 35")
    assert made["stored-average"] == "stored 0.497, mean of the four 0.4306"
    assert made["swsl-row"].startswith("IN1000 0.8270 / 0.456")
    assert made["resolution"].startswith("IN1000 0.6957 / 0.6991 / 0.6757")
    assert made["language-advantage"] == "1/8x: +0.4 ± 1.3 points; OI100, 1x: +3.2 ± 1.4 points"
    assert made["table-4-and-9"] == "IN100+OI100 (JANuS): 0.511 and 0.512; JANuS: 0.655 and 0.656"
    assert made["exchanged-columns"] == "sketch-above-v2 4 rows"
    assert made.isna().sum() == len(made) - 22
    lacking = real | {tab_findings.FINDINGS: real[tab_findings.FINDINGS].iloc[1:]}
    with pytest.raises(PublishedError, match="no finding shared-classes in published/janus-findings"):
        tab_findings.tabulate(lacking, Table("Table"))
