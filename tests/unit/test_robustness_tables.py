"""The table of effective robustness, and the scripts that write fits and points."""

from pathlib import Path

import pandas as pd
import pytest

from datalines.errors import DatalinesError
from datalines.robustness.effective import EFFECTIVE_COLUMNS, effective_points
from datalines.robustness.families import FIT_COLUMNS, fit_families
from datalines.scriptfile import load
from datalines.tables import Table
from tests.unit.synthetic import TITLES, experiment, records
from workflow.scripts import fit_lines, measure_robustness

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "papers" / "qnq" / "tab_04_effective_robustness.py"
LINES = {"both": {"title": "Both", "families": ["photo", "art"]}}


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, pd.DataFrame]:
    spec = experiment(ensembles=True, resample="points", lines=LINES)
    rows = records(ensembles=True)
    fit_families(rows, spec).to_csv(tmp_path / "fits.csv", index=False)
    effective_points(rows, spec).to_csv(tmp_path / "points.csv", index=False)
    names = {"fits/toy": "fits", "fits/toy-points": "points"}
    return {name: pd.read_csv(tmp_path / f"{stem}.csv") for name, stem in names.items()}


def test_a_row_for_every_family_and_shift_but_the_baseline(tables: dict[str, pd.DataFrame]) -> None:
    made = load(SCRIPT).tabulate(tables, Table("Robustness", TITLES))
    assert list(dict.fromkeys(made["Family"])) == ["Art", "Photo + Art", "Photo 3 : 1", "Ensemble of both", "both"]
    assert made["Shift"].tolist()[:2] == ["Sketch", "Renditions"] and len(made) == 10
    art = made.iloc[0]
    points = tables["fits/toy-points"]
    mine = points[(points["family"] == "art") & (points["shift"] == "sketch")]
    assert art["Above the line"] == pytest.approx(mine["er"].mean()) and art["Points"] == 8 and art["Runs"] == 2
    assert art["Inside alone"] == pytest.approx(mine.loc[mine["in_range"], "er"].mean())
    assert art["Line low"] < art["Above the line"] < art["Line high"]
    blend = made[made["Family"] == "Ensemble of both"].iloc[0]
    equal = points[(points["family"] == "blend") & (points["shift"] == "sketch") & (points["weight"] == 0.5)]
    assert blend["Inside alone"] == pytest.approx(equal.loc[equal["in_range"], "er"].mean())
    assert made["Above the plane"].isna().all() and made["Outside its box"].isna().all()


def test_options_pick_and_order_the_rows(tables: dict[str, pd.DataFrame]) -> None:
    options = {"families": ["photo-art", "art"], "shifts": ["renditions"]}
    made = load(SCRIPT).tabulate(tables, Table("Robustness", TITLES, options))
    assert made["Family"].tolist() == ["Photo + Art", "Art"] and made["Shift"].tolist() == ["Renditions"] * 2


def test_both_tables_are_needed(tables: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(
        DatalinesError, match=r"tables: fits/toy; write \[fits/<experiment>, fits/<experiment>-points\]"
    ):
        load(SCRIPT).tabulate({"fits/toy": tables["fits/toy"]}, Table("Robustness"))


def test_scripts_write_the_tables(tmp_path: Path) -> None:
    rows, spec = tmp_path / "records.csv", experiment(ensembles=True, resample="points", lines=LINES)
    records(ensembles=True).to_csv(rows, index=False)
    fit_lines.main(spec, rows, tmp_path / "fits.csv")
    measure_robustness.main(spec, rows, tmp_path / "points.csv")
    fits, points = pd.read_csv(tmp_path / "fits.csv"), pd.read_csv(tmp_path / "points.csv")
    assert list(fits) == FIT_COLUMNS and list(points) == EFFECTIVE_COLUMNS
    assert set(fits["kind"]) == {"model", "ensemble", "line"} and set(points["kind"]) == {"model", "ensemble"}
    before = (tmp_path / "points.csv").read_bytes()
    measure_robustness.main(spec, rows, tmp_path / "points.csv")
    assert (tmp_path / "points.csv").read_bytes() == before
