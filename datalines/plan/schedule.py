"""When jobs would run on a machine: each starts as soon as what it waits for is done and there is room for it."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from datalines.plan.jobs import Job
from datalines.plan.work import Work

SLACK = 1e-9


@dataclass(frozen=True)
class Machine:
    """Cores and GPUs, and how many parts of pools may be fetched at a time (the profile's resource `network`)."""

    cores: int
    gpus: int
    network: int = 1


@dataclass(frozen=True)
class Slot:
    """When a job starts and ends, in seconds from the beginning."""

    start: float
    end: float


def schedule(jobs: Sequence[Job], works: Sequence[Work], machine: Machine) -> list[Slot]:
    """A slot for each job: of those that are ready, the first in the list starts first, as Snakemake's greedy
    scheduler does where nothing sets priorities. Jobs that want more than the machine has take all that it has."""
    slots = [Slot(0.0, 0.0)] * len(jobs)
    wishes = [_wanted(job, work, machine) for job, work in zip(jobs, works, strict=True)]
    waits = [len(job.needs) for job in jobs]
    after: list[list[int]] = [[] for _ in jobs]
    for place, job in enumerate(jobs):
        for need in job.needs:
            after[need].append(place)
    free = [float(machine.cores), float(machine.gpus), float(machine.network)]
    ready = [place for place, count in enumerate(waits) if count == 0]
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        for place in list(ready):
            if all(want <= left + SLACK for want, left in zip(wishes[place], free, strict=True)):
                free = [left - want for want, left in zip(wishes[place], free, strict=True)]
                slots[place] = Slot(now, now + works[place].seconds)
                heapq.heappush(running, (slots[place].end, place))
                ready.remove(place)
            elif free[0] < 1:
                break
        now, ended = heapq.heappop(running)
        free = [left + want for want, left in zip(wishes[ended], free, strict=True)]
        for place in after[ended]:
            waits[place] -= 1
            if waits[place] == 0:
                ready.append(place)
        ready.sort()
    return slots


def busy(slots: Sequence[Slot]) -> float:
    """Seconds during which at least one of some slots is taken."""
    total, until = 0.0, 0.0
    for slot in sorted(slots, key=lambda slot: slot.start):
        total += max(0.0, slot.end - max(slot.start, until))
        until = max(until, slot.end)
    return total


def _wanted(job: Job, work: Work, machine: Machine) -> tuple[float, float, float]:
    return (
        float(min(work.cores, machine.cores)),
        min(work.gpus, float(machine.gpus)),
        float(min(job.network, machine.network)),
    )
