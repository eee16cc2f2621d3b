"""Freezing towers: what does not change, and what still does."""

import copy
from typing import Any

import pytest
import torch

from datalines.errors import TrainingError
from datalines.objectives import Clip, Objective
from datalines.objectives.towers import freeze, is_frozen, tower_of
from tests.unit.tiny_objectives import changed, copied, loss, spend
from tests.unit.tiny_runs import SPEC, objective, recipe, supervised

TRANSFORMER = {"image_size": 16, "patch_size": 8, "width": 16, "layers": 1, "head_width": 8}
RESNET = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None}


def of_tower(of: Objective, tower: str | None) -> set[str]:
    """Names of all tensors of a tower, or of none."""
    return {name for name in of.model.state_dict() if tower_of(name) == tower}


def test_the_towers_of_a_contrastive_model_are_all_but_its_temperature() -> None:
    ours = objective(recipe())
    assert {name.split(".")[0] for name in of_tower(ours, "image")} == {"visual"}
    assert of_tower(ours, None) == {"logit_scale"}
    assert len(of_tower(ours, "text")) > 10


@pytest.mark.parametrize("tower", ["image", "text"])
def test_a_frozen_tower_does_not_change_and_all_else_does(tower: str) -> None:
    ours = objective(recipe(frozen=[tower]))
    before = copied(ours.model)
    spend(ours)
    moved, still = changed(ours.model, before), of_tower(ours, tower)
    assert any(name.endswith("running_mean") for name in of_tower(ours, "image"))
    # Weights, and the statistics and counters of batch normalisation.
    assert not moved & still
    # The padding token's embedding gets weight decay, so even that moves.
    assert moved == set(before) - still


@pytest.mark.parametrize("head", ["linear", "prototype"])
def test_over_a_frozen_tower_the_head_alone_is_trained(head: str) -> None:
    ours = objective(supervised(frozen=["image"], head=head))
    before = copied(ours.model)
    spend(ours)
    assert {name.split(".")[0] for name in changed(ours.model, before)} == {"head"}


def test_nothing_frozen_leaves_everything_to_be_trained() -> None:
    ours = objective(recipe())
    before = copied(ours.model)
    spend(ours)
    assert changed(ours.model, before) == set(before)


def test_a_frozen_tower_stays_in_evaluation_mode_however_often_training_is_resumed() -> None:
    ours = objective(recipe(frozen=["image"]))
    assert isinstance(ours, Clip)
    for _ in range(2):
        ours.train()
        assert not any(module.training for module in ours.model.visual.modules())
        assert all(module.training for module in ours.model.transformer.modules())
        ours.model.eval()


def test_dropout_of_a_frozen_tower_is_off_and_of_others_on() -> None:
    spec = copy.deepcopy(SPEC)
    spec["vision_cfg"] = {**TRANSFORMER, "patch_dropout": 0.5}
    free, frozen = (objective(recipe(model_spec=spec, frozen=towers)) for towers in ([], ["image"]))
    torch.manual_seed(1)
    for ours, same in ((free, False), (frozen, True)):
        ours.train()
        assert (loss(ours).item() == loss(ours).item()) is same


def test_no_graph_is_recorded_in_a_frozen_tower() -> None:
    ours = objective(recipe(frozen=["image"]))
    assert isinstance(ours, Clip)
    ours.train()
    image = ours.model.encode_image(torch.randn(2, 3, 16, 16))
    assert image.grad_fn is None and not image.requires_grad


@pytest.mark.parametrize("vision", [TRANSFORMER, RESNET], ids=["transformer", "clips resnet"])
def test_other_networks_are_frozen_as_well(vision: dict[str, Any]) -> None:
    ours = objective(recipe(model_spec={**SPEC, "vision_cfg": vision}, frozen=["image"]))
    before = copied(ours.model)
    side = vision["image_size"]
    ours.train()
    for _ in range(2):
        encoded = ours.encode(ours.model, torch.randn(1, 4, 3, side, side), torch.zeros(4, 8, dtype=torch.long))
        ours.loss(encoded, torch.zeros(4), slice(0, 4)).backward()
        with torch.no_grad():
            for parameter in ours.model.parameters():
                if parameter.grad is not None:
                    parameter.sub_(parameter.grad)
    moved = changed(ours.model, before)
    assert moved and not any(tower_of(name) == "image" for name in moved)


def test_a_tower_that_is_not_there_cannot_be_frozen() -> None:
    ours = objective(supervised())
    assert not is_frozen(ours.model, "text")
    with pytest.raises(TrainingError, match="no text tower; remove `text`"):
        freeze(ours.model, ["text"])
