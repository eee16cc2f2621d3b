"""What the tests of objectives share: batches, and the least loop that trains one."""

from collections.abc import Sequence

import torch
from torch import nn

from datalines.objectives import Objective, normalise
from tests.unit.tiny_runs import labels, pixels


def views(of: Objective, count: int, seed: int = 0) -> torch.Tensor:
    """Normalised noise, (views, count, 3, 16, 16)."""
    return normalise(torch.stack([pixels(count, seed + view) for view in range(of.views)]))


def targets(of: Objective, count: int) -> torch.Tensor:
    """Targets of captions that name a class and a number."""
    names = labels(count)
    return of.targets([f"a {name}, number {position}" for position, name in enumerate(names)], names)


def loss(of: Objective, count: int = 6, seed: int = 0, model: nn.Module | None = None) -> torch.Tensor:
    """The loss of one batch, through the model or a wrapper around it."""
    wanted = targets(of, count)
    encoded = of.encode(of.model if model is None else model, views(of, count, seed), wanted)
    return of.loss(encoded, wanted, slice(0, count))


def spend(of: Objective, seeds: Sequence[int] = (0, 1, 2), model: nn.Module | None = None) -> list[float]:
    """Train for as many steps as there are seeds of batches; the losses."""
    trained = [parameter for parameter in of.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2, weight_decay=0.1)
    of.train()
    losses = []
    for step, seed in enumerate(seeds):
        optimizer.zero_grad()
        value = loss(of, seed=seed, model=model)
        value.backward()
        assert all(parameter.grad is not None for parameter in trained)
        optimizer.step()
        of.after_step(step, len(seeds))
        losses.append(value.item())
    return losses


def copied(model: nn.Module) -> dict[str, torch.Tensor]:
    """The model's state, apart from the model."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(model: nn.Module, before: dict[str, torch.Tensor]) -> set[str]:
    """Names of the tensors that are not as they were."""
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
