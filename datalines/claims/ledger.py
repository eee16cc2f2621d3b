"""The ledger: one row per claim, and one per part of a claim, computed from records and tables of the theory."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from datalines.claims.bounds import Unknown
from datalines.claims.kinds import KINDS
from datalines.claims.lines import Lines
from datalines.claims.parts import Part, Question, total
from datalines.claims.registry import OF_LINES, OF_THEORY
from datalines.claims.verdict import MOST_RUNS, REFUTED, SUPPORTED, UNDERPOWERED, Rule, lacking
from datalines.errors import DatalinesError

LEDGER = [
    *["claim", "text", "source", "statistic", "of", "shifts", "test", "threshold", "unit", "level", "effect", "low"],
    *["high", "n", "runs", "fewest_runs", "parts", "verdict", "needed_runs", "detectable", "deciding", "sentence"],
]
PARTS = [
    *["claim", "part", "at", "effect", "low", "high", "test", "threshold", "unit", "n", "runs", "fewest_runs"],
    *["verdict", "needed_runs", "detectable", "note"],
]


def judge(
    claims: Mapping[str, Mapping[str, Any]],
    experiments: Mapping[str, Mapping[str, Any]],
    records: Mapping[str, pd.DataFrame],
    theory: Mapping[str, pd.DataFrame],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ledger (a row per claim, columns LEDGER) and its parts (columns PARTS), in the order of the claims.

    `claims` and `experiments` are sections of the configuration, `records` and `theory` the tables by experiment and
    by simulation. A claim whose table is not given is underpowered, with that reason.
    """
    rows, parts = [], []
    drawn = {slug: Lines(table, experiments[slug]) for slug, table in records.items() if slug in experiments}
    for slug, claim in claims.items():
        if claim["statistic"] not in KINDS:
            known = ", ".join(KINDS)
            raise DatalinesError(f"claims.{slug}.statistic: {claim['statistic']!r} is not known; write one of {known}")
        found = _measure(claim, drawn, theory)
        options = claim.get("options") or {}
        rule = Rule(
            KINDS[claim["statistic"]].test,
            float(claim["threshold"]),
            float(claim.get("level", 0.95)),
            str(options.get("parts", "all")),
        )
        rows.append(_row(slug, claim, rule, found))
        parts += [_part_row(slug, claim, rule, part) for part in found]
    ledger, listed = pd.DataFrame(rows, columns=LEDGER), pd.DataFrame(parts, columns=PARTS)
    whole = ["fewest_runs", "needed_runs"]
    return ledger.astype(dict.fromkeys(whole, "Int64")), listed.astype(dict.fromkeys(whole, "Int64"))


def _measure(claim: Mapping[str, Any], drawn: Mapping[str, Lines], theory: Mapping[str, pd.DataFrame]) -> list[Part]:
    options, statistic = claim.get("options") or {}, claim["statistic"]
    if KINDS[statistic].reads == "theory":
        name = str(claim.get("theory"))
        if name not in theory:
            return [Part("all", Unknown(f"there is no table of simulation {name} at this scale"))]
        return OF_THEORY[statistic](theory[name], options, float(claim.get("level", 0.95)))
    name = str(claim.get("experiment"))
    if name not in drawn:
        return [Part("all", Unknown(f"there are no records of experiment {name} at this scale"))]
    shifts = list(claim.get("shifts") or drawn[name].experiment["shifts"])
    return OF_LINES[statistic](Question(drawn[name], shifts, options))


def _numbers(rule: Rule, parts: list[Part]) -> dict[str, Any]:
    """Effect, interval, counts and power of one part, or of all of a claim's parts together."""
    bound = rule.whole(parts)
    n, runs, fewest = total(parts)
    low, high = bound.lower(rule.tail), bound.upper(rule.tail)
    return {
        "effect": bound.effect,
        "low": low if math.isfinite(low) else math.nan,
        "high": high if math.isfinite(high) else math.nan,
        "test": rule.test,
        "threshold": rule.threshold,
        "n": n,
        "runs": runs,
        "fewest_runs": fewest,
        "verdict": rule.judge(parts),
        "needed_runs": rule.needed_runs(bound),
        "detectable": rule.detectable(bound),
    }


def _row(slug: str, claim: Mapping[str, Any], rule: Rule, parts: list[Part]) -> dict[str, Any]:
    numbers = _numbers(rule, parts)
    deciding = rule.deciding(parts, numbers["verdict"])
    return {
        "claim": slug,
        **{key: claim[key] for key in ("source", "statistic", "unit")},
        "text": claim["claim"],
        "of": claim.get("experiment") or f"theory/{claim['theory']}",
        "shifts": " ".join(claim.get("shifts") or []),
        "level": rule.level,
        "parts": len(parts),
        "deciding": deciding.label,
        **numbers,
        "sentence": _sentence(rule, deciding, numbers, str(claim["unit"])),
    }


def _part_row(slug: str, claim: Mapping[str, Any], rule: Rule, part: Part) -> dict[str, Any]:
    note = "; ".join(text for text in (part.refuted, part.reason, lacking(part), part.note) if text)
    return {"claim": slug, "part": part.label, "at": part.at, "unit": claim["unit"], "note": note} | _numbers(
        rule, [part]
    )


def _sentence(rule: Rule, part: Part, numbers: Mapping[str, Any], unit: str) -> str:
    """One sentence for the ledger: the deciding part, its number against the threshold, and what is missing."""
    verdict = str(numbers["verdict"])
    low, high = part.bound.lower(rule.tail), part.bound.upper(rule.tail)
    if part.refuted:
        return f"Not supported: {part.label}: {part.refuted}."
    needed = numbers["needed_runs"]
    if not rule.measured(part):
        more = f"; about {needed} runs a family would settle it if all scatter alike" if needed else ""
        return f"Underpowered: {part.label}: {part.reason or lacking(part)}{more}."
    text = (
        f"{part.label}: {part.bound.effect:.3g} {unit} [{low:.3g}, {high:.3g}], "
        f"claimed to lie {rule.test} {rule.threshold:g}"
    )
    if verdict == UNDERPOWERED:
        runs = f"about {needed} runs a family would settle it" if needed else f"{MOST_RUNS:,} runs would not settle it"
        return f"Underpowered: {text}; at this effect {runs}."
    begin = {SUPPORTED: "Supported", REFUTED: "Not supported"}[verdict]
    return f"{begin}: {text} ({part.note})."
