"""Indicators of class balance that need nothing but the number of samples of every class.

Source: the Indicators paper, section 4.2.1. Left-skew is the share of samples in the most common 5 % of classes,
long-tail the share of classes with fewer than k samples (k = 500 and 100). Every class of the label set counts, those
without a sample included.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from datalines.config.errors import suggestion
from datalines.errors import DatalinesError

SHARE = 0.05
LONG_TAILS = (500, 100)
_BATCH = 1 << 16  # labels in memory at once


def head_classes(classes: int, share: float = SHARE) -> int:
    """How many classes the most common `share` of them is: rounded, a half up, and at least one.

    5 of 100, 1 of 20 and of 7, 6 of 113. The paper has 100 classes and does not say what it rounds.
    """
    if not 0 < share <= 1:
        raise DatalinesError(f"share is {share}; write a share of the classes above 0 and up to 1, e.g. {SHARE}")
    exact = Decimal(str(share)) * classes  # 0.05 * 140 is more than 7 in binary
    return max(1, int(exact.quantize(Decimal(1), ROUND_HALF_UP)))


def left_skew(counts: ArrayLike, share: float = SHARE) -> float:
    """Share of samples, 0 to 1, in the `head_classes` most frequent classes of `counts` (C,), samples of each class.

    It is that share of the classes where all are equally frequent, and 1 where the head has all samples. Raises
    DatalinesError for counts that are no counts (negative, fractions, no class) and where there is no sample.
    """
    values = _counts(counts)
    if not values.sum():
        raise DatalinesError("counts: all classes are empty, and no sample is in any class")
    head = np.sort(values)[::-1][: head_classes(len(values), share)]
    return float(head.sum() / values.sum())


def long_tail(counts: ArrayLike, below: int) -> float:
    """Share of classes, 0 to 1, with strictly fewer than `below` samples, of `counts` (C,), samples of each class.

    Raises DatalinesError for counts that are no counts, and for `below` under 1.
    """
    if below < 1:
        raise DatalinesError(f"below is {below}; write a number of samples, 1 or more")
    return float((_counts(counts) < below).mean())


def entropy_ratio(counts: ArrayLike) -> float:
    """Entropy of the classes' shares over that of equally frequent classes: 1 if balanced, 0 if one class has all.

    A single class is balanced. `counts` (C,) as in `left_skew`, with the same errors.
    """
    values = _counts(counts)
    if not values.sum():
        raise DatalinesError("counts: all classes are empty, and no sample is in any class")
    if len(values) == 1:
        return 1.0
    shares = values[values > 0] / values.sum()
    return float(max(0.0, -(shares * np.log(shares)).sum() / math.log(len(values))))


def indicators(counts: ArrayLike) -> dict[str, int | float]:
    """classes, samples, left_skew, long_tail_500, long_tail_100, largest, smallest, entropy_ratio of counts (C,)."""
    values = _counts(counts)
    return {
        "classes": len(values),
        "samples": int(values.sum()),
        "left_skew": left_skew(values),
        **{f"long_tail_{below}": long_tail(values, below) for below in LONG_TAILS},
        "largest": int(values.max()),
        "smallest": int(values.min()),
        "entropy_ratio": entropy_ratio(values),
    }


def _counts(counts: ArrayLike) -> NDArray[np.int64]:
    values = np.asarray(counts)
    if values.ndim != 1 or not len(values):
        raise DatalinesError(f"counts have shape {values.shape}; give one number of samples for every class")
    if not np.issubdtype(values.dtype, np.number) or not np.all(np.isfinite(values)):
        raise DatalinesError("counts hold something that is no number; write 0 for a class without a sample")
    if (values < 0).any() or (values != np.floor(values)).any():
        wrong = values[(values < 0) | (values != np.floor(values))][0]
        raise DatalinesError(f"counts hold {wrong:g}; a number of samples is whole and not negative")
    return values.astype(np.int64)


def label_counts(index: Path) -> tuple[dict[str, int], int]:
    """({class: samples} in alphabetical order, samples without a class) of the index beside a pool's shards."""
    found: Counter[str | None] = Counter()
    with pq.ParquetFile(index) as file:
        if "label" in file.schema_arrow.names:
            for batch in file.iter_batches(_BATCH, columns=["label"], use_threads=False):
                found.update({entry["values"]: entry["counts"] for entry in batch["label"].value_counts().to_pylist()})
        else:
            found[None] = file.metadata.num_rows
    unlabelled = found.pop(None, 0)
    return dict(sorted((str(name), count) for name, count in found.items())), unlabelled


def over_classes(pool: str, counts: Mapping[str, int], classes: Sequence[str] | None) -> dict[str, int]:
    """Counts over a pool's label set, in its order, with 0 for a class without a sample.

    Without a label set the classes are those that samples have. A label outside the set is a DatalinesError.
    """
    if classes is None:
        return dict(counts)
    for name in counts:
        if name not in classes:
            raise DatalinesError(
                f"pools.{pool}: {counts[name]:,} samples have the label {name!r}, which its class list lacks"
                f"{suggestion(name, classes)}Add it to the list, or drop it by a filter of kind in-class-list"
            )
    return {name: counts.get(name, 0) for name in classes}
