"""Confidence bounds of estimates, and of their largest, smallest and difference, with the power behind them.

A statistic is a small tree: estimates at its leaves, largest, smallest or difference of its branches above. Every node
gives a one-sided confidence bound at any error rate `tail`, so that a claim of many parts is bounded as a whole:

- a largest of k: its upper bound is the largest upper bound at `tail`, for it is wrong only if the bound of the truly
  largest is; its lower bound is the largest lower bound at `tail / k` (Bonferroni);
- a smallest of k: the same with the sides exchanged (the lower bound is that of an intersection-union test);
- a difference a - b: each side at `tail / 2`.

Nothing is resampled: the same numbers give the same bounds everywhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, Self

from scipy.special import betaincinv, stdtrit

from datalines.claims.kinds import Test
from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.jackknife import welch_freedom
from datalines.robustness.resampling import MIN_UNITS

MIN_RUNS = MIN_UNITS
"""Fewer runs of a family show no scatter that a verdict may rest on."""


class Bound(Protocol):
    """A number that is estimated, with bounds."""

    @property
    def effect(self) -> float:
        """The estimate; nan where there is none."""

    def lower(self, tail: float) -> float:
        """Below the true number with probability 1 - tail; minus infinity where the scatter is not known."""

    def upper(self, tail: float) -> float:
        """Above the true number with probability 1 - tail; infinity where the scatter is not known."""

    def with_runs(self, runs: int) -> "Bound":
        """What it would be at the same effect and scatter of runs, had every family this many runs."""

    def reach(self, test: Test, threshold: float, tail: float, miss: float) -> float:
        """The distance beyond the threshold at which the bound at `tail` passes it with probability 1 - miss."""


@dataclass(frozen=True)
class Component:
    """What one family adds to the variance of an estimate; nan where its runs are too few.

    `known` says that the variance is not estimated from these runs, so that it has no degrees of freedom to lose.
    """

    variance: float
    runs: int
    known: bool = False

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the variance."""
        return math.inf if self.known else max(self.runs - 1, 1)

    @property
    def scatter(self) -> float:
        """Variance of a single run."""
        return self.variance * self.runs


@dataclass(frozen=True)
class Estimate:
    """A number with the variances of the independent families behind it: Student's t, freedom after Welch."""

    effect: float
    components: tuple[Component, ...]

    @property
    def variance(self) -> float:
        """Sum of the components' variances."""
        return math.fsum(part.variance for part in self.components)

    @property
    def freedom(self) -> float:
        """Welch and Satterthwaite's degrees of freedom; infinite where there is no variance."""
        return welch_freedom([part.variance for part in self.components], [part.freedom for part in self.components])

    def less(self, other: "Estimate") -> "Estimate":
        """This number less another one of other families."""
        return Estimate(self.effect - other.effect, self.components + other.components)

    def negated(self) -> "Estimate":
        """The number with its sign turned."""
        return replace(self, effect=-self.effect)

    def lower(self, tail: float) -> float:
        return -self.negated().upper(tail)

    def upper(self, tail: float) -> float:
        bound = self.effect + self._margin(tail)
        return math.inf if math.isnan(bound) else bound

    def with_runs(self, runs: int) -> Self:
        # A family with too few runs is taken to scatter like the widest of those it is compared with.
        scatter = max((one.scatter for one in self.components if not math.isnan(one.scatter)), default=math.nan)
        scaled = (
            Component((scatter if math.isnan(one.scatter) else one.scatter) / runs, runs, one.known)
            for one in self.components
        )
        return replace(self, components=tuple(scaled))

    def reach(self, test: Test, threshold: float, tail: float, miss: float) -> float:
        distance = self._margin(tail) + self._margin(miss)
        return math.inf if math.isnan(distance) else distance

    def _margin(self, tail: float) -> float:
        if self.variance == 0:
            return 0.0
        return float(stdtrit(self.freedom, 1 - tail)) * math.sqrt(self.variance)


@dataclass(frozen=True)
class Share:
    """How many of n independent cases hold, in percent, with exact binomial bounds."""

    holds: int
    n: int

    @property
    def effect(self) -> float:
        return 100 * self.holds / self.n if self.n else math.nan

    def lower(self, tail: float) -> float:
        return 100 * float(clopper_pearson(self.holds, self.n, 1 - 2 * tail)[0]) if self.n else -math.inf

    def upper(self, tail: float) -> float:
        return 100 * float(clopper_pearson(self.holds, self.n, 1 - 2 * tail)[1]) if self.n else math.inf

    def with_runs(self, runs: int) -> "Share":
        return Share(round(self.holds / self.n * runs), runs) if self.n else self

    def reach(self, test: Test, threshold: float, tail: float, miss: float) -> float:
        if test == "below":
            return Share(self.n - self.holds, self.n).reach("above", 100 - threshold, tail, miss)
        # The fewest cases that must hold for the exact bound to pass, and the share that yields them often enough.
        for wanted in range(1, self.n + 1):
            if 100 * betaincinv(wanted, self.n - wanted + 1, tail) > threshold:
                return 100 * float(betaincinv(wanted, self.n - wanted + 1, 1 - miss)) - threshold
        return math.inf


@dataclass(frozen=True)
class Unknown:
    """A number that cannot be estimated from what there is."""

    reason: str

    @property
    def effect(self) -> float:
        return math.nan

    def lower(self, tail: float) -> float:
        return -math.inf

    def upper(self, tail: float) -> float:
        return math.inf

    def with_runs(self, runs: int) -> "Unknown":
        return self

    def reach(self, test: Test, threshold: float, tail: float, miss: float) -> float:
        return math.inf


@dataclass(frozen=True)
class Extreme:
    """The largest (`max`) or smallest (`min`) of several numbers."""

    kind: Literal["max", "min"]
    members: tuple[Bound, ...]

    @property
    def effect(self) -> float:
        return self._pick([member.effect for member in self.members])

    def lower(self, tail: float) -> float:
        share = len(self.members) if self.kind == "max" else 1
        return self._pick([member.lower(tail / share) for member in self.members])

    def upper(self, tail: float) -> float:
        share = len(self.members) if self.kind == "min" else 1
        return self._pick([member.upper(tail / share) for member in self.members])

    def with_runs(self, runs: int) -> "Extreme":
        return replace(self, members=tuple(member.with_runs(runs) for member in self.members))

    def reach(self, test: Test, threshold: float, tail: float, miss: float) -> float:
        k = len(self.members)
        if (self.kind == "min") == (test == "above"):  # every member must pass: the misses add up
            return max(member.reach(test, threshold, tail, miss / k) for member in self.members)
        return min(member.reach(test, threshold, tail / k, miss) for member in self.members)

    def _pick(self, values: Sequence[float]) -> float:
        if any(math.isnan(value) for value in values):
            return math.nan
        return max(values) if self.kind == "max" else min(values)


@dataclass(frozen=True)
class Difference:
    """One number less another, whose errors may depend on each other."""

    first: Bound
    second: Bound

    @property
    def effect(self) -> float:
        return self.first.effect - self.second.effect

    def lower(self, tail: float) -> float:
        return self.first.lower(tail / 2) - self.second.upper(tail / 2)

    def upper(self, tail: float) -> float:
        return self.first.upper(tail / 2) - self.second.lower(tail / 2)

    def with_runs(self, runs: int) -> "Difference":
        return Difference(self.first.with_runs(runs), self.second.with_runs(runs))

    def reach(self, test: Test, threshold: float, tail: float, miss: float) -> float:
        other: Test = "below" if test == "above" else "above"
        return self.first.reach(test, threshold, tail / 2, miss / 2) + self.second.reach(
            other, threshold, tail / 2, miss / 2
        )


def size(estimate: Estimate) -> Extreme:
    """How far a number lies from zero: the larger of it and its negative, as in two one-sided tests."""
    return Extreme("max", (estimate, estimate.negated()))


def spread(estimates: Sequence[Estimate]) -> Bound:
    """The largest of all differences of two: largest number less smallest."""
    pairs = [one.less(other) for one in estimates for other in estimates if one is not other]
    return Extreme("max", tuple(pairs)) if pairs else Unknown("fewer than two to compare")
