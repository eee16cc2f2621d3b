"""What a statistic gives back: the parts of a claim, each a bounded number with the records behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from datalines.claims.bounds import Bound, Unknown
from datalines.claims.lines import Lines, RunLine


class Sample(NamedTuple):
    """How many points (or cases) and how many runs stand behind a number."""

    n: int
    runs: int


@dataclass(frozen=True)
class Part:
    """One part of a claim.

    `samples` are keyed by (family, shift); `at` is the reference accuracy at which lines are compared, in percent;
    `note` says what the number is made of; `refuted` is why a single exception settles it, empty if none does.
    """

    label: str
    bound: Bound
    samples: Mapping[tuple[str, str], Sample] = field(default_factory=dict)
    at: float | None = None
    note: str = ""
    refuted: str = ""

    @property
    def reason(self) -> str:
        """Why there is no number; empty if there is one."""
        return self.bound.reason if isinstance(self.bound, Unknown) else ""


@dataclass(frozen=True)
class Question:
    """What a statistic of an experiment works on: its lines, the shifts, the claim's options."""

    lines: Lines
    shifts: list[str]
    options: Mapping[str, Any]

    def families(self, key: str = "families") -> list[str]:
        """The families that an option lists; all of the experiment where it is not given."""
        return list(self.options.get(key) or self.lines.experiment["families"])


def samples_of(lines: list[RunLine], shift: str) -> dict[tuple[str, str], Sample]:
    """The points and runs behind lines of one shift."""
    return {(line.family, shift): Sample(len(line.x), len(line.runs)) for line in lines}


def total(parts: list[Part]) -> tuple[int, int, int | None]:
    """Points and runs behind all parts, each counted once, and the runs of the family that has the fewest."""
    samples: dict[tuple[str, str], Sample] = {}
    for part in parts:
        samples.update(part.samples)
    by_family: dict[str, int] = {}
    for (family, _), sample in samples.items():
        by_family[family] = max(by_family.get(family, 0), sample.runs)
    points = sum(sample.n for sample in samples.values())
    return points, sum(by_family.values()), min(by_family.values(), default=None)


OfLines = Callable[[Question], list[Part]]
OfTheory = Callable[[pd.DataFrame, Mapping[str, Any], float], list[Part]]
