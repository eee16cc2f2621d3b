"""Why a job would run, from its receipt: what was it made of and by, and what of that is another now."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from datalines.acceptances import Acceptance, accepted
from datalines.audit.results import Receipt, Results, ResultsError, read_results
from datalines.files import LARGE, digest_json
from datalines.receipts import known_digest
from datalines.reruns.graph import Graph, Step, inside
from datalines.reruns.modules import Changed, changed_modules, reached_of

SCRIPTS = "workflow/scripts/"
NOT_SET = "not set"


class Kind(StrEnum):
    """What is another than when a job's outputs were made."""

    NEVER = "never made"
    MISSING = "missing"
    INTERRUPTED = "interrupted"
    INPUT = "input"
    ADDED = "input added"
    GONE = "input gone"
    PARAM = "parameter"
    CODE = "code"
    SOFTWARE = "software environment"
    TIME = "time only"
    NOTES = "snakemake's notes"
    ASKED = "asked for"


CHANGES = (Kind.INPUT, Kind.ADDED, Kind.GONE, Kind.PARAM, Kind.CODE, Kind.SOFTWARE)
"""What a person can accept as harmless."""


@dataclass(frozen=True)
class Cause:
    """One thing that is another. `what` is a file or the place of a parameter; digests or values before and now."""

    kind: Kind
    what: str = ""
    before: Any = None
    now: Any = None
    maker: str = ""
    """The job that made an input, where its receipt is there."""
    modules: tuple[str, ...] = ()
    since: str = ""
    """What the modules were compared with."""
    accepted: str = ""
    """Who said why it does no harm, where somebody has."""


class Reader:
    """Receipts, digests and acceptances of a graph's results, read once. `supposed` are files of code that are only
    supposed to have changed."""

    def __init__(self, graph: Graph, supposed: frozenset[str] = frozenset()) -> None:
        self.root, self.supposed = graph.root, supposed
        self.results = _results(graph.root)
        self.receipts = {receipt.path: receipt for receipt in self.results.receipts}
        self.acceptances: list[Acceptance] = accepted(graph.root)
        self._digests: dict[str, str | None] = {}
        self._changed: dict[tuple[tuple[str, ...], str, str], Changed | None] = {}

    def receipt(self, step: Step) -> Receipt | None:
        """The receipt that a job of the graph left, if it did."""
        return self.receipts.get(inside(step.receipt, self.root)) if step.receipt else None

    def digest(self, path: str, thorough: bool = True) -> str | None:
        """Digest of a file's content; None where it is not there, or where it is large, nobody vouches for it and
        `thorough` is false."""
        file = Path(path)
        if not file.is_file():
            return None
        if not thorough and file.stat().st_size >= LARGE and self.results.maker(inside(path, self.root)) is None:
            return None
        if path not in self._digests:
            self._digests[path] = known_digest(file, self.root)
        return self._digests[path]

    def causes(self, step: Step, ignored: frozenset[str] = frozenset()) -> list[Cause]:
        """Why a job would run, for reasons of its own; empty where it only follows others. `ignored` are inputs that
        another job is about to make again."""
        receipt = self.receipt(step)
        there = [path for path in step.outputs if Path(path).is_file()]
        if not there and receipt is None:
            return [Cause(Kind.NEVER)]
        found = [Cause(Kind.INTERRUPTED, path) for path in sorted(step.unfinished)]
        found += [Cause(Kind.MISSING, path) for path in step.outputs if path not in there and path in step.missing]
        if receipt is not None:
            found += self.changes(step, receipt, ignored)
        if "software" in step.reasons:
            found.append(Cause(Kind.SOFTWARE))
        return found or [*self._unexplained(step, receipt is not None)]

    def changes(self, step: Step, receipt: Receipt, ignored: frozenset[str] = frozenset()) -> list[Cause]:
        """What differs from a job's receipt."""
        found = [*self._inputs(step, receipt, ignored), *self._params(step, receipt)]
        return [self._with_acceptance(cause, step) for cause in found]

    def _unexplained(self, step: Step, received: bool) -> Iterator[Cause]:
        """What Snakemake says where receipts say nothing."""
        if step.updated and not received:
            yield from (Cause(Kind.INPUT, path, None, self.digest(path), self._maker(path)) for path in step.updated)
        elif step.updated:
            yield from (Cause(Kind.TIME, path) for path in sorted(step.updated))
        elif step.reasons & {"params", "inputs"}:
            yield Cause(Kind.NOTES, " and ".join(sorted(step.reasons & {"params", "inputs"})))
        elif "forced" in step.reasons and not step.unfinished:
            yield Cause(Kind.ASKED)

    def _inputs(self, step: Step, receipt: Receipt, ignored: frozenset[str]) -> Iterator[Cause]:
        given = {inside(path, self.root): path for path in dict.fromkeys(step.inputs)}
        for place, path in given.items():
            if path in ignored or path in step.ancient:
                continue
            before = receipt.inputs.get(place)
            now = self.digest(path, thorough=path in step.updated)
            if now is None or now == before:
                continue
            yield Cause(Kind.INPUT if before else Kind.ADDED, path, before, now, self._maker(path))
        for place, before in receipt.inputs.items():
            if place not in given:
                yield Cause(Kind.GONE, (self.root / place).as_posix(), before)

    def _params(self, step: Step, receipt: Receipt) -> Iterator[Cause]:
        before, now = dict(receipt.params), dict(step.params)
        old, new = before.pop("code", None), now.pop("code", None)
        if old != new:
            changed = self._modules(step, str(old), str(new))
            yield Cause(Kind.CODE, step.rule, old, new, "", *((changed.modules, changed.since) if changed else ()))
        yield from (Cause(Kind.PARAM, *difference) for difference in differences(before, now))

    def _modules(self, step: Step, before: str, now: str) -> Changed | None:
        scripts = (f"{SCRIPTS}{step.rule}.py", *(path for path in step.inputs if path.startswith(SCRIPTS)))
        key = (scripts, before, now)
        if key not in self._changed:
            among = reached_of(self.supposed, scripts)
            self._changed[key] = Changed(among, "") if among else changed_modules(*key)
        return self._changed[key]

    def _maker(self, path: str) -> str:
        receipt = self.results.maker(inside(path, self.root))
        return " ".join([receipt.rule, "-".join(receipt.wildcards.values())]).strip() if receipt else ""

    def _with_acceptance(self, cause: Cause, step: Step) -> Cause:
        """The cause with a person's word, if there is one for every file that the job makes."""
        now = changed_to(cause, step)
        said = [entry for entry in self.acceptances if now and entry.to == now]
        outputs = [inside(path, self.root) for path in step.outputs]
        if not said or not all(any(entry.covers(path) for entry in said) for path in outputs):
            return cause
        last = next(entry for entry in reversed(said) if entry.covers(outputs[0]))
        return replace(cause, accepted=f"{last.who}, {last.when}: {last.reason}")


def changed_to(cause: Cause, step: Step) -> str:
    """The digest that stands in an acceptance for what a cause changed to: of an input, of the code, of all params."""
    if cause.kind is Kind.PARAM:
        return params_digest(step.params)
    return "" if cause.now is None else str(cause.now)


def changed_from(cause: Cause, receipt: Receipt) -> str:
    """The same for what it was."""
    if cause.kind is Kind.PARAM:
        return params_digest(receipt.params)
    return "" if cause.before is None else str(cause.before)


def params_digest(params: Mapping[str, Any]) -> str:
    """Digest of a rule's params without the code's digest, which is one of its own."""
    return digest_json({name: value for name, value in params.items() if name != "code"})


def differences(before: Any, now: Any, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(place, before, now) of every value that differs; lists of unequal length as a whole."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            place = f"{at}.{key}" if at else str(key)
            yield from differences(before.get(key, NOT_SET), now.get(key, NOT_SET), place)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from differences(old, new, f"{at}[{number}]")
    elif json.dumps(before, sort_keys=True) != json.dumps(now, sort_keys=True):
        yield at, before, now


def _results(root: Path) -> Results:
    with suppress(ResultsError):
        return read_results(root)
    return Results(root, [], {}, [], {})
