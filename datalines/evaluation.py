"""Evaluation: logits of a model on a shift, decisions under the shift's class mask, and what is measured. One path for all objectives."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from datalines.loader import decode_all
from datalines.objectives import Objective, normalise
from datalines.robustness import clopper_pearson
from datalines.shifts import EvaluationSet

BATCH = 250

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


def pixels(shift: EvaluationSet, side: int, threads: int) -> torch.Tensor:
    """The shift's images as uint8 (n, 3, side, side)."""
    return decode_all(shift.encoded(), side, threads)


@torch.no_grad()
def logits(objective: Objective, images: torch.Tensor, class_names: list[str], prompts: list[str]) -> FloatArray:
    """Logits over the whole label space, float32 (n, classes), in batches of fixed size so that they do not depend on the machine."""
    classify = objective.classifier(class_names, prompts)
    batches = [classify(normalise(chunk).contiguous(memory_format=torch.channels_last)) for chunk in images.split(BATCH)]
    return torch.cat(batches).float().cpu().numpy()


def predict(values: FloatArray, allowed: npt.NDArray[np.bool_]) -> IntArray:
    """The class of the largest logit, shape (n,); classes outside the shift's list are masked with minus infinity."""
    return np.where(allowed, values, -np.inf).argmax(axis=1)


def measure(values: FloatArray, labels: IntArray, allowed: npt.NDArray[np.bool_], level: float = 0.95) -> dict[str, Any]:
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
