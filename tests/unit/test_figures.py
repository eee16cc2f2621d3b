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
CASES: dict[str, dict[str, Any]] = {
    "fig_02_sources": {},
    "fig_03_equal_mixture": {"families": ["photo", "art", "photo-art"]},
    "fig_04_ratio_sweep": {"shares": SHARES, "ensembles": []},
    "fig_05_ensembles": {"mixture": "photo-art", "families": ["photo", "art", "photo-art"]},
}


def script(name: str) -> ModuleType:
    return importlib.import_module(f"workflow.scripts.papers.qnq.{name}")


def draw(name: str, **options: Any) -> Drawing:
    rows = records(ensembles=True)
    fits = fit_families(rows, experiment(ensembles=True))
    spec = Figure("Toy", ["sketch", "renditions"], "reference", "probit", None, TITLES, CASES[name] | options)
    return script(name).draw(rows, fits, spec)


@pytest.mark.parametrize("name", CASES)
def test_every_plotted_point_is_in_the_table(name: str) -> None:
    drawing = draw(name)
    table = drawing.points
    assert list(table) == POINT_COLUMNS
    listed = {(round(x, 6), round(y, 6)) for x, y in table[["x", "y"]].to_numpy()}
    panels = drawing.figure.axes[:2]
    drawn = [
        (round(float(x), 6), round(float(y), 6))
        for axes in panels
        for line in axes.lines
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]
    assert len(drawn) > 100 and set(drawn) <= listed
    assert {axes.get_title() for axes in panels} == {"Sketch", "Renditions"}
    models = table[table["layer"] == "point"]
    expected = 8 * len(CASES[name].get("families", SHARES)) + (0 if name == "fig_04_ratio_sweep" else 4)
    assert models.groupby("panel").size().tolist() == [expected, expected]


@pytest.mark.parametrize("name", CASES)
def test_saved_bytes_are_equal_on_the_second_save(name: str, tmp_path: Path) -> None:
    drawing = draw(name)
    first, second = (save(drawing, tmp_path / stem) for stem in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.suffix
    assert len(pd.read_csv(first[3])) == len(drawing.points)


@pytest.mark.parametrize("name", [*CASES, "tab_01_sources"])
def test_captions_hold_known_fields_only(name: str) -> None:
    text = script(name).__doc__ or ""
    fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    assert fields <= {"reference", "scale", "points", "seeds"}
    assert "paper's" in text and len(text.split()) > 60


def test_the_slope_panel_follows_the_shares() -> None:
    drawing = draw("fig_04_ratio_sweep")
    slopes = drawing.points[drawing.points["layer"] == "slope"]
    sketch = slopes[slopes["panel"] == "sketch"].sort_values("x")
    assert sketch["x"].tolist() == [0, 50, 75, 100]
    assert sketch["y"].is_monotonic_decreasing  # the first source has the flatter line
    assert (sketch["y_low"] <= sketch["y"]).all() and (sketch["y"] <= sketch["y_high"]).all()
    assert drawing.figure.axes[2].get_xlabel() == "Share of Photo (%)"
    with pytest.raises(DatalinesError, match=r"options.shares: state the share of art"):
        draw("fig_04_ratio_sweep", shares={slug: share for slug, share in SHARES.items() if slug != "art"})


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
    assert drawing.notes[0].startswith("Sketch: equal-weight ensembles lie ") and "n = 4" in drawing.notes[0]
