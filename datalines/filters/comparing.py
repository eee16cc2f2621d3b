"""Set-wise units: steps that compare rows with each other, with other pools or with evaluation sets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from datalines.errors import DatalinesError
from datalines.filters.alive import Rows, Source
from datalines.filters.database import Database
from datalines.filters.registry import Step


@dataclass(frozen=True)
class Others:
    """The rows of other pools and of evaluation sets, by name."""

    pools: dict[str, Source] = field(default_factory=dict)
    shifts: dict[str, Source] = field(default_factory=dict)

    def chosen_pools(self, step: Step) -> dict[str, Source]:
        """The pools that a step compares with; DatalinesError if one was not given."""
        return {name: _given(self.pools, name, "pool", step) for name in step.get("pools", [])}

    def chosen_shifts(self, step: Step) -> dict[str, Source]:
        """The evaluation sets that a step compares with; DatalinesError if one was not given."""
        return {name: _given(self.shifts, name, "evaluation set", step) for name in step.get("shifts", [])}


@dataclass(frozen=True)
class Refused:
    """Positions in the pool of rows that a step refuses, shape (n,), and the evaluation set they are like, if any."""

    rows: npt.NDArray[np.int64]
    shift: str = ""


# From the rows that are left when the step begins to those it refuses. A row may come several times, but at most once
# for each evaluation set. Nothing is yielded before the rows have been read.
Compare = Callable[[Rows, Step, Others, Database], Iterator[Refused]]
SET_UNITS: dict[str, Compare] = {}


def set_unit(kind: str) -> Callable[[Compare], Compare]:
    """Register a set-wise unit of this kind."""

    def register(compare: Compare) -> Compare:
        SET_UNITS[kind] = compare
        return compare

    return register


def _given(rows: dict[str, Source], name: str, what: str, step: Step) -> Source:
    if name not in rows:
        raise DatalinesError(
            f"filter step {step['name']!r} compares with the {what} {name!r}, whose rows and hashes are not at hand "
            f"(there are: {', '.join(sorted(rows)) or 'none'}); make them inputs, or leave it out of the step"
        )
    return rows[name]
