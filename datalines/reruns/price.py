"""What jobs would cost: by the plan's cost model, and what the same jobs took when they ran last."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from datalines.plan.jobs import Planned, jobs_of
from datalines.plan.schedule import Machine
from datalines.plan.table import Plan, duration, make_plan
from datalines.reruns.graph import Graph
from datalines.reruns.why import Reader


@dataclass(frozen=True)
class Price:
    """The plan of some jobs, and the seconds that receipts state for those of them that ran before."""

    plan: Plan
    seconds: float
    measured: int

    def content(self) -> dict[str, Any]:
        """As plain data."""
        return {"plan": self.plan.content(), "last_time": {"seconds": self.seconds, "jobs": self.measured}}

    def sentences(self) -> list[str]:
        """The price in words; nothing where nothing runs."""
        total = self.plan.total
        if not total.jobs:
            return []
        parts = [f"{total.core_hours:.2f} core hours"]
        parts += [f"{total.gpu_hours:.2f} GPU hours"] if total.gpu_hours else []
        machine = self.plan.machine
        on = f"{machine.cores} core{'s' if machine.cores > 1 else ''}" + (
            f" and {machine.gpus} GPU{'s' if machine.gpus > 1 else ''}" if machine.gpus else ""
        )
        lines = [f"Price: {', '.join(parts)}; about {duration(total.wall_seconds)} on {on} (datalines plan)."]
        if self.measured:
            lines.append(
                f"Last time, {self.measured} of these {total.jobs} jobs took {duration(self.seconds)} in all, one "
                "after another."
            )
        return lines


def price(graph: Graph, reader: Reader, places: Collection[int], machine: Machine) -> Price:
    """The price of the jobs at some places of the graph."""
    chosen = sorted(places)
    jobs = jobs_of(graph, chosen)
    receipts = [reader.receipt(graph.steps[place]) for place in chosen]
    seconds = [float(receipt.said.get("seconds") or 0) for receipt in receipts if receipt is not None]
    plan = make_plan(graph.study, Planned(jobs, len(graph.steps) - len(jobs)), machine)
    return Price(plan, round(sum(seconds), 3), len(seconds))
