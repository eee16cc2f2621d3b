"""Runs the checks of an audit level and those below it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datalines.audit import acceptances, closure, descent, integrity, inventory
from datalines.audit.acceptances import Acceptance
from datalines.audit.levels import LEVELS
from datalines.audit.results import Results, read_results
from datalines.audit.verdicts import Check, Verdict

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Options:
    """How an audit is made, beside its level."""

    seed: int = 0
    full: bool = False
    jobs: int = 1
    checkout: Path = CHECKOUT
    cell: str | None = None
    models: int = 2
    images: int = 200


@dataclass
class Audit:
    """A finished audit: the folder as its receipts tell it, the checks, and what people had accepted."""

    results: Results
    level: str
    options: Options
    checks: list[Check] = field(default_factory=list)
    accepted: list[tuple[Acceptance, int]] = field(default_factory=list)


def audit(folder: Path, level: str, seed: int = 0, full: bool = False, jobs: int = 1, **more: Any) -> list[Check]:
    """The checks of a level and those below it; `more` are further Options."""
    return run(folder, level, Options(seed, full, jobs, **more)).checks


def run(folder: Path, level: str, options: Options, tell: Callable[[str], None] = lambda text: None) -> Audit:
    """Audit a results folder; `tell` hears which level begins.

    Raises ResultsError if the folder holds no receipts. What goes wrong within a check is a finding.
    """
    results = read_results(folder)
    done = Audit(results, level, options)
    for name in LEVELS[: LEVELS.index(level) + 1]:
        tell(f"level {name} ...")
        done.checks += [check for part in _parts(name, results, options) for check in _made(name, part)]
    accepted, check = acceptances.read(results)
    done.checks.append(check)
    used = acceptances.apply(results, done.checks, accepted)
    if any(check.name == descent.ORIGIN for check in done.checks):
        done.checks.append(descent.check(results, done.checks))
        more = acceptances.apply(results, done.checks[-1:], accepted)
        used = [first + second for first, second in zip(used, more, strict=True)]
    done.accepted = list(zip(accepted, used, strict=True))
    return done


def _parts(level: str, results: Results, options: Options) -> list[Callable[[], list[Check]]]:
    """The calls that make a level's checks. What needs more than a bare Python is imported when it is called."""

    def other(name: str, *arguments: Any) -> Callable[[], list[Check]]:
        return lambda: importlib.import_module(f"datalines.audit.{name}").checks(results, options.checkout, *arguments)

    parts: dict[str, list[Callable[[], list[Check]]]] = {
        "inventory": [lambda: inventory.checks(results)],
        "integrity": [lambda: integrity.checks(results, options.seed, options.full, options.jobs)],
        "closure": [lambda: closure.checks(results, options.full), other("proofs")],
        "recompute": [other("recompute", options.seed, options.jobs)],
        "sample": [other("sampled", options.seed, options.models, options.images, options.jobs)],
        "rerun": [other("rerun", options.cell)],
    }
    return parts[level]


def _made(level: str, part: Callable[[], list[Check]]) -> list[Check]:
    """A part's checks; one that breaks off is a check with a finding, so that an audit of a damaged folder ends."""
    try:
        return part()
    except Exception as error:
        check = Check(f"{level}-broken-off", level, f"All checks of level {level} could be made.")
        reason = str(error) or "no reason given"
        check.add(".", Verdict.UNVERIFIABLE, f"a check broke off: {type(error).__name__}: {reason}")
        return [check]
