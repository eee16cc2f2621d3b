"""Which row-wise step refuses a row first."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from datalines.errors import DatalinesError
from datalines.filters import captions, facts, hosts, pictures  # noqa: F401  (their units register themselves)
from datalines.filters.registry import ROW_UNITS, Step, check_columns

KEPT = 0
Codes = npt.NDArray[np.uint8]


def first_reasons(table: pa.Table, steps: list[Step]) -> pa.Array:
    """The name of the first step that refuses each row, or "" where none does: strings, shape (n,).

    Row-wise steps only, whose columns `table` has. Raises DatalinesError for a step that compares rows with each other
    and for a missing column. Memory: the result, and one chunk of the table.
    """
    check_row_wise(steps)
    check_columns(steps, table.column_names)
    names = pa.array(["", *(step["name"] for step in steps)], pa.string())
    codes = [first_codes(batch, steps) for batch in table.to_batches(max_chunksize=1 << 16)]
    return names.take(pa.array(np.concatenate([np.empty(0, dtype=np.uint8), *codes])))


def first_codes(rows: pa.RecordBatch, steps: list[Step]) -> Codes:
    """The number of the first step that refuses each row, counted from 1, or 0 where none does: uint8, shape (n,)."""
    codes = np.zeros(len(rows), dtype=np.uint8)
    positions = np.arange(len(rows))
    for number, step in enumerate(steps, start=1):
        mask = ROW_UNITS[step["kind"]].keep(rows, step)
        if not mask.all():
            codes[positions[~mask]] = number
            rows, positions = rows.filter(pa.array(mask)), positions[mask]
    return codes


def check_row_wise(steps: list[Step]) -> None:
    """Raise DatalinesError if a step cannot be decided from each row alone."""
    for step in steps:
        if step["kind"] not in ROW_UNITS:
            text = (
                f"filter step {step['name']!r}: a list can only be selected row by row, and {step['kind']!r} compares"
            )
            raise DatalinesError(f"{text} rows with each other; use one of {', '.join(sorted(ROW_UNITS))}, or a filter")
