"""Row-wise units that look at what a list or a scorer says about a row, and at the row's id."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datalines.filters.bounds import between, numbers
from datalines.filters.registry import Mask, Step, row_unit


@row_unit("tag", "fact.{fact}")
def tag(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep rows whose fact is one of `keep`, or none of `drop`; a null or empty fact is kept or dropped by `missing`.

    Values are compared as written, upper and lower case apart.
    """
    values = rows.column(f"fact.{step['fact']}").cast(pa.large_string()).fill_null("")
    mask = np.ones(len(values), dtype=bool)
    if step["keep"] is not None:
        mask &= _one_of(values, step["keep"])
    if step["drop"] is not None:
        mask &= ~_one_of(values, step["drop"])
    return _with_missing(mask, _one_of(values, [""]), step)


@row_unit("number", "fact.{fact}")
def number(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep rows whose fact lies in min..max, both included; null and NaN are kept or dropped by `missing`."""
    values = numbers(rows.column(f"fact.{step['fact']}"))
    return _with_missing(between(values, step["min"], step["max"]), np.isnan(values), step)


@row_unit("clip-score", "score.{scorer}")
def clip_score(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep rows whose score (a cosine) lies in min..max, both included; a row without a score is dropped.

    LAION kept cosines of at least 0.3 under OpenAI's ViT-B/32 (LAION-400M, section 2).
    """
    # Not widened: the bounds are compared in the precision of the scores.
    scores = rows.column(f"score.{step['scorer']}").to_numpy(zero_copy_only=False)
    return between(scores, step["min"], step["max"])


@row_unit("random-share", "id")
def random_share(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep a random `share` of the rows, by a keyed hash of each id.

    With one seed, a larger share contains a smaller one, and no row's fate depends on another row.
    """
    key = step["seed"].to_bytes(8, "little", signed=True)
    digests = [
        hashlib.blake2b(identity.encode(), digest_size=8, key=key, person=b"random-share").digest()
        for identity in rows.column("id").to_pylist()
    ]
    draws = np.frombuffer(b"".join(digests), dtype=">u8") / 2**64
    return np.asarray(draws < step["share"], dtype=bool)


def _one_of(values: pa.LargeStringArray, wanted: list[str]) -> Mask:
    found = pc.is_in(values, value_set=pa.array(wanted, pa.large_string()))
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _with_missing(mask: Mask, missing: Mask, step: Step) -> Mask:
    return np.where(missing, step["missing"] == "keep", mask)
