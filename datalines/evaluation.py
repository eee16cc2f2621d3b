"""Evaluation: logits of models on a shift. One path for all objectives; what is measured from them is in `accuracy`."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from datalines.images import decode, square
from datalines.objectives import Objective, Supervised, normalise
from datalines.shifts import EvaluationSet

BATCH = 250  # images; fixed, so that logits do not depend on the machine

FloatArray = npt.NDArray[np.float32]


def decode_all(encoded: Iterable[bytes], side: int, threads: int) -> torch.Tensor:
    """Decode to squares of `side` pixels: uint8 (N, 3, side, side). Held in memory: N x side x side x 3 bytes."""
    with ThreadPoolExecutor(threads) as pool:
        pixels = list(pool.map(lambda data: square(decode(data), side), encoded))
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()


def decoded(encoded: Iterable[bytes], side: int, threads: int) -> Iterator[torch.Tensor]:
    """Batches of decoded images, the next of them made while one is used. Memory: two batches."""
    images = iter(encoded)
    with ThreadPoolExecutor(1) as making:
        waiting = None
        while chunk := list(islice(images, BATCH)):
            coming = making.submit(decode_all, chunk, side, threads)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()


@torch.no_grad()
def logits(
    objectives: Sequence[Objective], shift: EvaluationSet, device: torch.device, threads: int
) -> list[FloatArray]:
    """Logits over the whole label space, float32 (n, classes), of each of the models, which take images of one size.

    The images are read once, a batch at a time.
    """
    classify = [
        # A zero-shot model is told what a class is called, a head is known by the name of its label.
        objective.classifier(
            shift.manifest["class_names" if isinstance(objective, Supervised) else "class_texts"],
            shift.manifest["prompts"],
        )
        for objective in objectives
    ]
    found: list[list[torch.Tensor]] = [[] for _ in objectives]
    for chunk in decoded(shift.encoded(), objectives[0].image_size, threads):
        images = normalise(chunk.to(device)).contiguous(memory_format=torch.channels_last)
        for values, of in zip(found, classify, strict=True):
            values.append(of(images).float().cpu())
    return [torch.cat(values).numpy() for values in found]
