"""Every figure script of the paper draws any study's records: pools named photo and art instead of the paper's."""

import importlib
import string
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from datalines.errors import DatalinesError
from datalines.plotting import POINT_COLUMNS, Drawing, Figure, save
from datalines.robustness.families import fit_families
from tests.unit.synthetic import TITLES, experiment, records

SHARES = {"photo": 1, "photo-most": 0.75, "photo-art": 0.5, "art": 0}
THREE = ["photo", "art", "photo-art"]
SWEEP: dict[str, Any] = {"shares": SHARES, "ensembles": []}
OUTPUTS: dict[str, Any] = {"mixture": "photo-art", "families": THREE}
PLAIN: dict[str, Any] = {"mixture": "photo-art"}
CASES: dict[str, dict[str, Any]] = {
    "fig_02_sources": {},
    "fig_03_equal_mixture": PLAIN | {"families": THREE},
    "fig_04_ratio_sweep": SWEEP,
    "fig_05_ensembles": OUTPUTS,
    "fig_06_three_sources": OUTPUTS,
    "fig_18_equal_mixture_all": PLAIN | {"families": THREE},
    "fig_19_ratio_sweep_all": SWEEP,
    "fig_20_redcaps_sweep": SWEEP,
    "fig_21_six_sources": PLAIN,
    "fig_23_ensembles_all": OUTPUTS,
    "fig_24_three_sources_all": OUTPUTS,
    "fig_25_with_shutterstock": OUTPUTS,
    "fig_26_with_redcaps": OUTPUTS,
    "fig_27_six_together": OUTPUTS,
}
OTHERS = ["fig_17_data_efficiency", "fig_22_unimodal_mixtures", "fig_28_unimodal_ensembles"]
FIELDS = {"reference", "scale", "points", "seeds"}


def script(name: str) -> ModuleType:
    return importlib.import_module(f"workflow.scripts.papers.qnq.{name}")


def draw(name: str, **options: Any) -> Drawing:
    rows = records(ensembles=True)
    fits = fit_families(rows, experiment(ensembles=True, resample="points"))
    given = {"resample": "points", **CASES[name], **options}
    spec = Figure("Toy", ["sketch", "renditions"], "reference", "probit", None, TITLES, given)
    return script(name).draw(rows, fits, spec)


@pytest.mark.parametrize("name", CASES)
def test_every_plotted_point_is_in_the_table(name: str) -> None:
    drawing = draw(name)
    table = drawing.points
    assert list(table) == POINT_COLUMNS
    listed = {(round(x, 6), round(y, 6)) for x, y in table[["x", "y"]].to_numpy(dtype=float)}
    panels = drawing.figure.axes[:2]
    drawn = [
        (round(float(x), 6), round(float(y), 6))
        for axes in panels
        for line in axes.lines
        if not _is_bars(line)
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
        if x == x
    ]
    assert len(drawn) > 100 and set(drawn) <= listed
    assert {axes.get_title() for axes in panels} == {"Sketch", "Renditions"}
    models = table[table["layer"] == "point"]
    expected = 8 * len(CASES[name].get("families", SHARES)) + (4 if "ensembles" not in CASES[name] else 0)
    assert models.groupby("panel").size().tolist() == [expected, expected]


def _is_bars(line: Any) -> bool:
    """Crosses of intervals are one path with gaps, half a point wide; their ends are in the table's columns."""
    return line.get_linewidth() == 0.5 and pd.isna(line.get_ydata()).any()


@pytest.mark.parametrize("name", CASES)
def test_bars_end_at_the_intervals_of_the_table(name: str) -> None:
    drawing = draw(name)
    points = drawing.points[drawing.points["layer"] == "point"]
    ends = set(points[["x_low", "x_high", "x"]].round(6).to_numpy(dtype=float).ravel().tolist())
    bars = [line for axes in drawing.figure.axes[:2] for line in axes.lines if _is_bars(line)]
    assert len(bars) == points.groupby(["panel", "family"]).ngroups
    assert {round(float(x), 6) for bar in bars for x in bar.get_xdata() if x == x} == ends


@pytest.mark.parametrize("name", ["fig_02_sources", "fig_04_ratio_sweep", "fig_05_ensembles"])
def test_saved_bytes_are_equal_on_the_second_save(name: str, tmp_path: Path) -> None:
    drawing = draw(name)
    first, second = (save(drawing, tmp_path / stem) for stem in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.suffix
    assert len(pd.read_csv(first[3])) == len(drawing.points)


@pytest.mark.parametrize("name", [*CASES, *OTHERS, "tab_01_sources", "tab_06_ensemble_predictions"])
def test_captions_hold_known_fields_only(name: str) -> None:
    text = script(name).__doc__ or ""
    fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    assert fields <= (FIELDS if name.startswith("fig") else {"scale"})
    assert "paper" in text and len(text.split()) > 60


@pytest.mark.parametrize("name", [*CASES, *OTHERS])
def test_captions_say_which_figure_of_the_paper_they_rebuild(name: str) -> None:
    text = " ".join((script(name).__doc__ or "").split())
    assert f"paper's Figure {int(name.split('_')[1])} " in text
    assert "does not state" in text or "states neither" in text  # grids that the paper leaves open
    assert {"{seeds}", "{scale}"} <= {word.strip("():;,.") for word in text.split()}


def test_no_two_figures_share_a_caption() -> None:
    texts = [script(name).__doc__ for name in [*CASES, *OTHERS]]
    assert len(set(texts)) == len(texts)


def test_the_slope_panel_follows_the_shares() -> None:
    drawing = draw("fig_04_ratio_sweep")
    slopes = drawing.points[drawing.points["layer"] == "slope"]
    sketch = slopes[slopes["panel"] == "sketch"].sort_values("x")
    assert sketch["x"].tolist() == [0, 50, 75, 100]
    assert sketch["y"].is_monotonic_decreasing  # the first source has the flatter line
    assert (sketch["y_low"] <= sketch["y"]).all() and (sketch["y"] <= sketch["y_high"]).all()
    assert drawing.figure.axes[2].get_xlabel() == "Share of Photo (%)"
    legend = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert legend[-3:] == ["slope on Sketch", "slope on Renditions", "y = x"]
    with pytest.raises(DatalinesError, match=r"options.shares: state the share of art"):
        draw("fig_04_ratio_sweep", shares={slug: share for slug, share in SHARES.items() if slug != "art"})


def test_wide_intervals_of_slopes_do_not_dwarf_the_slopes() -> None:
    rows = records()
    fits = fit_families(rows, experiment(resample="points"))
    wide = (fits["family"] == "art") & (fits["shift"] == "sketch")
    fits.loc[wide, "slope_high"] = 40.0
    spec = Figure("Toy", ["sketch", "renditions"], "reference", "probit", None, TITLES, SWEEP | {"resample": "points"})
    drawing = script("fig_04_ratio_sweep").draw(rows, fits, spec)
    assert drawing.figure.axes[2].get_ylim()[1] < 3
    assert "1 interval(s) of slopes reach beyond their panel; the csv has the ends." in drawing.notes
    assert drawing.points["y_high"].max() >= 40


def test_ensemble_paths_run_over_all_weights_and_the_distance_is_told() -> None:
    drawing = draw("fig_05_ensembles")
    paths = drawing.points[drawing.points["layer"] == "path"]
    assert (
        paths.groupby(["panel", "epoch"])["weight"]
        .apply(list)
        .map(lambda weights: weights == [0, 0.25, 0.5, 0.75, 1])
        .all()
    )
    marked = drawing.points[(drawing.points["layer"] == "point") & (drawing.points["family"] == "blend")]
    assert marked["weight"].eq(0.5).all()
    assert "Weights on the paths: 0, 0.25, 0.5, 0.75, 1." in drawing.notes
    told = next(note for note in drawing.notes if note.startswith("Sketch: equal-weight ensembles lie "))
    assert "n = 4" in told and "95 % interval" in told
    # Records of the toy lie on their lines but for the rounding to whole images.
    assert abs(float(told.split("lie ")[1].split()[0])) < 0.3


def test_paths_of_two_epochs_are_not_joined() -> None:
    drawing = draw("fig_05_ensembles")
    path = next(line for line in drawing.figure.axes[0].lines if pd.isna(line.get_ydata()).sum() == 3)
    assert len(path.get_xdata()) == 4 * 5 + 3  # four epochs of five weights


@pytest.mark.parametrize("name", ["fig_05_ensembles", "fig_21_six_sources"])
def test_an_unknown_mixture_is_refused(name: str) -> None:
    with pytest.raises(DatalinesError, match=r"options.mixture: is 'photo-arts'; write one of photo, art"):
        draw(name, mixture="photo-arts")


def test_without_a_mixture_ensembles_are_drawn_and_held_against_nothing() -> None:
    drawing = draw("fig_05_ensembles", mixture="")
    assert (drawing.points["family"] == "blend").any()
    assert not [note for note in drawing.notes if "on average" in note]
