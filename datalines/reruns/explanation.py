"""What would run for a target: changes and the jobs that they concern, what only follows, and where receipts and
Snakemake disagree."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from datalines.reruns.graph import Graph, Step
from datalines.reruns.why import CHANGES, Cause, Kind, Reader


@dataclass(frozen=True)
class Group:
    """Jobs of one rule that would run for the same causes."""

    rule: str
    jobs: tuple[str, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Follows:
    """Jobs of one rule that would run only because jobs of other rules do."""

    rule: str
    jobs: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """Why and what would run for a target. `unseen` are jobs whose receipts state something else than what is asked
    for now, and which Snakemake would not run."""

    target: str
    scale: str
    done: int
    groups: list[Group]
    follows: list[Follows]
    unseen: list[Group]
    places: tuple[int, ...] = field(repr=False)
    """The jobs that would run, by their places in the graph."""

    @property
    def jobs(self) -> int:
        """How many jobs would run."""
        return len(self.places)

    def content(self) -> dict[str, Any]:
        """As plain data."""
        whole = asdict(self)
        return {**{key: value for key, value in whole.items() if key != "places"}, "jobs": self.jobs}


def explain(graph: Graph, reader: Reader, target: str, places: Collection[int]) -> Explanation:
    """Explain what would run among some jobs of the graph."""
    running = sorted(place for place in places if graph.steps[place].runs)
    remade = frozenset(path for place in running for path in graph.steps[place].outputs)
    own: dict[int, list[Cause]] = {}
    for place in running:
        step = graph.steps[place]
        own[place] = reader.causes(step, remade - set(step.outputs))
    following = [place for place in running if not own[place]]
    idle = sorted(place for place in places if not graph.steps[place].runs)
    unseen = {place: _unseen(graph.steps[place], reader, remade) for place in idle}
    return Explanation(
        target=target,
        scale=graph.study.scale,
        done=len(idle),
        groups=grouped(graph, {place: causes for place, causes in own.items() if causes}),
        follows=_follows(graph, following, set(running)),
        unseen=grouped(graph, {place: causes for place, causes in unseen.items() if causes}),
        places=tuple(running),
    )


def _unseen(step: Step, reader: Reader, remade: frozenset[str]) -> list[Cause]:
    receipt = reader.receipt(step)
    if receipt is None:
        return []
    causes = reader.changes(step, receipt, remade)
    return [cause for cause in causes if cause.kind in CHANGES and not cause.accepted]


def grouped(graph: Graph, own: Mapping[int, list[Cause]]) -> list[Group]:
    """Jobs with the same causes together, in the order in which they could run."""
    found: dict[tuple[str, tuple[Any, ...]], list[int]] = {}
    for place, causes in own.items():
        step = graph.steps[place]
        found.setdefault((step.rule, tuple(_told(cause, step) for cause in causes)), []).append(place)
    return [
        Group(rule, tuple(sorted(graph.steps[place].name for place in places)), tuple(own[places[0]]))
        for (rule, _), places in found.items()
    ]


def _told(cause: Cause, step: Step) -> tuple[Any, ...]:
    """A cause without what differs from job to job and makes it no other: the job's own files, digests of its code."""
    if cause.kind is Kind.CODE and cause.modules:
        return cause.kind, cause.modules, cause.since, cause.accepted
    what = "" if cause.what in step.outputs else cause.what
    return cause.kind, what, repr(cause.before), repr(cause.now), cause.accepted


def _follows(graph: Graph, following: list[int], running: set[int]) -> list[Follows]:
    rules: dict[str, list[int]] = {}
    for place in following:
        rules.setdefault(graph.steps[place].rule, []).append(place)
    found = []
    for rule, places in rules.items():
        needs = Counter(
            graph.steps[need].rule for place in places for need in graph.steps[place].needs if need in running
        )
        found.append(Follows(rule, tuple(sorted(graph.steps[place].name for place in places)), tuple(sorted(needs))))
    return found
