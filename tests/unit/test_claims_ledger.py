"""The ledger as a table and as files, and the section of the configuration that it is made from."""

import importlib
import inspect
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from datalines.claims.bounds import Component, Estimate, Share, Unknown
from datalines.claims.kinds import KINDS
from datalines.claims.ledger import LEDGER, PARTS, judge
from datalines.claims.parts import Part, Sample
from datalines.claims.verdict import REFUTED, SUPPORTED, UNDERPOWERED, Rule
from datalines.config.claims import Claim, check_claim
from datalines.config.errors import Findings
from datalines.config.experiments import Experiment
from datalines.errors import DatalinesError
from tests.unit.claim_studies import experiment, study

script = importlib.import_module("workflow.scripts.judge_claims")
TRUTH = {
    "a": {"r": (-0.5, 0.8), "s": (-0.5, 0.8)},
    "b": {"r": (-0.1, 0.8), "s": (-0.5, 0.8)},
    "m": {"r": (-0.3, 0.8), "s": (-0.5, 0.8)},
}


def claim(statistic: str = "lies-between", threshold: float = 1.0, **changes: Any) -> dict[str, Any]:
    base = {"claim": "The mixture lies between.", "source": "section 5.1", "statistic": statistic}
    base |= {"experiment": "toy", "shifts": [], "threshold": threshold, "unit": "points", "level": 0.95}
    return base | {"options": {"sources": ["a", "b"], "mixtures": ["m"]}} | changes


CLAIMS = {
    "between": claim(threshold=2.0),
    "apart": claim("lines-differ", 3.0, options={"families": ["a", "b"]}),
    "apart-somewhere": claim("lines-differ", 3.0, options={"families": ["a", "b"], "parts": "any"}),
    "elsewhere": claim("lines-differ", 3.0, options={}, experiment="other"),
    "theorem": claim("always-holds", 98, experiment=None, theory="mixing", options={"value": "between"}),
}
THEORY = {"mixing": pd.DataFrame({"between": [True] * 400})}


def ledger() -> tuple[pd.DataFrame, pd.DataFrame]:
    return judge(CLAIMS, {"toy": experiment(TRUTH)}, {"toy": study(TRUTH, 1, scatter=0.5)}, THEORY)


def test_one_row_a_claim_and_one_a_part() -> None:
    rows, parts = ledger()
    assert list(rows) == LEDGER and list(parts) == PARTS
    assert rows.set_index("claim")["verdict"].to_dict() == {
        "between": SUPPORTED,
        "apart": REFUTED,
        "apart-somewhere": SUPPORTED,
        "elsewhere": UNDERPOWERED,
        "theorem": SUPPORTED,
    }
    assert parts.groupby("claim", sort=False).size().to_dict() == {
        "between": 2,
        "apart": 2,
        "apart-somewhere": 2,
        "elsewhere": 1,
        "theorem": 1,
    }


def test_a_row_holds_counts_effect_and_a_sentence() -> None:
    rows, parts = (table.set_index("claim") for table in ledger())
    between = rows.loc["between"]
    assert (between["n"], between["runs"], between["fewest_runs"], between["parts"]) == (180, 18, 6, 2)
    assert between["effect"] == parts.loc["between", "effect"].max() and between["high"] < 2
    assert between["sentence"].startswith("Supported: m on s:") and "claimed to lie below 2" in between["sentence"]
    assert parts.loc["between", "at"].between(15, 45).all()
    # All must hold: the weakest part is the claim's; any may: the strongest.
    assert rows.loc["apart", "effect"] == parts.loc["apart", "effect"].min() < 3
    assert rows.loc["apart-somewhere", "effect"] == parts.loc["apart", "effect"].max() > 3
    assert rows.loc["apart", "deciding"] == "s" and rows.loc["apart-somewhere", "deciding"] == "r"
    assert rows.loc["elsewhere", "sentence"] == (
        "Underpowered: all: there are no records of experiment other at this scale."
    )
    assert pd.isna(rows.loc["elsewhere", "needed_runs"]) and rows.loc["elsewhere", "n"] == 0
    assert (rows.loc["theorem", "effect"], rows.loc["theorem", "n"], rows.loc["theorem", "of"]) == (
        100,
        400,
        "theory/mixing",
    )


def test_an_open_verdict_says_what_would_settle_it() -> None:
    table = judge({"apart": CLAIMS["apart"]}, {"toy": experiment(TRUTH)}, {"toy": study(TRUTH, 1, scatter=6)}, {})[0]
    row = table.iloc[0]
    assert row["verdict"] == UNDERPOWERED and row["needed_runs"] > row["fewest_runs"] == 6
    assert f"at this effect about {row['needed_runs']} runs a family would settle it" in row["sentence"]
    assert row["detectable"] > 3
    few = judge({"apart": CLAIMS["apart"]}, {"toy": experiment(TRUTH)}, {"toy": study(TRUTH, 1, sizes=1)}, {})[0].iloc[
        0
    ]
    assert "too few runs (a has 2, b has 2; at least 3 are needed)" in few["sentence"]


def test_one_family_with_too_few_runs_is_planned_with_the_scatter_of_the_others() -> None:
    records = study(TRUTH, 1, sizes={"a": 1, "b": 3, "m": 3})
    table, parts = judge({"apart": CLAIMS["apart"]}, {"toy": experiment(TRUTH)}, {"toy": records}, {})
    assert table.iloc[0]["verdict"] == UNDERPOWERED and table.iloc[0]["needed_runs"] >= 3
    assert "runs a family would settle it if all scatter alike" in table.iloc[0]["sentence"]
    assert parts["note"].str.startswith("too few runs (a has 2").all()


def test_a_part_without_scatter_hides_no_part_that_settles_the_claim() -> None:
    records = study(TRUTH, 1, scatter=0.5)
    records = records[~((records["family"] == "m") & (records["shift"] == "r"))]
    claims = {
        "refuted": claim("lines-differ", 9.0, options={}),
        "supported": claim("lines-coincide", 3.0, options={"parts": "any"}),
        "open": claim("lines-coincide", 3.0, options={}),
    }
    table = judge(claims, {"toy": experiment(TRUTH)}, {"toy": records}, {})[0].set_index("claim")
    assert table["verdict"].tolist() == [REFUTED, SUPPORTED, UNDERPOWERED]
    assert table["deciding"].tolist() == ["s", "s", "r"]
    begins = ["Not supported: s:", "Supported: s:", "Underpowered: r: no records of m on r."]
    assert [text.startswith(begin) for text, begin in zip(table["sentence"], begins, strict=True)] == [True] * 3


def part(effect: float, deviation: float = 1.0, runs: int = 10, **given: Any) -> Part:
    return Part("p", Estimate(effect, (Component(deviation**2, runs),)), {("a", "r"): Sample(50, runs)}, **given)


@pytest.mark.parametrize(
    ("test", "quantifier", "effects", "verdict"),
    [
        ("above", "all", [5, 5], SUPPORTED),
        ("above", "all", [5, 0], UNDERPOWERED),
        ("above", "all", [5, -5], REFUTED),
        ("above", "any", [5, -5], SUPPORTED),
        ("above", "any", [-5, 0], UNDERPOWERED),
        ("above", "any", [-5, -5], REFUTED),
        ("below", "all", [-5, -5], SUPPORTED),
        ("below", "all", [-5, 5], REFUTED),
        ("below", "any", [-5, 5], SUPPORTED),
        ("below", "any", [5, 5], REFUTED),
    ],
)
def test_parts_make_a_verdict(test: Any, quantifier: str, effects: list[float], verdict: str) -> None:
    assert Rule(test, 0.0, 0.95, quantifier).judge([part(effect) for effect in effects]) == verdict


def test_refuting_one_of_many_parts_needs_more_than_refuting_one_alone() -> None:
    rule = Rule("above", 0.0, 0.95)
    close = part(-2.5)
    assert rule.judge([close]) == REFUTED
    assert rule.judge([close, *[part(9.0)] * 9]) == UNDERPOWERED
    assert rule.judge([part(2.5)] * 10) == SUPPORTED


def test_needed_runs_are_the_fewest_that_settle_the_verdict() -> None:
    rule, bound = Rule("above", 0.0, 0.95), part(1.0).bound
    needed = rule.needed_runs(bound)
    assert needed is not None
    assert rule.word(bound.with_runs(needed)) == SUPPORTED and rule.word(bound.with_runs(needed - 1)) == UNDERPOWERED
    assert rule.needed_runs(part(0.0).bound) is None and rule.needed_runs(Unknown("no line")) is None
    assert rule.needed_runs(part(50.0).bound) == 3
    assert Rule("above", 98, 0.95).needed_runs(Share(10, 10)) == 183


def test_the_script_writes_the_same_files_twice(tmp_path: Path) -> None:
    paths = [tmp_path / "records" / "toy.csv", tmp_path / "theory" / "mixing.csv"]
    for path, table in zip(paths, [study(TRUTH, 1, scatter=0.5), THEORY["mixing"]], strict=True):
        path.parent.mkdir()
        table.to_csv(path, index=False)
    texts = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        out = {name: tmp_path / place / f"claims.{name}" for name in ("csv", "md", "tex")}
        listed = tmp_path / place / "claims-parts.csv"
        substituted = {"scale": "toy", "substitutions": ["Drawn, not real."]}
        script.main(CLAIMS, {"toy": experiment(TRUTH)}, substituted, paths, parts=listed, **out)
        texts.append([path.read_bytes() for path in (*out.values(), listed)])
    assert texts[0] == texts[1]
    page = (tmp_path / "one" / "claims.md").read_text(encoding="utf-8")
    assert (
        "| supported " in page and "| not supported " in page and "Drawn, not real." in page and "Scale: toy." in page
    )
    assert pd.read_csv(tmp_path / "one" / "claims.csv")["verdict"].tolist() == ledger()[0]["verdict"].tolist()
    assert r"\begin{tabular}" in (tmp_path / "one" / "claims.tex").read_text(encoding="utf-8")


def test_an_unknown_statistic_and_an_unknown_column_are_named() -> None:
    with pytest.raises(
        DatalinesError, match=r"claims\.x\.statistic: 'guess' is not known; write one of nobody-dominates"
    ):
        judge({"x": claim("guess")}, {}, {}, {})
    with pytest.raises(DatalinesError, match="no column towards in the table; it has between"):
        judge({"x": {**CLAIMS["theorem"], "options": {"value": "towards"}}}, {}, {}, THEORY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"statistic": "lines-difer"}, "did you mean 'lines-differ'"),
        ({"theory": "mixing"}, "give either experiment: <experiment> or theory: <simulation>"),
        ({"statistic": "always-holds"}, "reads a table of theory: give theory: <name>"),
        ({"options": {"sources": ["a", "b"]}}, "statistic lies-between needs options.mixtures"),
        ({"options": {"sources": ["a"], "mixtures": ["m"]}}, "options.sources lists 1"),
        ({"options": {"sources": ["a", "b"], "mixtures": "m"}}, "options.mixtures is 'm'; write a list of names"),
        ({"options": {"sources": ["a", "b"], "mixtures": ["m"], "quantty": "slope"}}, "did you mean 'quantity'"),
        ({"options": {"sources": ["a", "b"], "mixtures": ["m"], "quantity": "steep"}}, "write one of height, slope"),
        ({"level": 1.5}, "less than 1"),
    ],
)
def test_a_claim_that_cannot_be_measured_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace(".", r"\.")):
        Claim.model_validate(claim() | changes)


def test_names_that_a_claim_mentions_must_exist() -> None:
    fields = {name: experiment(TRUTH)[name] for name in ("families", "ensembles", "reference", "shifts")}
    spec = Experiment.model_validate({"title": "Toy", "suite": "all", **fields})
    found = Findings({})

    def check(**changes: Any) -> None:
        check_claim(
            ("papers", "p", "claims", "c"), Claim.model_validate(claim() | changes), {"toy": spec}, ["mixing"], found
        )

    check()
    check(statistic="always-holds", experiment=None, theory="mixing", options={"value": "between"})
    assert not found.problems
    check(shifts=["t"], options={"sources": ["a", "c"], "mixtures": ["m"]})
    check(experiment="tou")
    check(statistic="ensemble-on-line", options={"ensembles": ["e"], "mixture": "n"})
    check(statistic="always-holds", experiment=None, theory="mixin", options={"value": "between"})
    keys = [problem.key.removeprefix("papers.p.claims.c.") for problem in found.problems]
    assert keys == [
        "shifts[0]",
        "options.sources[1]",
        "experiment",
        "options.mixture",
        "options.ensembles[0]",
        "theory",
    ]


def test_the_page_of_definitions_names_every_statistic_and_column() -> None:
    page = (Path(inspect.getfile(script)).parents[2] / "docs" / "claims.md").read_text(encoding="utf-8")
    missing = [name for name in (*KINDS, *LEDGER, *PARTS) if f"`{name}`" not in page]
    assert not missing
