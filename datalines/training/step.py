"""One optimiser step on a global batch, whatever the objective, the number of micro-batches and of ranks.

A rank has its share of the global batch's micro-batches. If the loss of a sample depends on no other micro-batch, each
is passed forward and backward in turn. A coupled loss (contrastive) needs the rows of the whole batch: they are encoded
first, gathered from all ranks, and the loss's gradients with respect to the rows go back through the encoders, one
micro-batch after the other. A rank with a single micro-batch keeps its graph; with several, only the rows are kept,
and each is encoded a second time (gradient caching, Gao et al. 2021, RepL4NLP), so that memory holds one micro-batch.
Either way the gradient is that of the loss on the whole batch.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from datalines.objectives import Encoded, Objective
from datalines.training.numerics import Numerics
from datalines.training.ranks import Ranks
from datalines.training.running import RunningStatistics


@dataclass(frozen=True)
class Part:
    """One micro-batch: normalised images (views, b, 3, S, S), targets (b, ...), and the seed of its dropout."""

    images: torch.Tensor
    targets: torch.Tensor
    seed: int


@dataclass(frozen=True)
class Engine:
    """What a step needs beside its data. `network` is `objective.model`, or that compiled and wrapped for ranks."""

    objective: Objective
    network: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    numerics: Numerics
    ranks: Ranks
    recipe: dict[str, Any]


def engine(
    objective: Objective, optimizer: torch.optim.Optimizer, numerics: Numerics, ranks: Ranks, recipe: dict[str, Any]
) -> Engine:
    """Compile the model if the recipe wants it, and wrap it where there are several ranks."""
    network = objective.model
    if recipe["compile"]:
        network = torch.compile(network)  # type: ignore[assignment]
    if ranks.world > 1:
        places = [ranks.device] if ranks.device.type == "cuda" else None
        # Running statistics are settled once a step, for all ranks; see RunningStatistics. Looking for unused
        # parameters keeps the buckets as they are: rearranged after the first step of a process, they would be summed
        # in another order in that step than in the same one of a run that was not stopped before it.
        network = DistributedDataParallel(
            network,
            device_ids=places,
            broadcast_buffers=False,
            gradient_as_bucket_view=True,
            find_unused_parameters=torch.are_deterministic_algorithms_enabled(),
        )
    return Engine(objective, network, optimizer, numerics.scaler(), numerics, ranks, recipe)


def one_step(machine: Engine, parts: Sequence[Part]) -> torch.Tensor:
    """Take one step on this rank's micro-batches; returns the loss of the global batch, a scalar without gradient.

    The loss is not looked at: on a GPU that would wait for it.
    """
    statistics = RunningStatistics(machine.objective.model, machine.ranks, len(parts), len(parts) * machine.ranks.world)
    machine.optimizer.zero_grad(set_to_none=True)
    passes = _coupled if machine.objective.coupled else _one_by_one
    loss = passes(machine, parts, statistics)
    statistics.settle()
    machine.scaler.unscale_(machine.optimizer)
    if machine.recipe["grad_clip"] is not None:
        nn.utils.clip_grad_norm_(machine.objective.model.parameters(), machine.recipe["grad_clip"])
    machine.scaler.step(machine.optimizer)
    machine.scaler.update()
    return loss


def _one_by_one(machine: Engine, parts: Sequence[Part], statistics: RunningStatistics) -> torch.Tensor:
    total = torch.zeros((), device=machine.ranks.device)
    for place, part in enumerate(parts):
        with _synchronising(machine, last=place == len(parts) - 1):
            encoded = _encode(machine, part, statistics)
            with machine.numerics.autocast():
                loss = machine.objective.loss(encoded, part.targets, slice(0, len(part.targets))) / len(parts)
            machine.scaler.scale(loss).backward()
        total += loss.detach()
    return machine.ranks.add(total) / machine.ranks.world


def _coupled(machine: Engine, parts: Sequence[Part], statistics: RunningStatistics) -> torch.Tensor:
    several = len(parts) > 1
    with torch.set_grad_enabled(not several):
        first = [_encode(machine, part, statistics, counts=not several) for part in parts]
    if len(parts) * machine.ranks.world == 1:
        with machine.numerics.autocast():
            loss = machine.objective.loss(first[0], parts[0].targets, slice(0, len(parts[0].targets)))
        machine.scaler.scale(loss).backward()
        return loss.detach()
    loss, pulls = _pulls(machine, first, parts)
    for place, part in enumerate(parts):
        with _synchronising(machine, last=place == len(parts) - 1):
            encoded = _encode(machine, part, statistics) if several else first[0]
            _pull(encoded, pulls[place])
    return loss


def _pulls(
    machine: Engine, encoded: Sequence[Encoded], parts: Sequence[Part]
) -> tuple[torch.Tensor, list[tuple[torch.Tensor, ...]]]:
    """The loss of the global batch, and for each micro-batch of this rank the gradients that its rows and shared values
    are to be given, so that the mean over ranks of what the parameters get is the gradient of the loss."""
    ranks, local = machine.ranks, machine.recipe["local_loss"]
    rows = [
        ranks.gather(torch.cat(pieces)).float().requires_grad_()
        for pieces in zip(*(e.rows for e in encoded), strict=True)
    ]
    shared = [value.detach().float().requires_grad_() for value in encoded[0].shared]
    targets = ranks.gather(torch.cat([part.targets for part in parts]))
    size = len(targets) // ranks.world
    own = slice(ranks.rank * size, (ranks.rank + 1) * size)
    with machine.numerics.autocast():
        loss = machine.objective.loss(
            Encoded(tuple(rows), tuple(shared)), targets, own if local else slice(0, len(targets))
        )
    machine.scaler.scale(loss).backward()
    loss = loss.detach()
    if local:
        ranks.add(loss)
        for value in [*(rows if machine.recipe["gather_with_grad"] else []), *shared]:
            ranks.add(_gradient(value))
    width = size // len(parts)
    pieces = [(_gradient(value)[own] * ranks.world).split(width) for value in rows]
    spread = tuple(_gradient(value) / len(parts) for value in shared)
    return loss, [(*(piece[place] for piece in pieces), *spread) for place in range(len(parts))]


def _gradient(value: torch.Tensor) -> torch.Tensor:
    """A leaf's gradient; zeros where the loss does not depend on it."""
    if value.grad is None:
        value.grad = torch.zeros_like(value)
    return value.grad


def _pull(encoded: Encoded, gradients: Sequence[torch.Tensor]) -> None:
    """Backward pass from rows and shared values; those of frozen parts take no gradient."""
    values = (*encoded.rows, *encoded.shared)
    pairs = [(value, gradient) for value, gradient in zip(values, gradients, strict=True) if value.requires_grad]
    torch.autograd.backward([value for value, _ in pairs], [gradient.to(value.dtype) for value, gradient in pairs])


def _encode(machine: Engine, part: Part, statistics: RunningStatistics, counts: bool = True) -> Encoded:
    torch.manual_seed(part.seed)
    statistics.before()
    with machine.numerics.autocast():
        encoded = machine.objective.encode(machine.network, part.images, part.targets)
    if counts:
        statistics.after()
    return encoded


def _synchronising(machine: Engine, last: bool) -> AbstractContextManager[Any]:
    """Gradients are exchanged in the last backward pass of a step only."""
    if isinstance(machine.network, DistributedDataParallel) and not last:
        return machine.network.no_sync()
    return nullcontext()
