"""Row-wise units that look at the stored image's size and class."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalines.filters.bounds import between, numbers
from datalines.filters.registry import Mask, Step, row_unit


@row_unit("image-size", "width", "height")
def image_size(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep images whose shorter side is at least `min_side` and whose longer side is at most `max_side` pixels."""
    width, height = numbers(rows.column("width")), numbers(rows.column("height"))
    shorter = between(np.minimum(width, height), step["min_side"], None)
    return shorter & between(np.maximum(width, height), None, step["max_side"])


@row_unit("aspect-ratio", "width", "height")
def aspect_ratio(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep images whose longer side is at most `max` times the shorter one."""
    width, height = numbers(rows.column("width")), numbers(rows.column("height"))
    return np.maximum(width, height) <= step["max"] * np.minimum(width, height)


@row_unit("class-list", "label")
def class_list(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep rows whose label is one of the listed classes; rows without a label are dropped."""
    wanted = pa.array(step["classes"], pa.large_string())
    found = pc.is_in(rows.column("label").cast(pa.large_string()), value_set=wanted)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)
