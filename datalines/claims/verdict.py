"""From bounds to a verdict, and what more runs would tell."""

import math
from dataclasses import dataclass

from datalines.claims.bounds import MIN_RUNS, Bound, Extreme
from datalines.claims.kinds import Test
from datalines.claims.parts import Part

SUPPORTED, REFUTED, UNDERPOWERED = "supported", "not supported", "underpowered"
MOST_RUNS = 10_000
MISS = 0.2  # what is detectable is found in 80 of 100 studies


@dataclass(frozen=True)
class Rule:
    """How a claim is judged: on which side of the threshold its number must lie, at which level, in all parts or any.

    Each bound errs with probability (1 - level) / 2.
    """

    test: Test
    threshold: float
    level: float
    parts: str = "all"

    @property
    def tail(self) -> float:
        """Error rate of one bound."""
        return (1 - self.level) / 2

    def whole(self, parts: list[Part]) -> Bound:
        """The number of the claim: of its weakest part if all must hold, of its strongest if any."""
        smallest = (self.test == "above") == (self.parts == "all")
        return Extreme("min" if smallest else "max", tuple(part.bound for part in parts))

    def word(self, bound: Bound) -> str:
        """The verdict: supported or not if the whole interval lies on one side of the threshold."""
        low, high = bound.lower(self.tail), bound.upper(self.tail)
        on, off = (low > self.threshold, high < self.threshold)
        if self.test == "below":
            on, off = high < self.threshold, low > self.threshold
        return SUPPORTED if on else REFUTED if off else UNDERPOWERED

    def judge(self, parts: list[Part]) -> str:
        """The verdict of the claim; a part that a single exception refutes is refuted whatever its interval."""
        refuted = [bool(part.refuted) for part in parts]
        if any(refuted) and (self.parts == "all" or all(refuted)):
            return REFUTED
        return self.word(self.whole(parts))

    def needed_runs(self, bound: Bound) -> int | None:
        """The fewest runs a family, of every family, that settle the verdict at the measured effect and scatter.

        Found by bisection between MIN_RUNS and MOST_RUNS; None where more were needed or the scatter is not known.
        """
        low, high = MIN_RUNS, MOST_RUNS
        if self.word(bound.with_runs(high)) == UNDERPOWERED:
            return None
        while low < high:
            middle = (low + high) // 2
            if self.word(bound.with_runs(middle)) == UNDERPOWERED:
                low = middle + 1
            else:
                high = middle
        return low

    def detectable(self, bound: Bound) -> float:
        """The distance beyond the threshold at which the present runs support the claim in 80 of 100 studies."""
        reach = bound.reach(self.test, self.threshold, self.tail, MISS)
        return reach if math.isfinite(reach) else math.nan

    def deciding(self, parts: list[Part], verdict: str) -> Part:
        """The part to look at first: what cannot be measured, else what is furthest from, or nearest to, support."""
        settled = [part for part in parts if part.refuted]
        known = [part for part in parts if self.measured(part)]
        if verdict == REFUTED and settled:
            return settled[0]
        if verdict == UNDERPOWERED and len(known) < len(parts):
            return next(part for part in parts if not self.measured(part))
        sign = 1 if self.test == "above" else -1

        def strength(part: Part) -> float:
            if verdict == REFUTED:
                return sign * part.bound.effect
            return part.bound.lower(self.tail) if sign == 1 else -part.bound.upper(self.tail)

        return min(known, key=strength) if self.parts == "all" else max(known, key=strength)

    def measured(self, part: Part) -> bool:
        """Whether a part has a bound at all."""
        return math.isfinite(part.bound.lower(self.tail)) or math.isfinite(part.bound.upper(self.tail))


def lacking(part: Part) -> str:
    """Why the scatter of a part is not known: too few runs of some family; empty if it is."""
    few = sorted(
        {f"{family} has {sample.runs}" for (family, _), sample in part.samples.items() if sample.runs < MIN_RUNS}
    )
    return f"too few runs ({', '.join(few)}; at least {MIN_RUNS} are needed)" if few else ""
