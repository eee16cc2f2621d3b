"""The protocol between objectives, the training loop and the evaluation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

Logits = Callable[[torch.Tensor], torch.Tensor]
"""From normalised images (B, 3, S, S) to logits (B, classes)."""


@dataclass(frozen=True)
class Encoded:
    """What a loss is computed from, and nothing else: the loop may cut the graph here.

    `rows` have the samples as leading dimension and can be gathered over micro-batches and ranks; one that comes from a
    frozen tower needs no gradient. `shared` belongs to no sample, such as a temperature, and is the same for all
    micro-batches of a step.
    """

    rows: tuple[torch.Tensor, ...]
    shared: tuple[torch.Tensor, ...] = ()


class Objective(Protocol):
    """What the loop and the evaluation need of an objective.

    Every parameter of `model` that needs a gradient gets one from every `encode` and `loss`, so that data-parallel
    training need not search for those that do not. `encode` of `model` has no control flow that depends on data.
    """

    @property
    def model(self) -> nn.Module:
        """Everything that is trained or saved, also a teacher."""
        ...

    @property
    def image_size(self) -> int:
        """Side of the square images it takes, in pixels."""
        ...

    @property
    def views(self) -> int:
        """Augmented views of each image in a batch."""
        ...

    @property
    def coupled(self) -> bool:
        """Whether the loss needs the rows of the whole global batch; otherwise a mean over samples is meant."""
        ...

    def targets(self, captions: Sequence[str], labels: Sequence[str | None], /) -> torch.Tensor:
        """One row per sample: tokens (N, context) or class indices (N,). Runs in the loader's workers, so it computes
        on the CPU and can be pickled without the model."""
        ...

    def encode(self, model: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> Encoded:
        """Forward pass of one micro-batch: normalised images (views, b, 3, S, S) and targets (b, ...).

        `model` is `self.model`, or a wrapper around it that trains in parallel or is compiled.
        """
        ...

    def loss(self, encoded: Encoded, targets: torch.Tensor, own: slice) -> torch.Tensor:
        """Scalar loss, in float32.

        Coupled: `encoded` and `targets` hold the N rows of the global batch, and the result is the share of the rows
        `own` in the mean over N: over slices that cut the batch the results add up to that of slice(0, N). Otherwise
        they hold one micro-batch, `own` is all of it, and the result is its mean.
        """
        ...

    def train(self) -> None:
        """Put the model in training mode, except what is frozen."""
        ...

    def after_step(self, step: int, steps: int) -> None:
        """Called after optimiser step `step`, 0-based, of `steps`."""
        ...

    def classifier(self, class_names: Sequence[str], prompts: Sequence[str]) -> Logits:
        """A function from normalised images to logits, columns in the order of `class_names`; the model should be in
        evaluation mode."""
        ...
