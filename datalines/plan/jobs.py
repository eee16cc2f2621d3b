"""The jobs that Snakemake would start now, from a dry run in this process: a plan that cannot differ from the graph."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake.cli import parse_config

from datalines.reruns.graph import Asked, Graph, opened


@dataclass(frozen=True)
class Job:
    """One job: rule, wildcards, places in the list of the jobs that it waits for, and what the profile gives it."""

    rule: str
    wildcards: dict[str, str]
    needs: tuple[int, ...] = ()
    threads: int = 1
    gpus: int = 0
    network: int = 0


@dataclass(frozen=True)
class Planned:
    """The jobs to run, each after those that it waits for, and how many of the graph are done already."""

    jobs: tuple[Job, ...]
    done: int


def planned(
    checkout: Path, config: Sequence[str] = (), profile: str = "profiles/local", cores: int | None = None
) -> Planned:
    """What `snakemake --dry-run --workflow-profile PROFILE --cores CORES --config CONFIG` in `checkout` would start,
    but for the rule that only gathers files; without `cores`, all of this machine.

    Data need not be there. Raises GraphError where Snakemake would stop, a wrong configuration included.
    """
    with opened(checkout, Asked(tuple(config), profile, cores)) as graph:
        running = [place for place, step in enumerate(graph.steps) if step.runs]
        return Planned(jobs_of(graph, running), len(graph.steps) - len(running))


def overrides(config: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` pairs as Snakemake reads them."""
    return dict(parse_config(list(config)))


def jobs_of(graph: Graph, places: Collection[int]) -> tuple[Job, ...]:
    """Some jobs of the graph, in its order, as the plan reckons with them."""
    order = {place: number for number, place in enumerate(sorted(places))}
    found = []
    for place in order:
        step, job = graph.steps[place], graph.jobs[place]
        found.append(
            Job(
                rule=step.rule,
                wildcards=step.wildcards,
                needs=tuple(sorted(order[need] for need in step.needs if need in order)),
                threads=int(job.threads),
                gpus=_whole(job.resources.get("gpu", 0)),
                network=_whole(job.resources.get("network", 0)),
            )
        )
    return tuple(found)


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
