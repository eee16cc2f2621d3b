"""Figures of the theory: all that is drawn is in their table, and equal tables give equal bytes."""

import importlib
import string
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, PlainFigure, save
from datalines.plotting.theory import COLUMNS
from datalines.theory.tables import simulate
from tests.unit.test_theory_tables import SMALL

SCRIPTS = {
    "thm_01_universality": ["universality", "deviation"],
    "thm_02_mixing": ["mixing"],
    "thm_03_filtering": ["filtering"],
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {f"theory/{name}": simulate(name, values) for name, values in SMALL.items()}


def draw(name: str, tables: dict[str, pd.DataFrame]) -> Drawing:
    module = importlib.import_module(f"workflow.scripts.papers.qnq.{name}")
    found: Drawing = module.draw(
        {f"theory/{part}": tables[f"theory/{part}"] for part in SCRIPTS[name]}, PlainFigure("Toy")
    )
    return found


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_drawn_point_is_in_the_table(name: str, tables: dict[str, pd.DataFrame]) -> None:
    drawing = draw(name, tables)
    assert list(drawing.points) == COLUMNS
    listed = {(round(float(x), 6), round(float(y), 6)) for x, y in drawing.points[["x", "y"]].to_numpy()}
    marked = {
        (round(float(x), 6), round(float(y), 6))
        for axes in drawing.figure.axes
        for line in axes.lines
        if line.get_marker() not in (None, "None") and line.get_linestyle() == "None"
        for x, y in zip(np.asarray(line.get_xdata()), np.asarray(line.get_ydata()), strict=True)
    }
    assert len(marked) >= 9 and marked <= listed
    assert all(axes.get_xlabel() and axes.get_ylabel() and axes.get_title() for axes in drawing.figure.axes)


@pytest.mark.parametrize("name", SCRIPTS)
def test_saved_bytes_are_equal(name: str, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    first, second = (save(draw(name, tables), tmp_path / stem) for stem in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.suffix


@pytest.mark.parametrize("name", SCRIPTS)
def test_tables_read_back_from_csv_give_the_same_figure(
    name: str, tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    for stem, table in tables.items():
        table.to_csv(tmp_path / f"{stem.removeprefix('theory/')}.csv", index=False)
    read = {stem: pd.read_csv(tmp_path / f"{stem.removeprefix('theory/')}.csv") for stem in tables}
    assert draw(name, read).notes == draw(name, tables).notes


@pytest.mark.parametrize("name", [*SCRIPTS, "thm_04_measured"])
def test_captions_hold_known_fields_only(name: str) -> None:
    text = importlib.import_module(f"workflow.scripts.papers.qnq.{name}").__doc__ or ""
    assert {field for _, field, _, _ in string.Formatter().parse(text) if field is not None} <= {"scale"}
    assert "paper" in text and len(text.split()) > 60


def test_violations_are_listed(tables: dict[str, pd.DataFrame]) -> None:
    """The note counts what the table says, not what the theorem says."""
    rows = tables["theory/mixing"].copy()
    place = rows[(rows["kind"] == "setting") & rows["condition"].astype(bool)].index[3]
    rows.loc[place, "between"] = False
    told = draw("thm_02_mixing", tables | {"theory/mixing": rows}).notes[0]
    assert f"59 of 60 mixed slopes lie between: settings {int(rows.loc[place, 'setting'])};" in told


def test_notes_of_filters_count_settings(tables: dict[str, pd.DataFrame]) -> None:
    notes = draw("thm_03_filtering", tables).notes
    assert [note.split(":")[0] for note in notes[:3]] == ["Threshold", "Sigmoid", "Linear, clipped"]
    assert all("15 of 15 slopes" in note for note in notes[:3])


def test_a_missing_table_or_kind_is_named(tables: dict[str, pd.DataFrame]) -> None:
    module = importlib.import_module("workflow.scripts.papers.qnq.thm_02_mixing")
    with pytest.raises(DatalinesError, match="add theory/mixing"):
        module.draw({}, PlainFigure("Toy"))
    rows = tables["theory/mixing"]
    with pytest.raises(DatalinesError, match="no row of kind curve"):
        module.draw({"theory/mixing": rows[rows["kind"] == "setting"]}, PlainFigure("Toy"))
