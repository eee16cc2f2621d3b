"""What a study took: jobs, processor and GPU hours by rule, machines, bytes."""

import json
from contextlib import suppress
from dataclasses import dataclass, field

from datalines.audit.results import Receipt, Results
from datalines.exchange.facts import environment

HOUR = 3600.0


@dataclass
class Effort:
    """Sums over the jobs of a rule."""

    jobs: int = 0
    wall_hours: float = 0.0
    core_hours: float = 0.0
    gpu_hours: float = 0.0
    hosts: set[str] = field(default_factory=set)
    machines: set[str] = field(default_factory=set)
    gpus: set[str] = field(default_factory=set)

    def add(self, other: "Effort") -> None:
        """Take another effort in."""
        self.jobs += other.jobs
        self.wall_hours += other.wall_hours
        self.core_hours += other.core_hours
        self.gpu_hours += other.gpu_hours
        for name in ("hosts", "machines", "gpus"):
            getattr(self, name).update(getattr(other, name))


def effort_of(results: Results, receipt: Receipt) -> Effort:
    """One job. Core hours are those of the threads that it was given, whether it used them or not."""
    hours = float(receipt.said["seconds"]) / HOUR
    used = gpus_used(results, receipt)
    return Effort(
        jobs=1,
        wall_hours=hours,
        core_hours=hours * int(receipt.said.get("threads") or 1),
        gpu_hours=hours * used,
        hosts={str(receipt.said["host"])} if receipt.said.get("host") else set(),
        machines={str(receipt.said["machine"])} if receipt.said.get("machine") else set(),
        gpus=set(environment(receipt).get("gpus", [])) if used else set(),
    )


def gpus_used(results: Results, receipt: Receipt) -> int:
    """GPUs of a job: its processes, where what it made says that it ran on one."""
    for path in receipt.outputs:
        if path.endswith(".json"):
            with suppress(OSError, ValueError):
                said = json.loads(results.file(path).read_text(encoding="utf-8"))
                if isinstance(said, dict) and str(said.get("device", "")).startswith("cuda"):
                    return int(said.get("ranks", 1))
    return 0


def by_rule(results: Results) -> dict[str, Effort]:
    """Efforts of all rules, by name."""
    efforts: dict[str, Effort] = {}
    for receipt in results.receipts:
        efforts.setdefault(receipt.rule, Effort()).add(effort_of(results, receipt))
    return dict(sorted(efforts.items()))


def total(efforts: dict[str, Effort]) -> Effort:
    """All rules together."""
    whole = Effort()
    for effort in efforts.values():
        whole.add(effort)
    return whole
