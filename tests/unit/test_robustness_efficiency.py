"""Data efficiency: curves and their intervals, power laws with and without an irreducible error, and the table."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from datalines.errors import DatalinesError
from datalines.robustness.efficiency import CURVE_COLUMNS, LAW_COLUMNS, curves, final_errors, power_laws
from datalines.robustness.saturation import SATURATING_COLUMNS, saturating_laws
from datalines.scriptfile import load
from datalines.tables import MISSING, Table, to_markdown

SIZES = (1000, 2000, 4000, 8000, 16000)
SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "papers" / "qnq" / "tab_03_data_efficiency.py"


def law(
    a: float,
    b: float,
    c: float = 0.0,
    noise: float = 0.0,
    seeds: int = 3,
    sizes: tuple[int, ...] = SIZES,
    seed: int = 0,
) -> pd.DataFrame:
    """Records of one family whose last errors follow c + a n^-b, and whose first are 0.9."""
    draw = np.random.default_rng(seed)
    rows = []
    for size in sizes:
        for run in range(seeds):
            error = (c + a * size**-b) * np.exp(draw.normal(0, noise))
            for epoch, top1 in ((2, 0.1), (12, 1 - error)):
                keys = {"kind": "model", "family": "yfcc", "size": f"m{size}", "samples": size, "seed": run}
                rows += [{**keys, "epoch": epoch, "shift": name, "top1": top1} for name in ("reference", "sketch")]
    return pd.DataFrame(rows)


def test_errors_are_those_of_the_last_epoch_of_each_run() -> None:
    errors = final_errors(law(5, 0.2), ["sketch", "reference"])
    assert len(errors) == 5 * 3 * 2 and errors["epoch"].eq(12).all()
    assert list(dict.fromkeys(errors["shift"])) == ["sketch", "reference"]
    assert errors["error"].to_numpy() == pytest.approx(5 * errors["samples"].to_numpy() ** -0.2)


def test_curves_average_logs_over_seeds_with_a_t_interval() -> None:
    rows = law(5, 0.2, noise=0.05)
    table = curves(rows, ["reference"])
    assert list(table) == CURVE_COLUMNS and table["samples"].tolist() == list(SIZES) and table["n_seeds"].eq(3).all()
    errors = final_errors(rows, ["reference"])
    logs = np.log(errors.loc[errors["samples"] == 4000, "error"])
    known = ttest_1samp(logs, 0).confidence_interval(0.95)
    one = table[table["samples"] == 4000].iloc[0]
    assert (one["low"], one["high"]) == pytest.approx((np.exp(known.low), np.exp(known.high)))
    assert one["error"] == pytest.approx(np.exp(logs.mean()))
    alone = curves(law(5, 0.2, seeds=1), ["reference"])
    assert alone["error"].notna().all() and alone[["low", "high"]].isna().all().all()


@given(st.floats(0.5, 20), st.floats(-0.2, 0.8))
def test_a_power_law_is_recovered(a: float, b: float) -> None:
    rows = law(a, b)
    rows = rows[rows["top1"] < 1]
    found = power_laws(rows, ["reference"], resamples=50).iloc[0]
    assert (found["a"], found["b"]) == pytest.approx((a, b), rel=1e-6, abs=1e-9)
    assert (found["b_low"], found["b_high"]) == pytest.approx((b, b), abs=1e-7)
    assert (found["n"], found["sizes"]) == (15, 5) and found["rms"] == pytest.approx(0, abs=1e-9)


def test_sizes_count_once_however_many_seeds_they_have() -> None:
    full = law(5, 0.2, c=0.4)  # not a power law, so that weights matter
    fewer = full[(full["samples"] < 16000) | (full["seed"] == 0)]
    one, other = (power_laws(rows, ["reference"]).iloc[0] for rows in (full, fewer))
    assert one["b"] == pytest.approx(other["b"]) and (one["n"], other["n"]) == (15, 13)


def test_intervals_of_the_exponent_cover_it() -> None:
    covered, rounds = 0, 200
    for seed in range(rounds):
        found = power_laws(law(5, 0.2, noise=0.03, seed=seed), ["reference"], resamples=300).iloc[0]
        covered += found["b_low"] <= 0.2 <= found["b_high"]
    assert 0.85 <= covered / rounds <= 0.995


def test_too_few_sizes_give_no_interval_and_one_gives_no_law() -> None:
    two = power_laws(law(5, 0.2, sizes=(1000, 4000)), ["reference"]).iloc[0]
    assert two["b"] == pytest.approx(0.2) and np.isnan(two["b_low"]) and two["sizes"] == 2
    one = power_laws(law(5, 0.2, sizes=(1000,)), ["reference"]).iloc[0]
    assert np.isnan(one["b"]) and np.isnan(one["a"]) and one["n"] == 3
    assert list(power_laws(law(5, 0.2), ["reference"])) == LAW_COLUMNS


def test_the_order_of_records_does_not_matter() -> None:
    rows = law(5, 0.2, noise=0.05)
    mixed = rows.sample(frac=1, random_state=1)
    for function in (curves, power_laws, saturating_laws):
        pd.testing.assert_frame_equal(function(rows, ["sketch"]), function(mixed, ["sketch"]))


def test_an_irreducible_error_is_found_where_there_is_one() -> None:
    tables = [saturating_laws(law(60, 0.7, c=0.3, noise=0.01, seed=seed), ["reference"]) for seed in range(100)]
    found = pd.concat(tables)
    assert list(found) == SATURATING_COLUMNS and found["identifiable"].all() and found["reason"].eq("").all()
    assert 0.88 <= ((found["c_low"] <= 0.3) & (found["c_high"] >= 0.3)).mean() <= 0.99
    assert found["b"].to_numpy() == pytest.approx(0.7, abs=0.15) and found["b"].mean() == pytest.approx(0.7, abs=0.02)


def test_an_irreducible_error_that_cannot_be_told_is_not_claimed() -> None:
    plain = saturating_laws(law(5, 0.2, noise=0.02), ["reference"]).iloc[0]
    assert not plain["identifiable"] and plain["c_low"] == 0 and plain["reason"] == "c = 0 fits as well"
    few = saturating_laws(law(5, 0.2, sizes=(1000, 2000, 4000)), ["reference"]).iloc[0]
    assert not few["identifiable"] and few["reason"] == "3 sizes, 4 needed" and np.isnan(few["c"])
    rising = saturating_laws(law(0.1, -0.2, noise=0.01), ["reference"]).iloc[0]
    assert not rising["identifiable"] and rising["reason"] == "the error does not fall with more pairs"


def test_a_false_irreducible_error_is_as_rare_as_the_level_says() -> None:
    claimed = [
        saturating_laws(law(5, 0.2, noise=0.03, seed=seed), ["reference"]).iloc[0]["identifiable"]
        for seed in range(150)
    ]
    assert np.mean(claimed) <= 0.08


def test_runs_without_an_error_are_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    rows = law(5, 0.2)
    perfect = (rows["seed"] == 1) & (rows["samples"] == 16000) & (rows["epoch"] == 12) & (rows["shift"] == "sketch")
    table = curves(rows.assign(top1=rows["top1"].where(~perfect, 1.0)), ["reference", "sketch"])
    assert table.set_index(["shift", "samples"])["n_seeds"].to_dict()["sketch", 16000] == 2
    assert "1 run(s) without an error on a set are left out there" in caplog.text


def test_sets_and_runs_that_are_wrong_are_named() -> None:
    rows = law(5, 0.2)
    with pytest.raises(DatalinesError, match="no model has a row on r; name some of the sets reference, sketch"):
        curves(rows, ["reference", "r"])
    with pytest.raises(DatalinesError, match="run yfcc/m1000/0 appears more than once on reference"):
        curves(pd.concat([rows, rows.iloc[2:3]]), ["reference"])


def test_the_table_says_what_was_fitted() -> None:
    script = load(SCRIPT)
    other = law(60, 0.7, c=0.3, noise=0.01).assign(family="laion")
    rows = pd.concat([law(5, 0.2, noise=0.02), other, law(1, 0.1).assign(family="standard")])
    table = Table("Efficiency", {"yfcc": "YFCC", "laion": "LAION"}, {"families": ["laion", "yfcc"], "sets": ["sketch"]})
    made = script.tabulate(rows, table)
    assert made["Source"].tolist() == ["LAION", "YFCC"] and made["Set"].eq("sketch").all()
    laion, yfcc = made.to_dict("records")
    assert yfcc["Exponent b"].startswith("0.2") and yfcc["Irreducible error (%)"] == "not told: c = 0 fits as well"
    assert yfcc["Low"] <= yfcc["Per doubling (%)"] <= yfcc["High"] < 0
    assert yfcc["Per doubling (%)"] == pytest.approx(100 * (2**-0.2 - 1), abs=1)
    assert laion["Irreducible error (%)"].startswith(("28", "29", "30"))
    assert "| Source |" in to_markdown(made, table)
    everything = script.tabulate(rows, Table("Efficiency", table.titles))
    assert everything["Source"].tolist() == ["YFCC"] * 2 + ["LAION"] * 2 + ["standard"] * 2
    single = script.tabulate(law(5, 0.2, sizes=(1000,)), Table("Efficiency"))
    assert single["Exponent b"].eq(MISSING).all()
