"""The units that a filter is made of, by the kind that the configuration names.

A row-wise unit looks at each row alone, so it works on any batch of rows, also on a list whose images nobody has
fetched. A set-wise unit compares rows with each other or with other pools and needs all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalines.errors import DatalinesError

Mask = npt.NDArray[np.bool_]
Step = dict[str, Any]
Keep = Callable[[pa.RecordBatch, Step], Mask]


@dataclass(frozen=True)
class RowUnit:
    """A row-wise unit: the columns that a step of it reads, and the function from a batch to the mask it keeps."""

    columns: Callable[[Step], list[str]]
    keep: Keep


ROW_UNITS: dict[str, RowUnit] = {}


def row_unit(kind: str, *patterns: str) -> Callable[[Keep], Keep]:
    """Register a row-wise unit of this kind; in the columns it reads, `fact.{fact}` is the fact that the step names."""

    def register(keep: Keep) -> Keep:
        ROW_UNITS[kind] = RowUnit(lambda step: [pattern.format(**step) for pattern in patterns], keep)
        return keep

    return register


def check_columns(steps: list[Step], present: list[str]) -> None:
    """Raise DatalinesError, naming step and column, if a row-wise step reads a column that the rows lack."""
    for step in steps:
        for column in ROW_UNITS[step["kind"]].columns(step):
            if column not in present:
                raise DatalinesError(_lacking(step, column, present))


def _lacking(step: Step, column: str, present: list[str]) -> str:
    begin = f"filter step {step['name']!r} ({step['kind']})"
    group, dot, name = column.partition(".")
    if not dot:
        return f"{begin} needs the column {column!r}, which these rows lack; they have {', '.join(present)}"
    known = [entry.removeprefix(f"{group}.") for entry in present if entry.startswith(f"{group}.")]
    listed = f"those there are: {', '.join(known)}" if known else "there are none"
    return f"{begin} needs the {group} {name!r}, which these rows lack ({listed}); correct `{_key(group)}`"


def _key(group: str) -> str:
    return "scorer" if group == "score" else group
