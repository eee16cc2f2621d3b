"""Decisions under a class mask and what is measured from them. No network is needed: ensembles are measured from stored
logits.

Logits come over the whole label space, or over the allowed classes only (compact), which holds the same decisions in
less space: a masked class is never predicted, whatever its logit.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from datalines.robustness.intervals import clopper_pearson

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def compact(values: FloatArray, allowed: BoolArray) -> FloatArray:
    """The columns of the allowed classes, shape (n, allowed classes); logits that are compact already as they are."""
    columns = np.flatnonzero(allowed)
    if values.shape[1] == len(columns):
        return values
    if values.shape[1] != len(allowed):
        raise ValueError(
            f"logits have {values.shape[1]} columns; a label space of {len(allowed)} classes, {len(columns)} of them "
            "allowed, has one or the other number"
        )
    chosen: FloatArray = values[:, columns]
    return chosen


def predict(values: FloatArray, allowed: BoolArray) -> IntArray:
    """The class of the largest logit in the label space, shape (n,); classes outside the shift's list are never
    predicted, as if their logits were minus infinity. Of equal logits the first class wins."""
    columns: IntArray = np.flatnonzero(allowed)[compact(values, allowed).argmax(axis=1)]
    return columns


def measure(values: FloatArray, labels: IntArray, allowed: BoolArray, level: float = 0.95) -> dict[str, Any]:
    """Top-1 accuracy over all images (micro) with its Clopper-Pearson interval, and the mean of the classes' own
    accuracies.

    n counts all images; classes is the number of classes that may be predicted.
    """
    if not np.isfinite(values).all():
        raise ValueError("logits must be finite before masking")
    right = predict(values, allowed) == labels
    n, correct = len(right), int(right.sum())
    low, high = clopper_pearson(correct, n, level)
    per_class = [float(right[labels == label].mean()) for label in np.unique(labels)]
    return {
        "classes": int(allowed.sum()),
        "n": n,
        "correct": correct,
        "top1": correct / n,
        "top1_low": float(low),
        "top1_high": float(high),
        "mean_per_class": float(np.mean(per_class)),
    }
