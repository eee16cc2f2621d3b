"""The Imbalance paper's figures and tables: what they draw and tell of small tables, and which options they refuse."""

import importlib
import string
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from datalines.plotting import Drawing, PlainFigure, save
from datalines.plotting.ranks import three_digits, tick
from datalines.published.imbalance import TRANSFER, gaps
from datalines.published.ranked import SOURCES, class_counts, joined, smoothed, spearman
from datalines.published.reading import PublishedError
from datalines.tables import Table, save_table

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = REPOSITORY / "workflow" / "scripts" / "papers" / "imbalance"
CLASSES = [f"class {place}" for place in range(60)]
VARIANTS = ["incaps", "laionet-match-incap", "laionet-thresh0.7", "laionet-thresh0.7-n448896"]
FRACTIONS = ["laionet-thresh0.7-frac0.5", "laionet-thresh0.7-frac0.25"]
FEW = {"sources": {"laionet-thresh0.7": "100 %", FRACTIONS[0]: "50 %", FRACTIONS[1]: "25 %"}}
CASES: dict[str, dict[str, Any]] = {
    "fig_01a_class_frequencies": {},
    "fig_02_distributions": {},
    "fig_04a_laionet_variants": {"sources": {"incaps": "Captions", "laionet-match-incap": "LAIONet (=freq)"}},
    "fig_10_dino_transfer": {},
    "fig_13_correlations": {"concepts": ["imagenet", "cub", "pets"]},
    "fig_16_laionet_fractions": FEW,
    "fig_21_zoom": {},
}
PROBES = "published/imbalance-tab-02"


def frequencies() -> pd.DataFrame:
    """Falling counts of every source with some spread; the last class has no match in any."""
    draws = np.random.default_rng(7)
    parts = []
    for concepts, number, sources in (("imagenet", 60, [*SOURCES, *VARIANTS, *FRACTIONS]), ("cub", 20, SOURCES),
                                      ("pets", 10, SOURCES)):  # fmt: skip
        for source in sources:
            counts = (1e5 * np.exp(-0.15 * np.arange(number)) * draws.lognormal(0, 0.5, number)).astype(int)
            counts[-1] = 0
            order = np.arange(number) if concepts == "imagenet" else draws.permutation(number)
            index = order.astype(float) if concepts == "imagenet" else np.full(number, np.nan)
            parts.append(pd.DataFrame({"concepts": concepts, "source": source, "index": index,
                                       "class": np.array(CLASSES)[order], "count": counts[order]}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def transcribed(name: str) -> pd.DataFrame:
    return pd.read_csv(REPOSITORY / "config" / "transcribed" / f"imbalance-{name}.csv", dtype={"published": str})


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return frequencies()


def script(name: str) -> Any:
    return importlib.import_module(f"workflow.scripts.papers.imbalance.{name}")


def draw(name: str, rows: pd.DataFrame, **options: Any) -> Drawing:
    tables = {PROBES: transcribed("tab-02")} if name == "fig_10_dino_transfer" else {"published/frequencies": rows}
    return script(name).draw(tables, PlainFigure("Figure", {}, {**CASES[name], **options}))


def tabulate(name: str, tables: dict[str, pd.DataFrame], **options: Any) -> pd.DataFrame:
    given = {"pools": None, "notes": ["a note"], **options}
    return script(name).tabulate(tables, Table("Table", {}, given))


@pytest.mark.parametrize("name", ["fig_01a_class_frequencies", "fig_10_dino_transfer", "fig_13_correlations"])
def test_files_of_a_figure_are_equal_on_the_second_run(name: str, rows: pd.DataFrame, tmp_path: Path) -> None:
    first, second = (save(draw(name, rows), tmp_path / stem) for stem in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.suffix


@pytest.mark.parametrize("name", CASES)
def test_an_unknown_option_is_refused(name: str, rows: pd.DataFrame) -> None:
    with pytest.raises(PublishedError, match=r"'Figure', options: 'smooth' unknown"):
        draw(name, rows, smooth=3)


def test_bold_curves_are_smoothed_but_that_of_the_ranking_set(rows: pd.DataFrame) -> None:
    drawing = draw("fig_01a_class_frequencies", rows)
    points = drawing.points.set_index(["layer", "source"])
    counts = class_counts(rows, "imagenet", list(SOURCES)).sort_values("laion400m", ascending=False)
    assert points.loc[("curve", "laion400m"), "count"].tolist() == counts["laion400m"].tolist()
    assert ("raw", "laion400m") not in points.index
    assert points.loc[("raw", "cc12m"), "count"].tolist() == counts["cc12m"].tolist()
    assert points.loc[("curve", "cc12m"), "count"].to_numpy() == pytest.approx(smoothed(counts["cc12m"], 3))
    assert points.loc[("curve", "cc12m"), "class"].tolist() == counts.index.tolist()
    lines = drawing.figure.axes[2].lines
    assert np.isnan(lines[0].get_ydata()[-1])  # the class without a match is a gap on a logarithmic axis
    told = ", ".join(f"{SOURCES[source]} 1" for panel in script("fig_01a_class_frequencies").DEFAULTS["panels"]
                     for source in panel)  # fmt: skip
    assert drawing.notes == [f"Classes that no caption names: {told}."]


def test_own_pools_stand_beside_published_sets(rows: pd.DataFrame) -> None:
    own = rows[rows["source"] == "cc12m"].assign(source="mine")
    figure = PlainFigure("Figure", {"mine": "My pool"}, {"by": "mine", "panels": [["mine", "laion2b"]]})
    tables = {"published/frequencies": rows, "records/concepts-mine": own}
    drawing = script("fig_01a_class_frequencies").draw(tables, figure)
    assert set(drawing.points["label"]) == {"My pool", "LAION-2B"}
    assert drawing.figure.axes[0].get_xlabel().endswith("by their frequency in My pool")


def test_panels_of_two_sets_tell_images_classes_and_the_share_of_the_top(rows: pd.DataFrame) -> None:
    drawing = draw("fig_02_distributions", rows)
    counts = np.sort(class_counts(rows, "imagenet", ["incaps"])["incaps"])[::-1]
    share = 100 * counts[:3].sum() / counts.sum()
    assert drawing.figure.axes[0].texts[0].get_text().split("\n") == [
        f"{counts.sum():,} images", "59 of 60 classes", f"{share:.1f} % in the top 3",
    ]  # fmt: skip
    assert drawing.points["count"].iloc[:60].tolist() == counts.tolist()


def test_variants_are_ranked_by_themselves_and_fractions_by_the_whole(rows: pd.DataFrame) -> None:
    own = draw("fig_04a_laionet_variants", rows).points
    assert all(part["count"].is_monotonic_decreasing for _, part in own.groupby("source"))
    fractions = draw("fig_16_laionet_fractions", rows).points
    order = class_counts(rows, "imagenet", ["laionet-thresh0.7"]).sort_values("laionet-thresh0.7", ascending=False)
    for _, part in fractions.groupby(["layer", "source"]):
        assert part["class"].tolist() == order.index.tolist()


def test_rows_of_the_zoom_hold_all_ranks_once(rows: pd.DataFrame) -> None:
    points = draw("fig_21_zoom", rows).points
    for source, part in points.groupby("source"):
        assert part["rank"].tolist() == list(range(1, 61)), source
    first = points[points["panel"] == "2-2"]
    assert (first["rank"].min(), first["rank"].max(), set(first["source"])) == (13, 24, {"metaclip-400m", "laion400m"})


def test_matrices_are_drawn_as_their_lower_triangles(rows: pd.DataFrame) -> None:
    drawing = draw("fig_13_correlations", rows)
    assert [axes.get_title() for axes in drawing.figure.axes[:3]] == [
        "ImageNet (n = 60)", "CUB (n = 20)", "Oxford Pets (n = 10)",
    ]  # fmt: skip
    assert len(drawing.points) == 3 * 21
    found = drawing.points[drawing.points["panel"] == "cub"].set_index(["row", "column"])["rho"]
    known = spearman(class_counts(joined([rows]), "cub", list(SOURCES)))
    assert found["laion2b", "yfcc15m"] == known.loc["laion2b", "yfcc15m"]
    texts = [text.get_text() for text in drawing.figure.axes[1].texts]
    assert texts[0] == "1" and texts[1] == f"{known.iloc[1, 0]:.2f}".replace("0.", ".")
    assert drawing.notes[0].startswith("ImageNet, classes without a match: CC-12M 1, YFCC-15M 1")


def test_differences_of_transfer_are_to_the_model_trained_on_imagenet() -> None:
    found = gaps(transcribed("tab-02"))
    assert all(list(part.index) == list(TRANSFER) for part in found.values())
    assert found["vanilla", 65536]["birdsnap"] == pytest.approx(24.6 - 37.1)
    assert found["sampled", 16384]["aircraft"] == pytest.approx(32.2 - 27.0)
    assert (found["vanilla", 65536] > 0).sum() == 1
    legend = draw("fig_10_dino_transfer", pd.DataFrame()).figure.legends[0]
    assert legend.get_texts()[1].get_text() == "Vanilla DINO, 65,536 (mean \N{MINUS SIGN}4.1)"


def test_counts_as_text() -> None:
    assert [three_digits(value) for value in (93_654_164, 4_004_439, 448_896, 999_960, 12)] == [
        "93.7M", "4.00M", "449k", "1.00M", "12",
    ]  # fmt: skip
    assert [tick(value) for value in (1e7, 2500, 1, 0, 3e9, 500, 40_000)] == [
        "10M",
        "2.5k",
        "1",
        "0",
        "3B",
        "500",
        "40k",
    ]


def test_rare_classes_stand_by_frequency(rows: pd.DataFrame) -> None:
    printed = pd.DataFrame({"place": [1, 2, 3], "frequency": [9, 0, 0], "accuracy": [46, 30, 10],
                            "name": [None, "class 3", None]})  # fmt: skip
    made = rows.copy()
    own = (made["source"] == "yfcc15m") & (made["concepts"] == "imagenet")
    made.loc[own, "count"] = [9, 10, 9, 0, *[50] * 56]
    found = tabulate("tab_01_rare_classes", {"published/frequencies": made, "published/imbalance-tab-01": printed})
    assert found.to_numpy().tolist() == [
        [9, 2, 1, "class 0, class 2", "46", 46.0],
        [0, 1, 2, "class 3", "class 3 30, 10", 20.0],
    ]


def test_means_of_the_probes_stand_beside_the_printed_ones() -> None:
    found = tabulate("tab_02_dino_transfer", {PROBES: transcribed("tab-02")})
    assert found["Mean"].round(1).tolist() == found["Published mean"].tolist()
    assert found.loc[0, ["Data", "Prototypes in use", "Birdsnap"]].tolist() == ["ImageNet", 65536, 37.1]


def test_sums_of_chosen_concept_sets(rows: pd.DataFrame, tmp_path: Path) -> None:
    found = tabulate("tab_totals", {"published/frequencies": rows}, concepts=["pets", "cub"])
    assert found["Concepts"].tolist() == ["Oxford Pets"] * 6 + ["CUB"] * 6
    assert found["Classes without"].eq(1).all()
    assert len(save_table(found, Table("Table"), tmp_path / "t")) == 3
    assert len(tabulate("tab_totals", {"published/frequencies": rows})) == 24


@pytest.mark.parametrize("name", ["tab_01_rare_classes", "tab_published", "tab_findings", "fig_10_dino_transfer"])
def test_a_table_that_is_not_named_is_asked_for(name: str, rows: pd.DataFrame) -> None:
    module, tables = script(name), {"published/frequencies": rows}
    with pytest.raises(PublishedError, match=r"list published/imbalance-[a-z0-9-]+ among its `tables`"):
        if name.startswith("fig"):
            module.draw(tables, PlainFigure("Figure"))
        else:
            module.tabulate(tables, Table("Table"))


def test_transcribed_tables_have_no_row_twice_and_no_empty_key() -> None:
    for name, key in (("cells", ["item", "cell"]), ("findings", ["finding"]), ("tab-01", ["place"]),
                      ("tab-02", ["method", "data", "vocabulary"])):  # fmt: skip
        table = transcribed(name)
        assert not table.duplicated(key).any() and table[key].notna().to_numpy().all(), name
    findings = transcribed("findings")
    assert findings.notna().to_numpy().all()


def test_every_script_is_in_the_config_and_names_its_tables() -> None:
    paper = yaml.safe_load((REPOSITORY / "config" / "papers" / "imbalance.yaml").read_text())["papers"]["imbalance"]
    parts = [*paper["tables"].values(), *paper["figures"].values()]
    assert sorted(part["script"].split("/")[1] for part in parts) == sorted(path.stem for path in SCRIPTS.glob("*.py"))
    assert {table for part in parts for table in part["tables"]} == {
        "published/frequencies", *(f"published/imbalance-{name}" for name in ("cells", "findings", "tab-01", "tab-02")),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(path.stem for path in SCRIPTS.glob("*.py")))
def test_captions_name_the_paper_and_hold_the_scale_alone(name: str) -> None:
    text = script(name).__doc__ or ""
    assert {field for _, field, _, _ in string.Formatter().parse(text) if field is not None} == {"scale"}
    assert "paper" in text and len(text.split()) > 25
    if name.startswith("fig"):
        number = name.split("_")[1].lstrip("0")
        assert f"paper's Figure {number}" in " ".join(text.split())
