"""Towers: the parts of a model that can be frozen, or take the weights of another model.

A tower is known by its parameters' names, which are open_clip's: `visual` is the image tower; a text tower has no
prefix of its own. Heads and logit scales belong to no tower.
"""

from collections.abc import Iterable, Iterator

from torch import nn

from datalines.errors import TrainingError

TOWERS = {
    "image": frozenset({"visual"}),
    "text": frozenset({"transformer", "token_embedding", "positional_embedding", "ln_final", "text_projection"}),
}


def tower_of(name: str) -> str | None:
    """The tower that a parameter or buffer of this dotted name belongs to."""
    first = name.partition(".")[0]
    return next((tower for tower, parts in TOWERS.items() if first in parts), None)


def parameters(model: nn.Module, tower: str) -> Iterator[nn.Parameter]:
    """The parameters of one tower."""
    return (value for name, value in model.named_parameters() if tower_of(name) == tower)


def freeze(model: nn.Module, frozen: Iterable[str]) -> None:
    """Take the gradients from these towers (`image`, `text`); autograd then records nothing in them. A tower that the
    model does not have is an error."""
    for tower in frozen:
        found = list(parameters(model, tower))
        if not found:
            raise TrainingError(f"frozen: the model of this recipe has no {tower} tower; remove `{tower}`")
        for parameter in found:
            parameter.requires_grad_(False)


def is_frozen(model: nn.Module, tower: str) -> bool:
    """Whether the model has the tower and none of its parameters is trained."""
    found = list(parameters(model, tower))
    return bool(found) and not any(parameter.requires_grad for parameter in found)


def train(model: nn.Module) -> None:
    """Training mode, except for frozen towers: evaluation mode keeps the statistics of their batch normalisation and
    switches dropout off."""
    model.train()
    for tower in TOWERS:
        if is_frozen(model, tower):
            for name, child in model.named_children():
                if tower_of(name) == tower:
                    child.eval()
