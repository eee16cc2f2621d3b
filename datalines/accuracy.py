"""Decisions under a class mask and what is measured from them. No network is needed: ensembles are measured from stored
logits."""

from typing import Any

import numpy as np
import numpy.typing as npt

from datalines.robustness.intervals import clopper_pearson

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]


def predict(values: FloatArray, allowed: npt.NDArray[np.bool_]) -> IntArray:
    """The class of the largest logit, shape (n,); classes outside the shift's list are masked with minus infinity."""
    return np.where(allowed, values, -np.inf).argmax(axis=1)


def measure(
    values: FloatArray, labels: IntArray, allowed: npt.NDArray[np.bool_], level: float = 0.95
) -> dict[str, Any]:
    """Top-1 accuracy with its Clopper-Pearson interval, and the mean of the classes' own accuracies.

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
