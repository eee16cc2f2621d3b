"""Evaluation: logits of a model on a shift. One path for all objectives; what is measured from them is in
`accuracy`."""

import numpy as np
import numpy.typing as npt
import torch

from datalines.loader import decode_all
from datalines.objectives import Objective, normalise
from datalines.shifts import EvaluationSet

BATCH = 250

FloatArray = npt.NDArray[np.float32]


def pixels(shift: EvaluationSet, side: int, threads: int) -> torch.Tensor:
    """The shift's images as uint8 (n, 3, side, side)."""
    return decode_all(shift.encoded(), side, threads)


@torch.no_grad()
def logits(objective: Objective, images: torch.Tensor, class_names: list[str], prompts: list[str]) -> FloatArray:
    """Logits over the whole label space, float32 (n, classes), in batches of fixed size so that they do not depend on
    the machine."""
    classify = objective.classifier(class_names, prompts)
    batches = [
        classify(normalise(chunk).contiguous(memory_format=torch.channels_last)) for chunk in images.split(BATCH)
    ]
    return torch.cat(batches).float().cpu().numpy()
