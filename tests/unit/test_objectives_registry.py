"""From a recipe to an objective."""

import pytest
import torch
from torch import nn

from datalines.errors import TrainingError
from datalines.objectives import Clip, Supervised, build, rebuild
from datalines.objectives.heads import Prototypes
from datalines.objectives.towers import is_frozen
from tests.unit.tiny_runs import objective, recipe, supervised


def test_the_recipe_chooses_the_objective() -> None:
    assert isinstance(build(recipe()), Clip)
    assert isinstance(build(supervised()), Supervised)


def test_the_recipe_chooses_the_head() -> None:
    for head, kind in ((None, nn.Linear), ("linear", nn.Linear), ("prototype", Prototypes)):
        assert isinstance(build(supervised(head=head)).model.head, kind)


def test_the_seed_decides_the_weights() -> None:
    first, again, other = (objective(recipe(), seed).model.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["positional_embedding"], other["positional_embedding"])


def test_freezing_draws_no_other_weights() -> None:
    free, frozen = objective(recipe()), objective(recipe(frozen=["text"]))
    assert is_frozen(frozen.model, "text") and not is_frozen(free.model, "text")
    assert all(torch.equal(value, frozen.model.state_dict()[name]) for name, value in free.model.state_dict().items())


def test_a_finished_run_is_rebuilt_without_its_initial_weights() -> None:
    of = recipe(initial={"image": {"sha256": "0" * 64}}, frozen=["image"])
    with pytest.raises(TrainingError, match="name a file for each part"):
        build(of)
    assert isinstance(rebuild(of), Clip)
