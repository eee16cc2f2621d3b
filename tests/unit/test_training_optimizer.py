"""Which parameters are trained, and which of them decay."""

import pytest
from torch import nn

from datalines.training.optimizer import optimizer
from tests.unit.tiny_runs import objective, recipe, supervised

OPTIONS = {"lr": 1.0, "betas": [0.9, 0.98], "eps": 1e-6, "weight_decay": 0.2}


@pytest.mark.parametrize("of", [recipe(), supervised()], ids=["clip", "supervised"])
def test_weights_decay_and_gains_biases_and_the_scale_do_not(of: dict[str, object]) -> None:
    model = objective(of).model
    names = {id(value): name for name, value in model.named_parameters()}
    plain, decayed = optimizer(model, OPTIONS).param_groups
    free, held = ({names[id(value)] for value in group["params"]} for group in (plain, decayed))
    assert (plain["weight_decay"], decayed["weight_decay"]) == (0.0, 0.2)
    assert (decayed["betas"], decayed["eps"]) == ((0.9, 0.98), 1e-6)
    assert free | held == set(names.values()) and not free & held
    # OpenCLIP's rule by names (batch and layer norms, biases, the scale) must say the same.
    assert free == {name for name in names.values() if is_plain(name, dict(model.named_modules()))}


def is_plain(name: str, modules: dict[str, nn.Module]) -> bool:
    """Whether a parameter is a bias, a gain of a norm, or the logit scale."""
    owner = modules[name.rpartition(".")[0]]
    norm = isinstance(owner, (nn.LayerNorm, nn.BatchNorm2d))
    return norm or name.endswith("bias") or name == "logit_scale"


def test_frozen_parameters_have_no_place_in_it() -> None:
    model = objective(recipe(frozen=["image"])).model
    held = {id(value) for group in optimizer(model, OPTIONS).param_groups for value in group["params"]}
    names = {name for name, value in model.named_parameters() if id(value) in held}
    assert names and names == {name for name, _ in model.named_parameters() if not name.startswith("visual.")}
