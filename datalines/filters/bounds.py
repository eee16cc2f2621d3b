"""Closed intervals with optional ends, and values that may be missing."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Mask = npt.NDArray[np.bool_]


def between(values: npt.NDArray[Any], low: float | None, high: float | None) -> Mask:
    """Which values lie in low..high, both included; an end that is None bounds nothing. Not a number lies nowhere."""
    mask = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)
    if low is not None:
        mask &= values >= low
    if high is not None:
        mask &= values <= high
    return mask


def numbers(column: pa.Array) -> npt.NDArray[np.float64]:
    """A column of numbers as floats, shape (n,); null becomes NaN."""
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
