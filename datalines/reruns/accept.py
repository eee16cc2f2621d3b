"""Accepting changes as harmless: written down with both digests, and noted for Snakemake, so that nothing reruns."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from datalines.acceptances import Acceptance, record
from datalines.audit.results import Receipt
from datalines.audit.verdicts import Verdict
from datalines.errors import DatalinesError
from datalines.files import sha256_file
from datalines.reruns.explanation import Group, grouped
from datalines.reruns.graph import Asked, Graph, Step, inside, opened
from datalines.reruns.notes import check_idle, settle, writing
from datalines.reruns.targets import Target
from datalines.reruns.why import CHANGES, Cause, Kind, Reader, changed_from, changed_to


class AcceptError(DatalinesError):
    """Nothing to accept, or something that nobody can accept."""


@dataclass(frozen=True)
class Said:
    """A person's word: why the changes do no harm, who says so, and when."""

    reason: str
    who: str
    when: str


@dataclass(frozen=True)
class Accepted:
    """What was accepted, and the jobs that Snakemake would run for the target all the same."""

    entries: list[Acceptance]
    groups: list[Group]
    left: list[str]

    def content(self) -> dict[str, Any]:
        """As plain data."""
        groups = [asdict(group) for group in self.groups]
        return {"entries": [entry.content() for entry in self.entries], "changes": groups, "left": self.left}


def accept(checkout: Path, asked: Asked, target: Target, said: Said) -> Accepted:
    """Accept every change for which Snakemake would run a job for a target.

    Raises AcceptError where nothing changed, where a file is not what its receipt says, and where a file is missing or
    was never made, which no word can replace.
    """
    if not said.reason.strip():
        raise AcceptError("an acceptance needs a reason that a reader of the audit can judge; write --because '...'")
    check_idle(checkout)
    with opened(checkout, asked) as graph:
        places = target.places(graph)
        reader = Reader(graph)
        changed = _changed(graph, reader, places, target.name)
        _check_contents(graph, reader, [place for place in places if graph.steps[place].runs])
        entries = [
            entry for place, causes in changed.items() for entry in _entries(graph.steps[place], reader, causes, said)
        ]
        with writing(graph.root):
            record(graph.root, entries)
            settle(graph, changed)
        groups = grouped(graph, changed)
    with opened(checkout, asked) as graph:
        left = [graph.steps[place].name for place in target.places(graph) if graph.steps[place].runs]
    return Accepted(entries, groups, left)


def _changed(graph: Graph, reader: Reader, places: Collection[int], name: str) -> dict[int, list[Cause]]:
    """The jobs with changes of their own, as if no other job would run: nothing that is there will be made again."""
    running = [place for place in sorted(places) if graph.steps[place].runs]
    if not running:
        raise AcceptError(f"nothing would run for {name}, so there is nothing to accept")
    changed = {place: causes for place in running if (causes := reader.causes(graph.steps[place]))}
    for place, causes in changed.items():
        for cause in causes:
            if cause.kind in (Kind.NEVER, Kind.MISSING, Kind.INTERRUPTED):
                what = cause.what or "what it makes"
                raise AcceptError(
                    f"{graph.steps[place].name} must run for {name}: {what} is {_state(cause)}. Run Snakemake for that "
                    "first, or name a TARGET that does not need it"
                )
            if cause.kind is Kind.INPUT and cause.before is None:
                raise AcceptError(
                    f"{graph.steps[place].name} left no receipt that says what it was made of; run it again"
                )
    if not any(cause.kind in CHANGES for causes in changed.values() for cause in causes):
        raise AcceptError(
            f"nothing changed that {name} is made of: only times or Snakemake's own notes differ. `datalines "
            "rehydrate` writes them anew from the receipts"
        )
    return changed


def _state(cause: Cause) -> str:
    return "not finished, its job was interrupted" if cause.kind is Kind.INTERRUPTED else str(cause.kind)


def _check_contents(graph: Graph, reader: Reader, running: Sequence[int]) -> None:
    """Refuse files that are not what the receipts of the jobs that made them say."""
    steps = [graph.steps[place] for place in running]
    for path in dict.fromkeys(path for step in steps for path in (*step.outputs, *step.inputs)):
        made = reader.results.artifacts.get(inside(path, graph.root))
        if made is not None and Path(path).is_file() and sha256_file(Path(path)) != made.sha256:
            raise AcceptError(
                f"{path} is not the file that {graph.root / made.receipt} says was made: it was altered since, which "
                "nobody can accept. Put the right file back, or delete it and run Snakemake"
            )


def _entries(step: Step, reader: Reader, causes: Sequence[Cause], said: Said) -> list[Acceptance]:
    receipt = reader.receipt(step)
    if receipt is None:
        return []
    changes = dict.fromkeys(_digests(cause, step, receipt) for cause in causes if cause.kind in CHANGES)
    blank = Acceptance("", Verdict.STALE.value, said.reason.strip(), said.who, said.when, "", "")
    outputs = [inside(path, reader.root) for path in step.outputs]
    return [replace(blank, artifact=path, before=old, to=new) for old, new in changes for path in outputs]


def _digests(cause: Cause, step: Step, receipt: Receipt) -> tuple[str, str]:
    return changed_from(cause, receipt), changed_to(cause, step)
