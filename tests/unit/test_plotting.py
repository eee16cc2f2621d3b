"""House style, scales, panels and saving: what is drawn is listed, and equal drawings give equal bytes."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.plotting import POINT_COLUMNS, Figure, LinePanels, house_style, line_panels, looks, save
from datalines.plotting.panels import tabulate
from datalines.plotting.scales import limits, ticks, to_axis, to_percent
from datalines.robustness.families import fit_families
from datalines.robustness.transforms import AXES
from datalines.samples import fold, plain, sheet
from tests.unit.synthetic import TITLES, experiment, point, records

SHIFTS = ["sketch", "renditions"]


def figure(**changes: Any) -> Figure:
    return Figure(**{"title": "Toy", "shifts": SHIFTS, "reference": "reference", "titles": TITLES} | changes)


def test_house_style_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mpl.rcParams, "font.size", 31)  # as a user's own matplotlibrc might
    with house_style():
        assert (mpl.rcParams["font.size"], mpl.rcParams["pdf.fonttype"]) == (7.5, 42)
    assert (mpl.rcParams["font.size"], mpl.rcParams["pdf.fonttype"]) == (31, 3)


def test_a_family_looks_the_same_in_every_figure_and_the_baseline_is_grey() -> None:
    many, few = looks(TITLES, ["photo", "art", "blend"]), looks(TITLES, ["blend", "art"])
    assert many["art"] == few["art"] and many["blend"] == few["blend"]
    assert len({(look.colour, look.marker) for look in many.values()}) == 3
    grey = looks(TITLES, ["photo", "art"], baseline="photo")
    assert grey["photo"].colour != many["photo"].colour and grey["art"] == many["art"]
    with pytest.raises(DatalinesError, match="'cartoon' has no display name"):
        looks(TITLES, ["cartoon"])


@given(st.floats(0.5, 60), st.floats(3, 39), st.sampled_from(AXES))
def test_ticks_are_few_inside_and_apart(low: float, length: float, axis: str) -> None:
    high = low + length
    found = ticks(low, high, axis)
    assert 1 <= len(found) <= 8
    assert all(low <= value <= high for value in found)
    if len(found) > 1:
        gaps = np.diff(to_axis(found, axis)) / np.diff(to_axis([low, high], axis))
        assert gaps.min() > 0.06


@given(st.floats(0.1, 99.9), st.sampled_from(AXES))
def test_scale_goes_back_and_forth(percent: float, axis: str) -> None:
    assert to_percent(to_axis([percent], axis), axis)[0] == pytest.approx(percent)
    low, high = limits(np.array([percent, 50.0]), axis)
    assert 0 < low < min(percent, 50) and max(percent, 50) < high < 100


def test_every_point_and_line_is_listed() -> None:
    rows = records(ensembles=True)
    drawing = line_panels(rows, fit_families(rows, experiment(ensembles=True)), figure())
    table = drawing.points
    assert list(table) == POINT_COLUMNS
    points = table[(table["layer"] == "point") & (table["family"] != "blend")]
    assert len(points) == 4 * 8 * 2
    art = rows[(rows["family"] == "art") & (rows["shift"] == "sketch")]
    shown = points[(points["family"] == "art") & (points["panel"] == "sketch")]
    assert sorted(shown["y"]) == pytest.approx(sorted(100 * art["top1"]))
    assert sorted(shown["y_low"]) == pytest.approx(sorted(100 * art["top1_low"]))
    assert table[table["layer"] == "line"].groupby(["panel", "family"]).ngroups == 5 * 2
    legend = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert legend == ["Photo (8)", "Art (8)", "Photo + Art (8)", "Photo 3 : 1 (8)", "Ensemble of both (4)", "y = x"]
    assert [axes.get_title() for axes in drawing.figure.axes] == ["Sketch", "Renditions"]


def test_panels_share_the_reference_range() -> None:
    rows = records()
    drawing = line_panels(rows, fit_families(rows, experiment()), figure())
    assert len({axes.get_xlim() for axes in drawing.figure.axes}) == 1


def test_options_choose_the_families() -> None:
    rows = records(ensembles=True)
    fits = fit_families(rows, experiment(ensembles=True))
    panels = LinePanels(rows, fits, figure(options={"families": ["art", "photo"]}))
    assert panels.slugs("model") == ["art", "photo"] and panels.slugs("ensemble") == ["blend"]


def test_points_without_a_place_are_told_not_drawn() -> None:
    rows = records()
    nothing = pd.DataFrame(point("photo", {"sketch": (-9, 1), "renditions": (0, 1)}, -0.2, epoch=9))
    both = pd.concat([rows, nothing], ignore_index=True)
    drawing = line_panels(both, fit_families(both, experiment()), figure())
    assert drawing.notes[0] == "1 point(s) at 0 or 100 % have no place on probit axes."
    assert (drawing.points["layer"] == "point").sum() == 4 * 8 * 2 + 1
    assert drawing.figure.axes[0].get_ylim()[0] > 1


def test_points_below_the_floor_are_hollow_and_the_line_starts_above_it() -> None:
    rows = records()
    drawing = line_panels(rows, fit_families(rows, experiment(floor=0.3)), figure(options={"floor": 0.3}))
    hollow = [
        line for line in drawing.figure.axes[0].lines if line.get_markerfacecolor() == "none" and len(line.get_xdata())
    ]
    assert len(hollow) == 4 and all(max(line.get_xdata()) < 30 for line in hollow)
    assert drawing.points.loc[drawing.points["layer"] == "line", "x"].min() > 28
    assert drawing.notes[0] == "Hollow markers, below 30 % on Reference, take no part in the lines."
    with pytest.raises(DatalinesError, match="state the experiment's floor"):
        line_panels(rows, fit_families(rows, experiment(floor=0.3)), figure())


def test_two_runs_have_a_band_only_where_points_are_drawn() -> None:
    rows = records()
    bands = {}
    for resample in ("runs", "points"):
        fits = fit_families(rows, experiment(resample=resample))
        drawing = line_panels(rows, fits, figure(options={"resample": resample}))
        bands[resample] = drawing.points.loc[drawing.points["layer"] == "line", "y_low"].notna().all()
        told = [note for note in drawing.notes if note.startswith("No band, for fewer than three runs: Photo, Art")]
        assert bool(told) == (resample == "runs")
    assert bands == {"runs": False, "points": True}


def test_fits_of_other_records_are_refused() -> None:
    rows = records()
    fits = fit_families(rows, experiment())
    with pytest.raises(DatalinesError, match="rebuild the fits"):
        line_panels(rows, fits.assign(slope=fits["slope"] * 1.1), figure())
    with pytest.raises(DatalinesError, match="0 rows for"):
        line_panels(rows, fits[fits["family"] != "art"], figure())
    with pytest.raises(DatalinesError, match="no point to draw on shift"):
        line_panels(rows, fits, figure(shifts=["sketch", "v2"]))


def test_a_figure_drawn_again_has_the_same_bytes(tmp_path: Path) -> None:
    rows = records()
    fits = fit_families(rows, experiment())
    drawn, again = (line_panels(rows, fits, figure(baseline="photo")) for _ in range(2))
    first, second = (
        [path.read_bytes() for path in save(one, tmp_path / stem)] for one, stem in ((drawn, "a"), (again, "b"))
    )
    assert first == second
    assert b"CreationDate" not in first[0] and b"<dc:date>" not in first[2]


def test_sheet_takes_images_of_any_shape_and_captions_of_any_script() -> None:
    grey, colour = np.zeros((20, 30), np.uint8), np.zeros((40, 20, 3), np.uint8)
    page = sheet([("Photo\n(n = 5)", [(grey, "a cat"), (colour, "")]), ("Art", [(colour, "日本 $5_x")])], "Samples")
    assert len(page.axes) == 3
    assert "Photo\n(n = 5)" in {text.get_text() for text in page.texts}
    page.draw_without_rendering()
    assert plain("日 a\nb") == "□ a b"
    assert fold("one two three four five six", 9, lines=2).endswith("…")
    with pytest.raises(ValueError, match="at least one image"):
        sheet([])


def test_a_layer_without_a_point_adds_no_row_to_the_table() -> None:
    layers = [{"panel": "r", "family": "yfcc", "x": np.array([]), "y": []}, {"panel": "r", "x": [1.0, 2.0], "y": 3.0}]
    table = tabulate(layers, ["panel", "family", "x", "y"])
    assert table.to_dict("list") == {"panel": ["r", "r"], "family": ["", ""], "x": [1.0, 2.0], "y": [3.0, 3.0]}
    assert len(tabulate([{"panel": "r", "family": "yfcc"}], ["panel", "x"])) == 1
