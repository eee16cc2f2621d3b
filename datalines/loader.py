"""Batches for training: an order that is a pure function of (data, seed, epoch), decoded images, and random resized
crops.

Nothing here has state: a run that is killed in step k of epoch e continues with exactly the batch that it would have
seen.
"""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from datalines.images import decode, square


def _generator(*key: object) -> np.random.Generator:
    """A counter-based generator for a key; equal on every machine and for every interpreter."""
    digest = hashlib.blake2b("\0".join(map(str, key)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def epoch_order(data: str, seed: int, epoch: int, samples: int) -> npt.NDArray[np.int64]:
    """The permutation of `samples` positions that epoch `epoch` (from 1) follows; `data` is the mixture's order
    digest."""
    return _generator("order", data, seed, epoch).permutation(samples)


def batch_positions(order: npt.NDArray[np.int64], step: int, batch: int) -> npt.NDArray[np.int64]:
    """Positions of batch `step` (from 0) of an epoch. All batches are full; the remainder is left out, another one each
    epoch."""
    return order[step * batch : (step + 1) * batch]


def decode_all(encoded: Iterable[bytes], side: int, threads: int) -> torch.Tensor:
    """Decode to squares of `side` pixels: uint8 (N, 3, side, side). Held in memory: N x side x side x 3 bytes."""
    with ThreadPoolExecutor(threads) as pool:
        pixels = list(pool.map(lambda data: square(decode(data), side), encoded))
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()


def augment(images: torch.Tensor, options: dict[str, Any], key: tuple[object, ...]) -> torch.Tensor:
    """Random resized crops of a normalised batch (B, 3, S, S), bicubic, each image with its own box; a flip if the
    recipe wants it.

    Area and aspect ratio of the box are drawn as in torchvision's RandomResizedCrop (CLIP: scale 0.9-1.0, no flip); the
    randomness is keyed, so that it depends on the run's seed, the epoch and the step only.
    """
    generator = _generator("augment", *key)
    count = len(images)
    area = generator.uniform(options["scale"][0], options["scale"][1], count)
    ratio = np.exp(generator.uniform(np.log(options["ratio"][0]), np.log(options["ratio"][1]), count))
    width, height = np.minimum(np.sqrt(area * ratio), 1.0), np.minimum(np.sqrt(area / ratio), 1.0)
    left, top = generator.uniform(-1, 1, count) * (1 - width), generator.uniform(-1, 1, count) * (1 - height)
    if options["flip"]:
        width = width * generator.choice([-1.0, 1.0], count)
    boxes = np.zeros((count, 2, 3), dtype=np.float32)
    boxes[:, 0, 0], boxes[:, 0, 2], boxes[:, 1, 1], boxes[:, 1, 2] = width, left, height, top
    grid = functional.affine_grid(torch.from_numpy(boxes).to(images.device), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
