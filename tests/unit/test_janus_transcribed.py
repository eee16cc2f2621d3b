"""Tables typed in from JANuS: whole, consistent with themselves and each other, and what is computed from them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datalines.published import janus, januscells, janusfindings
from datalines.published.reading import PublishedError
from tests.unit.janus_files import ROWS, TRANSCRIBED, tables, transcribed

ROOT = Path(__file__).parents[2]
PAPER = ROOT.parent / "shared" / "papers" / "janus-data-budget.txt"
INDICES = ROOT.parent / (
    "shared/mirror/raw.githubusercontent.com/penfever/vlhub/fe468a444dcf215d0b647924aa518f777f792759/metadata"
)
PRINTED = {
    "04": ["rn50_val", "rn50_average", "vit_val", "vit_average"],
    "05": ["val", "v2", "sketch", "r", "a", "average"],
    "06": ["val", "v2", "sketch", "r", "a", "average", "err"],
    "08": ["good", "total", "available", "share_good"],
    "09": ["val", "v2", "sketch", "r", "a", "average", "err", "label_accuracy", "utilisation"],
}


@pytest.fixture(scope="module")
def nine() -> pd.DataFrame:
    return transcribed("tab-09")


@pytest.mark.parametrize("number", ROWS)
def test_every_row_is_there_once(number: str) -> None:
    rows = transcribed(f"tab-{number}")
    assert len(rows) == ROWS[number]
    assert rows.iloc[:, 0].is_unique and rows.iloc[:, 0].notna().all()


@pytest.mark.parametrize("number", PRINTED)
def test_every_row_of_numbers_stands_in_the_paper(number: str) -> None:
    if not PAPER.is_file():
        pytest.skip(f"{PAPER} is not here: the paper's text is not part of the repository")
    lines = PAPER.read_text(encoding="utf-8").splitlines()
    texts = pd.read_csv(TRANSCRIBED / f"janus-tab-{number}.csv", dtype=str, keep_default_na=False)
    for row in texts.to_dict("records"):
        cells = "\t".join(row[name] for name in PRINTED[number])
        first = str(row[texts.columns[0]])
        assert [line for line in lines if line.startswith(f"{first}\t") and line.endswith(f"\t{cells}")], (first, cells)


@pytest.mark.parametrize("number", ["05", "06", "09"])
def test_averages_are_means_of_the_four_shifts_and_ratios_follow(number: str) -> None:
    rows = transcribed(f"tab-{number}")
    assert (janus.averages(rows) - rows["average"]).abs().max() <= 0.001
    for row in rows.to_dict("records") if "err" in rows else []:
        low, high = janus.ratio_range(row)
        assert low - 0.0005 <= row["err"] <= high + 0.0005, row


def test_table_nine_is_parsed_as_its_names_say(nine: pd.DataFrame) -> None:
    assert nine["budget"].value_counts().to_dict() == {1: 28, 10: 8, 2: 5, 4: 3, 0.125: 2, 20: 2}
    assert nine["balance"].value_counts().to_dict() == {"balanced": 20, "imbalanced": 8}
    assert nine["loss"].value_counts().to_dict() == {"ce": 33, "vl": 15}
    networks = {"RN50": 36, "ViT-S-16": 5, "RN50x4": 3, "RN26": 2}
    assert nine["network"].value_counts().to_dict() == networks | {"DeiT-S-16": 1, "GCViT-S-16": 1}
    rows = nine.set_index("model")
    assert (rows["loss"] == "vl").equals(pd.Series(["-VL" in name for name in rows.index], index=rows.index))
    anchors = {"in100-int": (0.87, 0.424, 0.487), "oi100-int-classbal": (0.812, 0.423, 0.520),
               "JANuS+yfcc-2.4m-int-cliplabels": (0.927, 0.702, 0.757)}  # fmt: skip
    for name, (val, average, err) in anchors.items():
        assert (rows.loc[name, "val"], rows.loc[name, "average"], rows.loc[name, "err"]) == (val, average, err)
    assert rows.loc["in100-int-sbm-ttd", "labels"] == "sbm-ttd"
    assert rows.loc["JANuS-int-384-res", "variant"] == "384-res"


def test_tables_four_and_five_repeat_rows_of_table_nine(nine: pd.DataFrame) -> None:
    five = transcribed("tab-05")
    same = janus.named_rows(nine, ["in100-int-ViT-S-16", "in100-int-DeiT-S-16", "in100-int-GCViT-S-16"])
    columns = PRINTED["05"]
    assert five[columns].equals(same[columns])
    four = janus.table_4(tables())
    trained = four[four["rn50_source"].str.startswith(("in100", "JANuS"))]
    assert len(trained) == 5
    for network in janus.NETWORKS:
        assert trained[f"{network}_val_here"].equals(trained[f"{network}_val"])
        assert (trained[f"{network}_average_here"] - trained[f"{network}_average"]).abs().max() <= 0.001
    others = four.set_index("data")
    assert others.loc["IN21k+IN1k", "rn50_average_here"] == pytest.approx(0.55)
    assert others.loc["IN1k", "vit_average_here"] == pytest.approx(0.45)
    assert np.isnan(others.loc["IN1k+IN100", "rn50_val_here"]) and others.loc["IN1k+IN100", "vit_source"] == ""


def test_shares_of_good_samples_are_good_over_total() -> None:
    rows = transcribed("tab-08")
    assert (rows["good"] / rows["total"] - rows["share_good"]).abs().max() <= 0.005 + 1e-9
    assert (rows["good"] <= rows["total"]).all() and (rows["total"] <= rows["available"]).all()
    assert rows["good"].sum() == 54_273


def test_classes_agree_with_the_class_lists() -> None:
    rows = transcribed("classes")
    lists = {name: (ROOT / "config/classes" / f"{name}.txt").read_text().split()
             for name in ("imagenet", "imagenet-r", "imagenet-a")}  # fmt: skip
    assert [lists["imagenet"][index] for index in rows["index"]] == rows["wnid"].tolist()
    for column, name in (("in_r", "imagenet-r"), ("in_a", "imagenet-a")):
        assert rows[column].eq("yes").tolist() == rows["wnid"].isin(lists[name]).tolist()
    sets = dict(list(rows.groupby("label_set")))
    assert {name: (len(part), part["index"].is_unique) for name, part in sets.items()} == {
        "in100": (100, True),
        "dogs": (100, True),
    }
    assert sets["dogs"]["index"].tolist() == list(range(151, 251))


def test_classes_are_those_of_the_released_list() -> None:
    path = INDICES / "in100_true_idx.txt"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    released = sorted(int(text) for text in path.read_text().strip().strip("[]").split(","))
    rows = transcribed("classes")
    assert rows.loc[rows["label_set"] == "in100", "index"].tolist() == released


def model(**columns: Any) -> pd.DataFrame:
    shifts = {"v2": 0.8, "sketch": 0.4, "r": 0.3, "a": 0.1}
    return pd.DataFrame([{"model": "m", "val": 0.8, **shifts, **columns}])


def test_measures_of_a_row() -> None:
    rows = model()
    assert janus.averages(rows).tolist() == pytest.approx([0.4])
    assert janus.ratios(rows).tolist() == pytest.approx([0.5])
    spread = (0.8 * 0.2 / 1_000 + 0.4 * 0.6 / 5_083 + 0.3 * 0.7 / 6_306 + 0.1 * 0.9 / 1_601) ** 0.5 / 4
    assert janus.half_widths(rows).tolist() == pytest.approx([1.959964 * spread], rel=1e-6)
    held = janus.with_intervals(rows).iloc[0]
    assert (held["average_high"] - held["average_low"]) / 2 == pytest.approx(1.959964 * spread, rel=1e-6)
    assert held["val_low"] < 0.8 < held["val_high"]
    assert janus.averages(model(a=np.nan)).isna().all()
    assert janus.ratio_range(rows.iloc[0].to_dict()) == pytest.approx((0.3995 / 0.8005, 0.4005 / 0.7995))


def test_budgets_are_written_as_in_the_paper() -> None:
    assert [janus.budget_name(budget) for budget in janus.CE] == ["1/8x", "1x", "2x", "4x", "10x", "20x"]


def test_ladders_follow_the_budgets(nine: pd.DataFrame) -> None:
    held = janus.ladder(nine, janus.CE)
    assert held["model"].tolist() == list(janus.CE.values())
    assert held["budget"].tolist() == list(janus.CE)
    assert held["average"].tolist() == pytest.approx([0.22925, 0.42375, 0.5115, 0.5695, 0.6555, 0.7015])
    assert janus.ladder(nine, janus.CE, "RN26")["budget"].tolist() == [1, 2]
    assert janus.ladder(nine, janus.CE, "ViT-S-16")["budget"].tolist() == [1, 2, 4, 10, 20]
    with pytest.raises(PublishedError, match="no model of network 'RN-26'"):
        janus.ladder(nine, janus.CE, "RN-26")
    with pytest.raises(PublishedError, match=r"janus-tab-09: there is no model 'JANuS-int'; did you mean 'JANuS-in"):
        janus.ladder(nine[nine["model"] != "JANuS-int"], janus.CE)


def test_two_readings_of_label_accuracy(nine: pd.DataFrame) -> None:
    found = janus.label_readings(nine).set_index("model")
    assert len(found) == 13
    assert found.loc["in100-int-sbm-ttd", "correct"] == pytest.approx(0.89 * 0.72)
    assert found.loc["in100-int-sbm-ttd", "labelled_if_correct"] == pytest.approx(0.72 / 0.89)
    assert found.index[found["labelled_if_correct"] > 1].tolist() == [
        "in100-int-cliplabel", "in100-int-size-sbm-ttd", "oi100-int-cliplabel"
    ]  # fmt: skip


def test_cells_of_trained_models() -> None:
    found = januscells.table_4_cells(tables()) | januscells.text(tables())
    found |= januscells.own_columns("Table 9", transcribed("tab-09"), "model")
    assert found["Table 4", "JANuS, RN50, average"] == pytest.approx(0.6555)
    assert found["Table 4", "IN1k, ViT-S-16, validation"] == 0.9
    assert ("Table 4", "IN1k+IN100, RN50, average") not in found
    assert found["Table 9", "in100-VL-classname-only, effective robustness ratio"] == pytest.approx(0.519068)
    assert found["Section 6, Q1", "20x scaling, robustness"] == pytest.approx(0.7015)
    assert found["Section 5.1, Q4", "parameters of ViT-S-16 in those of ResNet-50, about (%)"] == pytest.approx(105)
    assert found["Section 4.3", "available samples, fewest"] == 183
    cells = transcribed("cells")
    assert set(found) <= set(zip(cells["item"], cells["cell"], strict=True))


def test_findings_are_told_once_and_whole() -> None:
    rows = transcribed("findings")
    assert list(rows) == ["finding", "where", "says", "evidence", "done"]
    assert rows["finding"].is_unique and rows.notna().all(axis=None)
    assert set(janusfindings.MEASURES) <= set(rows["finding"])
