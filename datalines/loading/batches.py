"""Batches of a run: an iterable over one rank's part of every global batch, from any step to the end."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import torch

from datalines.errors import DatalinesError
from datalines.loading.decoders import decoder as named_decoder
from datalines.loading.making import Batch, Maker, Recipe, Targets
from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.loading.slices import Part, Slice
from datalines.loading.workers import Workers

__all__ = ["Batch", "Batches", "Slice"]

CACHE = 256 << 20


class Batches:
    """An iterable over one rank's batches from `first_step` to the end of the run, over the borders of epochs.

    `side` is that of the images in pixels, `augmentation` holds scale, ratio and flip, `views` is how many crops are
    made of each image. `targets` turns captions and labels into a tensor of a row each, which depends on nothing else.
    With `workers` = 0 everything happens in this process, and up to `cache_bytes` of decoded images are kept for later
    epochs; else forked processes make whole batches in turn, from the call of `iter` on, and `pin` asks for memory that
    a GPU copies from directly. What comes out is the same.
    Errors: DatalinesError, for a shard that is not as declared, a worker that was killed, or a micro-batch of which no
    sample decodes.
    """

    def __init__(
        self,
        contents: Contents,
        order: Order,
        cut: Slice,
        side: int,
        augmentation: dict[str, Any],
        seed: int,
        views: int,
        targets: Targets,
        decoder: str,
        workers: int,
        first_step: int,
        cache_bytes: int = CACHE,
        pin: bool = False,
    ) -> None:
        self.order, self.cut, self.first_step = order, cut, first_step
        self.recipe = Recipe(contents, order, cut, side, augmentation, seed, views, targets, named_decoder(decoder))
        self.workers, self.cache_bytes, self.pin = workers, cache_bytes, pin
        self.steps_per_epoch = cut.steps_in(order.samples)
        self.steps = self.steps_per_epoch * cut.epochs
        if not 0 <= first_step <= self.steps:
            raise DatalinesError(f"step {first_step} is none of a run of {self.steps} steps")

    def __iter__(self) -> Iterator[Batch]:
        if self.workers:
            steps = self.steps - self.first_step
            return Workers(self._by_worker, self.workers, steps, self.recipe.shape, self.pin)
        return self._made(Part(self.cut, self.order.samples, self.first_step), self._buffers(), self.cache_bytes)

    def _by_worker(self, number: int, buffers: Iterator[torch.Tensor]) -> Iterator[Batch]:
        """What one of the workers makes."""
        return self._made(Part(self.cut, self.order.samples, self.first_step, number, self.workers), buffers, 0)

    def _made(self, part: Part, buffers: Iterator[torch.Tensor], cache_bytes: int) -> Iterator[Batch]:
        """A part of the run, made in this process."""
        with closing(Maker(self.recipe, part, cache_bytes)) as maker:
            for step, buffer in zip(part.steps(), buffers, strict=False):
                yield maker.batch(step, buffer)

    def _buffers(self) -> Iterator[torch.Tensor]:
        """New memory for the images of each batch. Numpy asks for large pages, which cost a tenth of small ones."""
        while True:
            yield torch.from_numpy(np.empty(self.recipe.shape, dtype=np.uint8))
