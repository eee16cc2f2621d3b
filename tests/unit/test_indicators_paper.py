"""The Indicators paper's tables: what was typed in, what is computed from it, and the figures drawn of it."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from datalines.fetch.mirror import place
from datalines.indicators import left_skew
from datalines.plotting import PlainFigure, save
from datalines.published import indicators as paper
from datalines.published.compare import DIFFERS, EQUAL, IMPOSSIBLE, ROUNDING
from datalines.published.models import read_models
from datalines.published.reading import PublishedError
from datalines.tables import Table, to_markdown
from tests.unit.published_files import MIRROR
from tests.unit.test_published_values import RAW, VLHUB
from workflow.scripts.papers.indicators import (
    fig_01_scaling,
    fig_02_imbalance,
    tab_01_label_sets,
    tab_02_other_classes,
    tab_03_imbalance,
    tab_04_agreement,
    tab_05_two_runs,
    tab_06_frequencies,
    tab_findings,
    tab_published,
)

ROOT = Path(__file__).resolve().parents[2]
TRANSCRIBED = ROOT / "config/transcribed"
SIZES = f"{RAW}/penfever/vlhub/{VLHUB.split('/')[5]}/metadata/openimages_100_val_class_sizes.txt"
TABLE = Table("A table", {}, {"digits": 2})
DECLARED: dict[str, Any] = yaml.safe_load((ROOT / "config/papers/indicators.yaml").read_text())["papers"]["indicators"]


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(TRANSCRIBED / f"{name}.csv", dtype={"published": str})


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    """As scripts are given them; of VL Hub's models the two that are needed."""
    names = [f"indicators-{rest}" for rest in ("tab-01", "tab-02", "tab-03", "cells", "findings")]
    names += [f"janus-tab-{number}" for number in ("01", "04", "09")]
    hub = {
        "model": ["resnetv2_50", "resnetv2_50x1_bitm"],
        "in100_val": [0.9428, 0.939],
        "in100_average": [0.504, 0.538],
    }
    counts = {"cc12m": [90, 5, 5, 0], "incaps": [600, 500, 499, 99]}
    rows = [("imagenet", source, n, f"c{n}", count) for source, own in counts.items() for n, count in enumerate(own)]
    frequencies = pd.DataFrame(rows, columns=["concepts", "source", "index", "class", "count"])
    made = {"vlhub-models": pd.DataFrame(hub), "frequencies": frequencies}
    return {f"published/{name}": table for name, table in ({name: read(name) for name in names} | made).items()}


def test_what_was_typed_in_can_be_true() -> None:
    for number in (1, 2, 3):
        rows = read(f"indicators-tab-0{number}")
        assert ((rows["average"] > 0) & (rows["average"] < rows["val"]) & (rows["val"] < 100)).all()
    blends = read("indicators-tab-03")
    assert blends["row"].tolist() == list(range(1, 10)) and blends["val"].is_monotonic_decreasing
    assert (blends["size"] % 1000 == 0).all() and blends["share"].between(1, 100).all()
    assert (blends["left_skew"] >= 5).all() and (blends["long_tail_100"] <= blends["long_tail_500"]).all()
    # The 95 other classes: none is larger than the five largest, those below 500 hold less than that, the rest more.
    largest, rare = blends["left_skew"] / 100 * blends["size"] / 5, blends["long_tail_500"]
    others = blends["size"] - 5 * largest
    assert (others <= rare * 499 + (95 - rare) * largest).all()
    assert (others >= (95 - rare) * 500).all()


def test_cells_say_what_the_tables_say() -> None:
    cells = read("indicators-cells").set_index(["item", "cell"])["published"]
    assert cells.index.is_unique
    ends = {"val": "validation (%)", "average": "average robustness (%)"}
    models, blends = read("indicators-tab-01"), read("indicators-tab-03")
    for row in models.to_dict("records"):
        for column, end in ends.items():
            assert float(cells["Table 1", f"row {row['row']}, {row['model']}, {end}"]) == row[column]
    for row in read("indicators-tab-02").to_dict("records"):
        for column, end in ends.items():
            assert float(cells["Table 2", f"{row['source']}, {end}"]) == row[column]
    more = {"left_skew": "left-skew (%)", "long_tail_500": "long-tail@500 (%)", "long_tail_100": "long-tail@100 (%)"}
    for row in blends.to_dict("records"):
        for column, end in (ends | more).items():
            assert float(cells["Table 3", f"row {row['row']}, {row['source']} ({row['share']}%), {end}"]) == row[column]


def test_thirty_nine_percent_of_the_gain() -> None:
    blends = read("indicators-tab-03")
    assert paper.gain_share(blends, "val") == pytest.approx(100 * (73.4 - 67.7) / (82.2 - 67.7))
    assert round(paper.gain_share(blends, "val"), 1) == 39.3
    assert round(paper.gain_share(blends, "average"), 1) == 26.8
    with pytest.raises(PublishedError, match="has 2 rows of number 8"):
        paper.gain_share(pd.concat([blends, blends[blends["row"] == 8]]), "val")


def test_agreement_counts_pairs() -> None:
    found = paper.agreement([1, 2, 2, 4], [9, 7, 8, 7], larger_is_better=False)
    assert found == (pytest.approx(spearmanr([1, 2, 2, 4], [9, 7, 8, 7]).statistic), 4, 0, 2)
    assert paper.agreement([1, 2, 3], [1, 3, 2], larger_is_better=True)[1:] == (2, 1, 0)
    for wrong in (([1], [1]), ([1, 2], [1, 2, 3])):
        with pytest.raises(PublishedError, match="two rows or more of both"):
            paper.agreement(*wrong, larger_is_better=True)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=12))
def test_pairs_add_up_and_turn_with_the_direction(rows: list[tuple[int, int]]) -> None:
    x, y = (np.array(values) for values in zip(*rows, strict=True))
    if len(set(x)) == 1 or len(set(y)) == 1:
        return
    one, other = (paper.agreement(x, y, larger_is_better=better) for better in (True, False))
    assert one.agreeing + one.opposed + one.tied == len(rows) * (len(rows) - 1) // 2
    assert (one.agreeing, one.opposed, one.tied) == (other.opposed, other.agreeing, other.tied)


def test_long_tails_order_table_3_without_contradiction_and_with_ties(tables: dict[str, pd.DataFrame]) -> None:
    rows = tab_04_agreement.tabulate(tables, TABLE).set_index(["Indicator", "Outcome"])
    assert rows.loc[("Long-tail@500", "Validation")].tolist()[1:] == [25, 0, 11, 9]
    assert rows.loc[("Long-tail@500", "Average robustness")].tolist()[1:] == [22, 3, 11, 9]
    assert round(rows.loc[("Left-skew", "Validation"), "Spearman"], 2) == -0.49


def test_two_runs_of_one_recipe(tables: dict[str, pd.DataFrame]) -> None:
    rows = tab_05_two_runs.tabulate(tables, TABLE)
    assert rows["Indicators (%)"].tolist() == [85.3, 40.6, 67.7, 37.2]
    assert rows["JANuS (%)"].tolist() == pytest.approx([87.0, 42.4, 66.7, 36.7])
    assert rows["Difference (points)"].round(1).tolist() == [-1.7, -1.8, 1.0, 0.5]
    tables["published/janus-tab-09"] = tables["published/janus-tab-09"].query("model != 'oi100-int'")
    with pytest.raises(PublishedError, match="0 rows of oi100-int"):
        tab_05_two_runs.tabulate(tables, TABLE)


def test_published_numbers_have_their_verdicts(tables: dict[str, pd.DataFrame]) -> None:
    rows = tab_published.tabulate(tables, TABLE).set_index(["Item", "Cell"])
    assert rows["Verdict"].value_counts().to_dict() == {IMPOSSIBLE: 54, EQUAL: 15, DIFFERS: 5, ROUNDING: 1}
    share = rows.loc[("Section 4.2.2", "share of the accuracy gains due to classes of at least 100 samples (%)")]
    assert (share["Published"], round(share["Recomputed"], 3), share["Verdict"]) == ("39", 39.310, EQUAL)
    balanced = rows.loc[("Section 4.2.1", "left-skew of a balanced set (%)")]
    assert (balanced["Recomputed"], balanced["Verdict"]) == (pytest.approx(5), EQUAL)
    kept = rows.loc[("Table 3", "row 3, oi100 (71%), left-skew (%)")]
    assert (kept["Recomputed"], kept["Verdict"]) == (pytest.approx(64 * 135 / 190), EQUAL)
    assert rows.loc[("Table 1", "row 1, resnetv2_50x1_bit, size (million images)"), "Verdict"] == EQUAL
    assert round(rows.loc[("Table 1", "row 3, resnetv2_50, average robustness (%)"), "Difference"], 1) == -1.8
    assert rows.loc[rows["Verdict"].isin([IMPOSSIBLE, DIFFERS]), "Reason"].ne("").all()


def test_findings_hold_the_numbers_they_speak_of(tables: dict[str, pd.DataFrame]) -> None:
    rows = tab_findings.tabulate(tables, TABLE).set_index("Finding")["Measured"].dropna().round(2)
    assert rows.to_dict() == {
        "gain-share": 26.76, "rank-order": -0.91, "slightly": 14.5, "truncation": -9.5, "run-to-run": 1.8,
        "openimages-better": 3.4, "vlhub-rows": 5.2, "imagenet-twice": -4.9, "class-counts": 45.47, "sizes": 136_175,
    }  # fmt: skip
    findings = tables["published/indicators-findings"]
    assert findings.notna().all(axis=None)
    tables["published/indicators-findings"] = findings[findings["finding"] != "slightly"]
    with pytest.raises(PublishedError, match="no finding slightly in indicators-findings; add its row"):
        tab_findings.tabulate(tables, TABLE)


def test_tables_show_what_follows_from_the_numbers(tables: dict[str, pd.DataFrame]) -> None:
    first = tab_01_label_sets.tabulate(tables, TABLE)
    assert round(first["Robustness / validation (%)"].iloc[0], 1) == 61.6
    second = tab_02_other_classes.tabulate(tables, TABLE).set_index("Further classes from")
    assert second["Robustness gain (points)"].round(1).to_dict() == {
        "OpenImages": 3.4,
        "ImageNet": 0,
        "FractalDB": -6.6,
    }
    third = tab_03_imbalance.tabulate(tables, TABLE).set_index("Row")
    assert third.loc[[3, 8], "In the five largest classes"].tolist() == [86_000, 86_000]
    assert third.loc[[3, 8], "Of the source"].tolist() == [135_000, 135_000]


def test_frequencies_have_indicators(tables: dict[str, pd.DataFrame]) -> None:
    published = tables["published/frequencies"]
    own = published[published["source"] == "cc12m"].assign(source="web", concepts="pets")
    given = {"published/frequencies": published, "records/concepts-web": own}
    found = tab_06_frequencies.tabulate(given, TABLE)
    assert found["Concepts"].tolist() == ["imagenet", "imagenet", "pets"]
    rows = found.set_index("Source")
    assert rows.loc["cc12m", ["Classes", "Matches", "Left-skew (%)"]].tolist() == [4, 100, 90]
    assert rows.loc["incaps", ["Long-tail@500 (%)", "Long-tail@100 (%)"]].tolist() == [50, 25]
    assert rows.loc["web", "Left-skew (%)"] == 90
    with pytest.raises(PublishedError, match=r"options.sources: the frequencies have no 'cc12'.*did you mean 'cc12m'"):
        tab_06_frequencies.tabulate(given, Table("A", {}, {"sources": ["cc12"], "concepts": ["imagenet"]}))
    with pytest.raises(PublishedError, match=r"options.concepts: the frequencies have no 'cub'"):
        tab_06_frequencies.tabulate(given, Table("A", {}, {"concepts": ["cub"]}))


@pytest.mark.parametrize("name", list(DECLARED["tables"]))
def test_table_scripts_get_along_with_what_the_config_gives(name: str, tables: dict[str, pd.DataFrame]) -> None:
    spec = DECLARED["tables"][name]
    script = importlib.import_module(f"workflow.scripts.papers.{spec['script'].replace('/', '.')}")
    options = {**spec.get("options", {}), **({"sources": ["cc12m"]} if name == "tab-frequencies" else {})}
    given, table = {name: tables[name] for name in spec["tables"]}, Table(spec["title"], {}, options)
    assert to_markdown(script.tabulate(given, table), table) == to_markdown(script.tabulate(given, table), table)
    with pytest.raises(PublishedError, match="'colour' unknown"):
        script.tabulate(given, Table("A", {}, {"colour": 1}))
    for left_out in given if len(given) > 1 else ():
        with pytest.raises(PublishedError, match=f"list {left_out} among its `tables`"):
            script.tabulate({name: own for name, own in given.items() if name != left_out}, table)


def test_figure_scripts_get_along_with_what_the_config_gives(tables: dict[str, pd.DataFrame]) -> None:
    for name, script in {"fig-01": fig_01_scaling, "fig-02": fig_02_imbalance}.items():
        spec = DECLARED["figures"][name]
        assert spec["script"] == f"indicators/{script.__name__.split('.')[-1]}"
        given = {name: tables[name] for name in spec["tables"]}
        assert len(script.draw(given, PlainFigure(spec["title"])).points)
        with pytest.raises(PublishedError, match="'colour' unknown"):
            script.draw(given, PlainFigure("A", {}, {"colour": 1}))


def test_figure_1_draws_every_row_of_the_tables(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    drawing = fig_01_scaling.draw(tables, PlainFigure("Figure 1"))
    points = drawing.points
    assert points["series"].value_counts().to_dict() == {"blends": 9, "pretrained": 7, "vertical": 5, "further": 3}
    grown = points[points["series"] == "vertical"]
    assert grown["label"].tolist() == ["1x", "2x", "4x", "10x", "20x"]
    assert grown["y"].tolist() == pytest.approx([42.4, 51.1, 57.0, 65.5, 70.2])
    assert grown["images_millions"].tolist() == pytest.approx([0.12, 0.24, 0.48, 1.2, 2.4])
    named = points[points["series"] == "pretrained"]
    assert named["label"].tolist() == ["21.8k → 1k", "1k → 12k", "1k", "21.8k", "21.8k", "21.8k", "21.8k"]
    assert fig_01_scaling.area(4) == 2 * fig_01_scaling.area(1)
    one, two = (
        save(fig_01_scaling.draw(tables, PlainFigure("Figure 1")), tmp_path / name, ("svg", "csv")) for name in "ab"
    )
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_figure_2_draws_every_row_against_every_indicator(tables: dict[str, pd.DataFrame]) -> None:
    drawing = fig_02_imbalance.draw(tables, PlainFigure("Figure 2"))
    assert drawing.points.groupby(["panel", "outcome"]).size().tolist() == [9] * 6
    titles = [axes.get_title() for axes in drawing.figure.axes]
    assert titles[:2] == ["(a) Rank correlation −0.49", "(b) Rank correlation −0.91"]


def test_near_markers_share_a_label() -> None:
    x, y, names = pd.Series([0, 0, 0, 5.0]), pd.Series([3, 3.4, 9, 3.2]), pd.Series([1, 2, 3, 4])
    assert fig_02_imbalance.labels(x, y, names, (1, 0.5)) == [
        (0, 9, "3"),
        (0, pytest.approx(3.2), "2, 1"),
        (5, 3.2, "4"),
    ]


def test_released_sizes_of_the_validation_set_are_far_from_64_percent() -> None:
    path = MIRROR / place(SIZES)
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    counts = [int(line.rsplit(":", 1)[1]) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (len(counts), sum(counts), counts.count(0)) == (100, 2514, 4)
    assert round(100 * left_skew(counts), 1) == 17.8


def test_vl_hub_has_the_rows_that_table_1_is_compared_with() -> None:
    path = MIRROR / place(VLHUB)
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    rows = read_models(path).set_index("model")
    found = rows.loc[list(tab_published.VL_HUB.values()), ["in100_val", "in100_average"]]
    assert found.to_numpy().tolist() == [[0.939, 0.538], [0.9428, 0.504]]
