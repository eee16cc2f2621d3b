"""Running statistics of batch normalisation, as means over the micro-batches of a step.

Each micro-batch would move them in turn, and with several ranks each would keep its own. Here all start a step from the
same values, and the step ends with the mean of what they became: the same for one rank with eight micro-batches as for
eight ranks with one.
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from datalines.training.ranks import Ranks

COUNT = "num_batches_tracked"


class RunningStatistics:
    """The running statistics of all batch norms of a model that are trained now."""

    def __init__(self, model: nn.Module, ranks: Ranks, own: int, whole: int) -> None:
        """`own` micro-batches of this rank, `whole` of all ranks; for a single one there is nothing to do."""
        self._ranks, self._own, self._whole = ranks, own, whole
        layers = model.modules() if whole > 1 else iter(())
        trained = [layer for layer in layers if isinstance(layer, _BatchNorm) and layer.training]
        named = [(name, value) for layer in trained for name, value in layer.named_buffers(recurse=False)]
        self._values = [value for name, value in named if name != COUNT]
        self._counts = [value for name, value in named if name == COUNT]
        self._start = [value.clone() for value in self._values]
        self._count = [count.clone() for count in self._counts]
        self._sum = [torch.zeros_like(value) for value in self._values]

    def before(self) -> None:
        """Call it before a forward pass."""
        # .data, because autograd would take a change between forward and backward for a mistake.
        for value, start in zip(self._values, self._start, strict=True):
            value.data.copy_(start)

    def after(self) -> None:
        """Call it after a forward pass that counts."""
        for total, value in zip(self._sum, self._values, strict=True):
            total.add_(value)

    def settle(self) -> None:
        """Call it after the last backward pass of a step, on every rank."""
        if not self._values:
            return
        flat = self._ranks.add(torch.cat([total.flatten() for total in self._sum])) / self._whole
        pieces = flat.split([value.numel() for value in self._values])
        for value, piece in zip(self._values, pieces, strict=True):
            value.data.copy_(piece.view_as(value))
        for count, start in zip(self._counts, self._count, strict=True):
            count.data.copy_(start + 1)
