"""Making of batches in one process: samples are read, decoded, cropped, and turned into targets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from datalines.errors import TrainingError
from datalines.images import ImageError
from datalines.loading.crops import box, crop, draws, flipped
from datalines.loading.decoders import Decoder
from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.loading.reading import Reader, Sample
from datalines.loading.slices import Part, Slice

BYTES_A_PIXEL = 4  # Pillow's, of an RGB image in memory

Targets = Callable[[Sequence[str], Sequence[str | None]], torch.Tensor]


@dataclass
class Batch:
    """One rank's part of a global batch.

    `step` counts from 0 over the run, `epoch` from 1. `images` is uint8 (views, samples, 3, side, side) whose memory is
    (views, samples, side, side, 3), `targets` (samples, ...), `rows` int64 (samples,) of the index. `failed` lists the
    rows that did not decode, with the reason; their places hold other samples of the same micro-batch.
    """

    step: int
    epoch: int
    images: torch.Tensor
    targets: torch.Tensor
    rows: torch.Tensor
    failed: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Recipe:
    """How batches are made; what each part means is told by `Batches`."""

    contents: Contents
    order: Order
    cut: Slice
    side: int
    augmentation: dict[str, Any]
    seed: int
    views: int
    targets: Targets
    decoder: Decoder

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Views, samples, height, width, channels: a batch's images as they lie in memory."""
        return self.views, self.cut.own, self.side, self.side, 3

    @property
    def least(self) -> int:
        """Pixels that the shorter side of an image must keep so that its smallest crop is not enlarged."""
        low, high = self.augmentation["ratio"]
        return int(np.ceil(self.side * np.sqrt(max(high, 1 / low) / self.augmentation["scale"][0])))


@dataclass
class _Entry:
    """A sample beside its crops: its target once that is known, or the reason why it did not decode.

    The image is held only where it is kept for later epochs.
    """

    caption: str = ""
    label: str | None = None
    target: torch.Tensor | None = None
    reason: str | None = None
    image: Image.Image | None = None


class Maker:
    """Makes the batches of a part of a run, one after the other; keeps up to `cache_bytes` of decoded images."""

    def __init__(self, recipe: Recipe, part: Part, cache_bytes: int) -> None:
        self._recipe, self._part, self._room = recipe, part, cache_bytes
        self._kept: dict[int, _Entry] = {}
        self._scale, self._ratio = recipe.augmentation["scale"], recipe.augmentation["ratio"]
        self._flip, self._least = bool(recipe.augmentation["flip"]), recipe.least
        self._reader = Reader(recipe.contents, recipe.order, part, self._kept.__contains__)

    def close(self) -> None:
        """End the reading."""
        self._reader.close()

    def batch(self, step: int, images: torch.Tensor) -> Batch:
        """The batch of a step of the run, which must come in their order. Its images are written to `images`."""
        recipe, in_epoch = self._recipe, self._part.steps_per_epoch
        epoch = step // in_epoch + 1
        start, stop = recipe.cut.positions(step % in_epoch)
        rows = recipe.order.rows(epoch, start, stop)
        samples = self._reader.samples(epoch, start, stop)
        drawn = [draws(recipe.seed, epoch, start, stop, view).tolist() for view in range(recipe.views)]
        pixels = images.numpy()
        entries, failed = [], []
        for place, (row, sample) in enumerate(zip(rows.tolist(), samples, strict=True)):
            entry, image = self._decoded(row, sample)
            entries.append(entry)
            if image is not None:
                self._cut(image, [of_view[place] for of_view in drawn], pixels[:, place])
            elif entry.reason is not None:
                failed.append((row, entry.reason))
        if failed:
            chosen = self._substitutes(entries)
            images.copy_(images[:, chosen])
            rows, entries = rows[chosen], [entries[place] for place in chosen]
        targets = self._targets(entries)
        return Batch(step, epoch, images.permute(0, 1, 4, 2, 3), targets, torch.from_numpy(rows), failed)

    def _decoded(self, row: int, sample: Sample | None) -> tuple[_Entry, Image.Image | None]:
        """A sample and its image, decoded now or earlier."""
        kept = self._kept.get(row)
        if kept is not None:
            return kept, kept.image
        assert sample is not None
        entry, image, size = _Entry(sample.caption, sample.label), None, 0
        try:
            image = self._recipe.decoder.decode(sample.image, self._least)
            size = image.width * image.height * BYTES_A_PIXEL
        except ImageError as error:
            entry.reason = str(error)
        if size <= self._room:
            self._room -= size
            entry.image = image
            self._kept[row] = entry
        return entry, image

    def _cut(self, image: Image.Image, drawn: list[list[float]], out: npt.NDArray[np.uint8]) -> None:
        """Crops of an image, one for each view."""
        for view, draw in enumerate(drawn):
            part = box(draw, image.width, image.height, self._scale, self._ratio)
            out[view] = crop(image, part, self._recipe.side, self._flip and flipped(draw))

    def _substitutes(self, entries: list[_Entry]) -> list[int]:
        """For each place the next one of its micro-batch, cyclic, whose sample was decoded."""
        size, chosen = self._recipe.cut.micro_batch, []
        for first in range(0, len(entries), size):
            good = [place for place in range(first, first + size) if entries[place].reason is None]
            if not good:
                raise TrainingError(
                    f"none of the {size} samples of a micro-batch decodes ({entries[first].reason}): "
                    f"the images of {self._recipe.contents.manifest} are not what they should be"
                )
            chosen += [
                next((other for other in good if other >= place), good[0]) for place in range(first, first + size)
            ]
        return chosen

    def _targets(self, entries: list[_Entry]) -> torch.Tensor:
        """A row for each sample; those of kept samples are worked out once."""
        known = [entry.target for entry in entries if entry.target is not None]
        if len(known) == len(entries):
            return torch.stack(known)
        targets = self._recipe.targets([entry.caption for entry in entries], [entry.label for entry in entries])
        if self._kept:
            for entry, target in zip(entries, targets, strict=True):
                entry.target = target
        return targets
