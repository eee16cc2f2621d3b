"""The plan as rows by rule, as text and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from datalines.config.study import Study
from datalines.fetch.download import size_text
from datalines.plan.jobs import Planned
from datalines.plan.schedule import Machine, Slot, busy, schedule
from datalines.plan.work import Estimate, Work

HEADER = ("rule", "jobs", "items", "core h", "GPU h", "bytes", "wall")
HOUR = 3600.0
DAY = 24 * HOUR
YEAR = 365 * DAY


@dataclass(frozen=True)
class Row:
    """One rule's jobs together; `wall_seconds` is the time during which at least one of them runs."""

    rule: str
    jobs: int
    items: float
    core_hours: float
    gpu_hours: float
    bytes: float
    wall_seconds: float


@dataclass(frozen=True)
class Plan:
    """Rows in the order in which rules come first, the whole, what it was reckoned for, and what is not counted."""

    scale: str
    machine: Machine
    hardware: dict[str, str]
    done: int
    rows: list[Row]
    total: Row
    unknown: dict[str, str]

    def content(self) -> dict[str, Any]:
        """The plan as plain data."""
        return asdict(self)


def make_plan(study: Study, found: Planned, machine: Machine) -> Plan:
    """The plan of some jobs on a machine."""
    estimate = Estimate(study, gpus=machine.gpus > 0)
    works = [estimate.work(job) for job in found.jobs]
    slots = schedule(found.jobs, works, machine)
    rules = list(dict.fromkeys(job.rule for job in found.jobs))
    rows = []
    for rule in rules:
        own = [place for place, job in enumerate(found.jobs) if job.rule == rule]
        rows.append(_row(rule, [works[place] for place in own], [slots[place] for place in own]))
    hardware = {str(name): text for name, text in study.costs.hardware.items()}
    return Plan(study.scale, machine, hardware, found.done, rows, _row("total", works, slots), estimate.unknown)


def _row(name: str, works: Sequence[Work], slots: Sequence[Slot]) -> Row:
    return Row(
        rule=name,
        jobs=len(works),
        items=sum(work.items for work in works),
        core_hours=sum(work.core_seconds for work in works) / HOUR,
        gpu_hours=sum(work.gpu_seconds for work in works) / HOUR,
        bytes=sum(work.bytes for work in works),
        wall_seconds=busy(slots),
    )


def cells(row: Row) -> tuple[str, ...]:
    """A row as it is printed."""
    return (
        row.rule,
        f"{row.jobs:,}",
        f"{row.items:,.0f}" if row.items and row.rule != "total" else "",
        _hours(row.core_hours),
        _hours(row.gpu_hours),
        size_text(round(row.bytes)) if row.bytes >= 1 else "",
        duration(row.wall_seconds),
    )


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.2f}" if hours else ""


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 20 min`, `4 d 3 h`, `2.1 years`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / 60:.0f} min"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h {seconds % HOUR // 60:.0f} min"
    if seconds < YEAR:
        return f"{seconds // DAY:.0f} d {seconds % DAY // HOUR:.0f} h"
    return f"{seconds / YEAR:.1f} years"
