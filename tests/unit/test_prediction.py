"""How well ensembles predict mixtures: known distances are found, intervals cover the truth as often as they say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.prediction import ALL, COLUMNS, Pair, Settings, predict, total
from datalines.robustness.transforms import transform
from datalines.tables import Table
from tests.unit import synthetic_study as study
from tests.unit.test_figures import script

HALF = {shift: line for shift, line in study.mixed({"yfcc": 0.5, "laion": 0.5}).items() if shift in ("r", "sketch")}


def lifted(by: float) -> dict[str, tuple[float, float]]:
    return {shift: (intercept + by, slope) for shift, (intercept, slope) in HALF.items()}


def example(by: float = 0.0, seeds: int = 3, tag: str = "", n: int = 1500) -> pd.DataFrame:
    """A mixture on its line, and an ensemble that lies `by` probits above it."""
    mixture = study.family(f"half{tag}", HALF, ["m5", "m15"], seeds, n=n).assign(family="half")
    together = study.ensemble(f"both{tag}", {0.5: lifted(by)}, "m15", seeds, n=n).assign(family="both")
    return study.records(f"ensembles{tag}", [mixture, together])


def pair(rows: pd.DataFrame, **settings: object) -> Pair:
    return Pair(rows, ["both"], ["half"], "reference", Settings(**settings))  # type: ignore[arg-type]


@settings(max_examples=20)
@given(st.floats(-0.3, 0.3))
def test_the_distance_that_was_put_in_comes_out(by: float) -> None:
    rows = example(by, n=200_000)
    found, _ = predict(pair(rows), ["r"])
    points = rows[(rows["family"] == "both") & (rows["shift"] == "r")]
    # A lift in probits is a lift of by * phi(probit) in accuracy; runs scatter by RUN_SPREAD.
    height = float((np.exp(-0.5 * _probit(points["top1"]) ** 2) / np.sqrt(2 * np.pi)).mean())
    assert found.loc[0, "distance"] == pytest.approx(100 * by * height, abs=2.5)


def _probit(accuracy: pd.Series) -> np.ndarray:
    return transform(accuracy.to_numpy(), "probit")


def test_intervals_cover_no_distance_as_often_as_they_say() -> None:
    found = [predict(pair(example(tag=f"-{place}")), ["r"])[0].iloc[0] for place in range(100)]
    covered = np.mean([row["distance_low"] <= 0 <= row["distance_high"] for row in found])
    assert 0.89 <= covered <= 1.0  # binomial error of 100 draws: 2 points


def test_a_distance_beyond_the_scatter_is_found() -> None:
    found, _ = predict(pair(example(0.5, seeds=6)), ["r", "sketch"])
    assert (found["distance_low"] > 0).all()


def test_rows_add_up() -> None:
    found, pooled = predict(pair(example()), ["r", "sketch"])
    assert list(found) == COLUMNS and found["shift"].tolist() == ["r", "sketch", ALL]
    parts, whole = found.iloc[:2], found.iloc[2]
    assert whole["n"] == parts["n"].sum() == len(pooled.errors) and whole["outside"] == parts["outside"].sum()
    assert whole["distance"] == pytest.approx(np.average(parts["distance"], weights=parts["n"]))
    assert whole["rmse"] == pytest.approx(np.sqrt(np.average(parts["rmse"] ** 2, weights=parts["n"])))
    assert (abs(found["distance"]) <= found["absolute"]).all() and (found["absolute"] <= found["rmse"]).all()
    assert (found["runs"] == 3).all() and (found["mixture_runs"] == 6).all()


def test_the_order_of_records_does_not_matter() -> None:
    rows = example()
    first, _ = predict(pair(rows), ["r"])
    second, _ = predict(pair(rows.sample(frac=1, random_state=1)), ["r"])
    pd.testing.assert_frame_equal(first, second)


def test_few_runs_give_no_interval_and_single_models_may_be_left_out_instead() -> None:
    rows = example(seeds=2)
    found, _ = predict(pair(rows), ["r"])
    assert found["distance_low"].isna().all() and found["distance"].notna().all()
    by_model, _ = predict(pair(rows, resample="points"), ["r"])
    assert by_model["distance_low"].notna().all()


def test_points_below_the_floor_take_no_part() -> None:
    rows = example()
    floor = float(rows.loc[(rows["family"] == "both") & (rows["shift"] == "reference"), "top1"].median())
    with_floor, _ = predict(pair(rows, floor=floor), ["r"])
    without, _ = predict(pair(rows), ["r"])
    assert with_floor.loc[0, "n"] < without.loc[0, "n"] == 18
    assert with_floor.loc[0, "mixture_n"] < without.loc[0, "mixture_n"]


def test_sums_over_pairs_keep_every_error() -> None:
    pooled = [predict(pair(example(tag=tag)), ["r"])[1] for tag in ("-a", "-b")]
    both = total(pooled)
    assert len(both.errors) == 36 and len(both.without) == 4
    low, high = both.interval(0.95)
    widths = [np.diff(one.interval(0.95))[0] for one in pooled]
    assert low < both.errors.mean() < high and high - low < max(widths)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(DatalinesError, match="no row of ensemble neither"):
        Pair(example(), ["neither"], ["half"], "reference", Settings())


def test_the_table_has_all_pairs_and_shifts() -> None:
    tables = {f"records/{name}": example(tag=f"-{name}") for name in ("one", "two")}
    pairs = [{"experiment": name, "ensemble": "both", "mixture": "half"} for name in ("one", "two")]
    options = {"pairs": pairs, "reference": "reference", "shifts": ["r", "sketch"], "floor": 0.1}
    table = Table("Prediction", {"both": "Both together", "half": "Half of each", "r": "R"}, options)
    shown = script("tab_06_ensemble_predictions").tabulate(tables, table)
    assert shown["Shift"].tolist() == ["R", "sketch", "All shifts"] * 2 + ["All shifts"]
    assert shown["Ensemble"].tolist() == ["Both together"] * 6 + ["All pairs"]
    assert shown["n"].iloc[-1] == shown.loc[[2, 5], "n"].sum()
    with pytest.raises(DatalinesError, match=r"options\.pairs needs records/three"):
        more = {"pairs": [{"experiment": "three", "ensemble": "both", "mixture": "half"}]}
        script("tab_06_ensemble_predictions").tabulate(tables, Table("P", {}, options | more))
