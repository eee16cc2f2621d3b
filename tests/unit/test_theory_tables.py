"""The tables of the theory: what a verdict is taken from, at small settings, and their settings themselves."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from datalines.errors import DatalinesError
from datalines.theory.specs import SPECS, read_spec
from datalines.theory.tables import DIGITS, simulate
from workflow.scripts.simulate_theory import main

SMALL: dict[str, dict[str, Any]] = {
    "universality": {
        "d": 400,
        "repeats": 6,
        "d_trained": 60,
        "d_tested": 100,
        "samples": 1500,
        "test_laws": ["rademacher"],
    },
    "deviation": {"d": [64, 256, 1024], "models": 60, "laws": ["gaussian", "exponential"], "alpha": [1.0]},
    "mixing": {"settings": 60, "models": 64, "shares": 3},
    "filtering": {"settings": 15, "models": 16, "kept": 3, "n": 128},
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {name: simulate(name, values) for name, values in SMALL.items()}


@pytest.mark.parametrize("name", SMALL)
def test_the_script_writes_the_same_bytes_twice_and_what_the_library_gives(name: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{copy}.csv" for copy in ("one", "two")]
    for path in paths:
        main(name, SMALL[name], path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    pd.testing.assert_frame_equal(pd.read_csv(paths[0]), simulate(name, SMALL[name]), check_dtype=False)


def test_another_seed_gives_other_models(tables: dict[str, pd.DataFrame]) -> None:
    other = simulate("deviation", SMALL["deviation"] | {"seed": 1})
    assert not np.isclose(other["rms"].dropna(), tables["deviation"]["rms"].dropna()).any()
    assert np.allclose(other["rms_formula"].dropna(), tables["deviation"]["rms_formula"].dropna())


def test_universality_has_every_kind_of_model_and_lines_near_the_formula(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["universality"]
    models, groups, lines = (table[table["kind"] == kind] for kind in ("model", "group", "line"))
    assert len(models) == 2 * 6 * (4 * 9 + 3 * 3 + 9)
    assert groups["models"].eq(6).all() and len(groups) == len(models) / 6
    assert set(models["test_law"]) == {"gaussian", "rademacher"}
    whole = lines[lines["algorithm"] == "all"]
    assert len(whole) == 4
    assert (whole["relative"].abs() < 0.2).all()
    assert ((whole["relative_low"] < whole["relative"]) & (whole["relative"] < whole["relative_high"])).all()
    assert whole["slope_formula"].round(6).tolist() == pytest.approx([0.416667, 0.8, 0.416667, 0.8], abs=1e-6)
    assert (groups.dropna(subset="xi")["printed_1"] > groups.dropna(subset="xi")["exact_1"]).all()


def test_means_of_groups_are_the_limit_that_is_derived_here(tables: dict[str, pd.DataFrame]) -> None:
    groups = tables["universality"].query("kind == 'group' and test_law == 'gaussian'").dropna(subset="xi")
    exact = (groups["probit_1"] - groups["exact_1"]).abs()
    assert (exact < 6 * groups["se_1"] + 4 / groups["d"]).all()
    strong = groups[groups["alpha"] / groups["xi"] >= 1]
    assert (strong["printed_1"] - strong["probit_1"] > 3 * strong["se_1"]).all()


def test_the_rate_is_one_over_the_root_of_n(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["deviation"]
    sizes, rates = table[table["kind"] == "size"], table[table["kind"] == "rate"]
    assert len(sizes) == 2 * 3 * 3 and len(rates) == 2 * 3 + 1
    pooled = rates[rates["law"] == "all"].iloc[0]
    assert pooled["models"] == sizes["models"].sum() and pooled["sizes"] == len(sizes)
    assert abs(pooled["rate"] + 0.5) < 0.08 and pooled["rate_low"] < pooled["rate"] < pooled["rate_high"]
    assert (sizes["rms"] / sizes["rms_formula"]).between(0.6, 1.5).all()


def test_every_mixed_slope_lies_between_where_the_condition_is_met(tables: dict[str, pd.DataFrame]) -> None:
    settings = tables["mixing"].query("kind == 'setting'")
    met = settings["condition"].astype(bool)
    assert met.sum() == 60 and (~met).sum() > 5
    assert settings.loc[met, "between"].all() and not settings.loc[~met, "between"].any()
    assert settings.loc[met, "position"].between(0, 1).all()
    assert settings["score_outside"][met].max() < norm.isf(0.001 / 60)
    assert abs(settings["score_formula"]).max() < 5 and 0.7 < settings["score_formula"].astype(float).std() < 1.3
    assert (settings["output_gap"] < 1e-10).all()
    assert np.isclose((settings["noise"] / settings["noise_normalised"]).mean(), 1, atol=0.1)
    assert (settings["noise_printed"] / settings["noise_normalised"]).gt(4).all()


def test_every_filter_moves_the_slope_towards_the_pretrained_one(tables: dict[str, pd.DataFrame]) -> None:
    settings = tables["filtering"].query("kind == 'setting'")
    met = settings["condition"].astype(bool)
    assert settings[met].groupby("filter").size().to_dict() == {"threshold": 15, "sigmoid": 15, "linear": 15}
    assert settings.loc[met, "towards"].all() and not settings.loc[~met, "towards"].any()
    assert (settings["slope_unfiltered"] < settings["slope_pretrained"]).all()
    assert (settings["kept"] - settings["kept_mc"]).abs().max() < 0.06
    assert ((settings["gain_mc"] - settings["gain"]) / settings["gain_mc_se"]).abs().max() < 6
    curve = tables["filtering"].query("kind == 'curve'")
    for _, part in curve.groupby("filter"):
        assert part.sort_values("kept")["slope_filtered"].is_monotonic_decreasing


def test_tables_hold_numbers_of_few_digits(tables: dict[str, pd.DataFrame]) -> None:
    for table in tables.values():
        for column in table.select_dtypes("float"):
            values = table[column].dropna()
            assert all(float(f"{value:.{DIGITS - 1}e}") == value for value in values), column


@pytest.mark.parametrize("name", SPECS)
def test_settings_that_are_not_known_are_refused_by_their_key(name: str) -> None:
    with pytest.raises(DatalinesError, match=rf"theory\.{name}\.sede: .*\nKnown keys of theory\.{name}: .*seed"):
        read_spec(name, {"sede": 1})
    with pytest.raises(DatalinesError, match=rf"theory\.{name}\.seed"):
        read_spec(name, {"seed": -1})


def test_a_simulation_that_is_not_known_is_refused() -> None:
    with pytest.raises(DatalinesError, match="'universal' is not a simulation; write one of universality, deviation"):
        simulate("universal", {})
