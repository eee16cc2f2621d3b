"""Evaluation: logits of models on a shift. One path for all objectives; what is measured from them is in `accuracy`."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from datalines.images import decode, square
from datalines.labels import classifier
from datalines.objectives import Objective, normalise
from datalines.shifts import EvaluationSet, without_border

BATCH = 250  # images; fixed, so that logits do not depend on the machine

FloatArray = npt.NDArray[np.float32]


def decode_all(encoded: Iterable[bytes], side: int, threads: int, border: int = 0) -> torch.Tensor:
    """Decode to squares of `side` pixels: uint8 (N, 3, side, side). Held in memory: N x side x side x 3 bytes.

    `border` pixels are cut off on every side of the whole image, before it is resized.
    """
    with ThreadPoolExecutor(threads) as pool:
        pixels = list(pool.map(lambda data: square(without_border(decode(data), border), side), encoded))
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()


def decoded(encoded: Iterable[bytes], side: int, threads: int, border: int = 0) -> Iterator[torch.Tensor]:
    """Batches of decoded images, the next of them made while one is used. Memory: two batches."""
    images = iter(encoded)
    with ThreadPoolExecutor(1) as making:
        waiting = None
        while chunk := list(islice(images, BATCH)):
            coming = making.submit(decode_all, chunk, side, threads, border)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()


@torch.no_grad()
def logits(
    objectives: Sequence[Objective], shift: EvaluationSet, device: torch.device, threads: int
) -> list[FloatArray]:
    """Logits over the classes that the shift allows, float32 (n, allowed classes), in the order of its label space, of
    each of the models, which take images of one size.

    Masked classes have no column: they are never predicted, and of 1,000 classes ImageNet-R and -A have 200. The images
    are read once, a batch at a time.
    """
    classify = [classifier(objective, shift.manifest) for objective in objectives]
    found: list[list[torch.Tensor]] = [[] for _ in objectives]
    for chunk in decoded(shift.encoded(), objectives[0].image_size, threads, shift.border):
        images = normalise(chunk.to(device)).contiguous(memory_format=torch.channels_last)
        for values, of in zip(found, classify, strict=True):
            values.append(of(images).float().cpu())
    return [torch.cat(values).numpy() for values in found]
