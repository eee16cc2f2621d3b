"""Every statistic on synthetic studies: a claim that is true, one that is false, and one that too few runs can tell."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import linregress
from scipy.stats import t as student

from datalines.claims.bounds import Unknown
from datalines.claims.kinds import KINDS
from datalines.claims.lines import Lines, RunLine, common_accuracy
from datalines.claims.parts import Part, Question
from datalines.claims.registry import OF_LINES, OF_THEORY
from datalines.claims.verdict import REFUTED, SUPPORTED, UNDERPOWERED, Rule
from datalines.robustness.transforms import inverse
from tests.unit.claim_studies import Line, Truth, experiment, study

LOW: Line = (-0.5, 0.8)


def up(height: float, slope: float = 0.8) -> Line:
    """A line that lies higher by so many tenths of a probit, about three percentage points each."""
    return -0.5 + height / 10, slope


def on(shifts: Sequence[str], *lines: Line) -> dict[str, Line]:
    return dict(zip(shifts, lines, strict=True))


R, RS = ["r"], ["r", "s"]
ONE_LINE = {"a": on(R, LOW), "b": on(R, LOW), "m": on(R, LOW)}
APART = {"a": on(R, LOW), "b": on(R, up(4)), "m": on(R, up(2))}
ABOVE = {"a": on(R, LOW), "b": on(R, up(4)), "m": on(R, up(7))}
CROSSED = {"a": on(RS, LOW, up(4)), "b": on(RS, up(4), LOW)}
HIGHEST = {"a": on(RS, LOW, LOW), "b": on(RS, up(4), up(4))}
CLOSE_ON_S = {"a": on(RS, LOW, LOW), "b": on(RS, up(8), LOW)}
CLOSE_ON_R = {"a": on(RS, LOW, LOW), "b": on(RS, LOW, up(8))}
BACK_AND_FORTH = {"a": on(R, LOW), "m": on(R, up(6)), "b": on(R, up(1)), "c": on(R, up(7))}
STEEPER = {"a": on(R, (-0.5, 0.4)), "b": on(R, (-0.5, 1.2)), "m": on(R, (-0.5, 0.8))}

BETWEEN: dict[str, Any] = {"sources": ["a", "b"], "mixtures": ["m"]}
ORDER: dict[str, Any] = {"order": ["a", "m", "b"]}
ON_LINE: dict[str, Any] = {"ensembles": ["b"], "mixture": "a"}

CASES = [
    ("nobody-dominates", 0.0, {}, None, CROSSED, HIGHEST),
    ("lines-coincide", 3.0, {}, None, ONE_LINE, APART),
    ("lines-differ", 3.0, {}, None, APART, ONE_LINE),
    ("lines-differ", 0.2, {"quantity": "slope"}, None, STEEPER, ONE_LINE),
    ("spread-is-smaller", 0.0, {"than": ["r"]}, ["s"], CLOSE_ON_S, CLOSE_ON_R),
    ("lies-between", 1.0, BETWEEN, None, APART, ABOVE),
    ("lies-between", 0.1, {**BETWEEN, "quantity": "slope"}, None, STEEPER, {**STEEPER, "m": on(R, (-0.5, 1.8))}),
    ("monotone", 3.0, ORDER, None, APART, {**APART, "m": on(R, up(9))}),
    ("monotone", 3.0, {"order": ["a", "m", "b", "c"]}, None, {**APART, "c": on(R, up(7))}, BACK_AND_FORTH),
    ("best-is-better", 0.0, {"mixture": "m"}, None, APART, ABOVE),
    ("ensemble-on-line", 3.0, ON_LINE, None, ONE_LINE, APART),
    ("ensemble-on-line", 0.1, {**ON_LINE, "scale": "axis"}, None, ONE_LINE, APART),
]  # fmt: skip


def measure(
    truth: Truth,
    statistic: str,
    threshold: float,
    options: dict[str, Any],
    shifts: list[str] | None = None,
    records: pd.DataFrame | None = None,
    **given: Any,
) -> tuple[str, list[Part]]:
    mixed = options.get("ensembles", [])
    names = {name: lines for name, lines in truth.items() if name not in mixed}
    spec = experiment(names, ensembles=mixed)
    table = study(truth, 3, ensembles=mixed, **given) if records is None else records
    parts = OF_LINES[statistic](Question(Lines(table, spec), shifts or spec["shifts"], options))
    return Rule(KINDS[statistic].test, threshold, 0.95).judge(parts), parts


@pytest.mark.parametrize(("statistic", "threshold", "options", "shifts", "true", "false"), CASES)
def test_what_is_true_is_supported_and_what_is_false_is_not(
    statistic: str, threshold: float, options: dict[str, Any], shifts: list[str] | None, true: Truth, false: Truth
) -> None:
    assert measure(true, statistic, threshold, options, shifts, sizes=4, seeds=3)[0] == SUPPORTED
    assert measure(false, statistic, threshold, options, shifts, sizes=4, seeds=3)[0] == REFUTED


@pytest.mark.parametrize(("statistic", "threshold", "options", "shifts", "true", "false"), CASES)
def test_scattered_runs_and_few_runs_are_underpowered(
    statistic: str, threshold: float, options: dict[str, Any], shifts: list[str] | None, true: Truth, false: Truth
) -> None:
    for truth in (true, false):
        assert measure(truth, statistic, threshold, options, shifts, sizes=1, seeds=2)[0] == UNDERPOWERED
        assert measure(truth, statistic, threshold, options, shifts, sizes=2, seeds=2, scatter=16)[0] == UNDERPOWERED


def test_the_order_of_rows_changes_nothing() -> None:
    records = study(APART, 5)
    for statistic, options in (("lies-between", BETWEEN), ("lines-differ", {}), ("exponents-differ", {})):
        one = measure(APART, statistic, 1.0, options, records=records)[1]
        other = measure(APART, statistic, 1.0, options, records=records.sample(frac=1, random_state=1))[1]
        assert [part.bound.upper(0.025) for part in one] == pytest.approx([part.bound.upper(0.025) for part in other])
        assert [part.samples for part in one] == [part.samples for part in other]


def by_hand(rows: pd.DataFrame, at: float) -> float:
    """Height in percent at a probit reference accuracy, by another implementation of least squares."""
    wide = rows.pivot_table(index=["family", "size", "seed", "epoch"], columns="shift", values="top1")
    found = linregress(ndtri(wide["reference"]), ndtri(wide["r"]))
    return 100 * float(ndtr(found.intercept + found.slope * at))


def test_heights_and_their_variance_are_those_of_the_delete_one_run_jackknife() -> None:
    records = study(APART, 9)
    lines = Lines(records, experiment(APART))
    found = [line for line in (lines.line(name, "r") for name in "ab") if isinstance(line, RunLine)]
    at = common_accuracy(found)
    assert isinstance(at, float)
    assert at == (max(line.low for line in found) + min(line.high for line in found)) / 2
    number = found[0].height(at)
    rows = records[records["family"] == "a"]
    assert number.effect == pytest.approx(by_hand(rows, at))
    left = [
        by_hand(rows[(rows["size"] != size) | (rows["seed"] != seed)], at)
        for size in ("s0", "s1", "s2")
        for seed in (0, 1)
    ]
    variance = 5 / 6 * ((np.array(left) - np.mean(left)) ** 2).sum()
    assert number.variance == pytest.approx(variance) and number.freedom == pytest.approx(5)


def test_the_interval_of_a_spread_is_what_the_page_of_definitions_says() -> None:
    records = study(APART, 9)
    lines = Lines(records, experiment(APART))
    found = [line for line in (lines.line(name, "r") for name in "abm") if isinstance(line, RunLine)]
    at = common_accuracy(found)
    assert isinstance(at, float)
    heights = {line.family: line.height(at) for line in found}
    differences, variances, freedoms = {}, {}, {}
    for one, other in permutations(heights, 2):
        v, w = heights[one].variance, heights[other].variance
        differences[one, other] = heights[one].effect - heights[other].effect
        variances[one, other] = v + w
        freedoms[one, other] = (v + w) ** 2 / (v**2 / 5 + w**2 / 5)
    low = max(differences[p] - student.ppf(1 - 0.025 / 6, freedoms[p]) * variances[p] ** 0.5 for p in differences)
    high = max(differences[p] + student.ppf(1 - 0.025, freedoms[p]) * variances[p] ** 0.5 for p in differences)
    bound = measure(APART, "lines-differ", 3.0, {}, records=records)[1][0].bound
    assert (bound.lower(0.025), bound.upper(0.025)) == pytest.approx((low, high))
    assert bound.effect == pytest.approx(max(differences.values()))


def test_a_merged_line_counts_the_runs_of_all_its_families() -> None:
    spec = experiment(APART, lines={"both": {"title": "Both", "families": ["a", "b"]}})
    line = Lines(study(APART, 2), spec).line("both", "r")
    assert isinstance(line, RunLine)
    assert len(line.runs) == 12 and len(line.x) == 60


def test_lines_without_a_common_accuracy_are_not_compared() -> None:
    records = study(ONE_LINE, 1)
    far = (records["family"] == "b") & (records["shift"] == "reference")
    records.loc[far, "top1"] = inverse(1.5 + 0.01 * np.arange(far.sum()))
    verdict, parts = measure(ONE_LINE, "lines-coincide", 3.0, {}, records=records)
    assert verdict == UNDERPOWERED and "r: no reference accuracy is common to all lines" in parts[0].reason
    assert "b begins at 93.3 %" in parts[0].reason


def test_missing_families_and_lines_are_reasons_not_errors() -> None:
    records = study(ONE_LINE, 1)
    verdict, parts = measure(ONE_LINE, "best-is-better", 0.0, {"mixture": "none"}, records=records)
    assert verdict == UNDERPOWERED and parts[0].reason == "no records of none on r"
    one = records[
        (records["family"] != "b") | (records["epoch"] == 1) & (records["size"] == "s0") & (records["seed"] == 0)
    ]
    verdict, parts = measure(ONE_LINE, "lines-coincide", 3.0, {}, records=one)
    assert verdict == UNDERPOWERED and "b has 1 usable point(s)" in parts[0].reason


def test_ensembles_are_measured_where_the_mixture_has_points() -> None:
    truth = {"a": on(R, LOW), "b": on(R, up(2))}
    records = study(truth, 4, ensembles=("b",), scatter=0)
    records = records[(records["family"] == "b") | (records["size"] == "s1")]
    spec = experiment({"a": truth["a"]}, ensembles=["b"])
    part = OF_LINES["ensemble-on-line"](Question(Lines(records, spec), ["r"], ON_LINE))[0]
    axis = OF_LINES["ensemble-on-line"](Question(Lines(records, spec), ["r"], {**ON_LINE, "scale": "axis"}))[0]
    assert axis.bound.effect == pytest.approx(0.2, abs=1e-6)
    inside = part.samples["b", "r"].n
    assert f"; {30 - inside} point(s) outside the range of a left out" in part.note and inside < 30
    assert "mean signed distance +" in part.note


def efficiency(exponents: dict[str, float], seeds: int = 3, scatter: float = 0.005) -> pd.DataFrame:
    """Records whose errors follow power laws of known exponents, with noise in the logarithm."""
    generator = np.random.default_rng(11)
    rows = []
    for family, exponent in exponents.items():
        for samples in (1000, 2000, 4000, 8000):
            for seed in range(seeds):
                for epoch in (1, 2):
                    error = 0.9 * (samples / 1000) ** -exponent * np.exp(generator.normal(0, scatter))
                    key = {"experiment": "toy", "kind": "model", "family": family, "size": f"s{samples}"}
                    key |= {"samples": samples, "seed": seed, "epoch": epoch, "weight": np.nan, "n": 1000}
                    top1 = 1 - error if epoch == 2 else 0.05
                    rows += [
                        {**key, "shift": shift, "top1": top1, "top1_low": 0, "top1_high": 1}
                        for shift in ("reference", "r")
                    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("exponents", "seeds", "scatter", "verdict"),
    [
        ({"a": 0.05, "b": 0.20}, 3, 0.005, SUPPORTED),
        ({"a": 0.10, "b": 0.11}, 3, 0.005, REFUTED),
        ({"a": 0.05, "b": 0.20}, 1, 0.2, UNDERPOWERED),
    ],
)
def test_exponents_of_data_efficiency(exponents: dict[str, float], seeds: int, scatter: float, verdict: str) -> None:
    records = efficiency(exponents, seeds, scatter)
    spec = experiment({"a": {"r": LOW}, "b": {"r": LOW}})
    parts = OF_LINES["exponents-differ"](Question(Lines(records, spec), ["reference", "r"], {}))
    assert Rule("above", 0.05, 0.95).judge(parts) == verdict
    if scatter < 0.1:
        assert parts[0].bound.effect == pytest.approx(exponents["b"] - exponents["a"], abs=0.02)
    elsewhere = OF_LINES["exponents-differ"](Question(Lines(records, spec), ["sketch"], {}))
    assert elsewhere[0].reason == "no records on sketch"


def theory(share: float, n: int = 400) -> pd.DataFrame:
    holds = np.arange(n) < round(share * n)
    settings = pd.DataFrame({"kind": "setting", "condition": True, "filter": "sigmoid", "towards": holds})
    rate = {"kind": "rate", "rate": -0.51, "rate_low": -0.53, "rate_high": -0.49, "models": 900}
    return pd.concat([settings, pd.DataFrame([rate])], ignore_index=True)


def test_theorems_are_refuted_by_one_exception_and_need_enough_settings() -> None:
    options = {"where": {"kind": "setting", "condition": "True"}, "by": ["filter"], "value": "towards"}

    def verdict(table: pd.DataFrame) -> str:
        return Rule("above", 98, 0.95).judge(OF_THEORY["always-holds"](table, options, 0.95))

    assert verdict(theory(1)) == SUPPORTED
    assert verdict(theory(399 / 400)) == REFUTED
    assert verdict(theory(1, n=50)) == UNDERPOWERED
    assert isinstance(
        OF_THEORY["always-holds"](theory(1), {**options, "where": {"kind": "x"}, "by": []}, 0.95)[0].bound, Unknown
    )


def test_measured_and_expected_rates_agree_within_a_margin() -> None:
    options = {"where": {"kind": "rate"}, "value": "rate", "expected": -0.5, "count": "models"}
    part = OF_THEORY["agrees"](theory(1), options, 0.95)[0]
    # A rate of -0.51 [-0.53, -0.49]: 0.01 +- 0.02 from what is expected, on either side.
    assert part.bound.effect == pytest.approx(0.01) and part.bound.upper(0.025) == pytest.approx(0.03, abs=1e-6)
    assert part.samples["all", ""].n == 900
    words = [Rule("below", margin, 0.95).judge([part]) for margin in (0.05, 0.02)]
    assert words == [SUPPORTED, UNDERPOWERED]
    far = OF_THEORY["agrees"](theory(1), {**options, "expected": -0.4}, 0.95)
    assert Rule("below", 0.05, 0.95).judge(far) == REFUTED


def test_every_declared_statistic_has_its_function() -> None:
    declared = {name: kind.reads for name, kind in KINDS.items()}
    assert declared == dict.fromkeys(OF_LINES, "experiment") | dict.fromkeys(OF_THEORY, "theory")
