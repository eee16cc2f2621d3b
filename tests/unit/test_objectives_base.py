"""The protocol: an objective of another kind fits it, and all of them can be compiled and trained in parallel."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from datalines.models import Classifier, build_image_tower
from datalines.objectives import Encoded, Logits, Objective, towers
from tests.unit.tiny_objectives import copied, loss, spend, targets, views
from tests.unit.tiny_runs import SPEC, objective, recipe, supervised

TEMPERATURE = 0.5
KINDS: dict[str, Callable[[], dict[str, Any]]] = {
    "clip": recipe,
    "locked image": lambda: recipe(frozen=["image"]),
    "locked text": lambda: recipe(frozen=["text"]),
    "linear": supervised,
    "prototype": lambda: supervised(head="prototype"),
    "probe": lambda: supervised(frozen=["image"], head="prototype"),
}


class SimClr:
    """Two views of an image attract each other and repel those of others (Chen et al. 2020), with a small projector."""

    views = 2
    coupled = True
    image_size = 16

    def __init__(self) -> None:
        self.model = Classifier(build_image_tower(SPEC), nn.Linear(16, 8))

    def targets(self, captions: Sequence[str], labels: Sequence[str | None], /) -> torch.Tensor:
        """Nothing is asked of captions and labels."""
        return torch.zeros(len(captions), dtype=torch.long)

    def encode(self, model: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> Encoded:
        """Both views in one forward pass."""
        first, second = functional.normalize(model(images.flatten(0, 1)), dim=1).chunk(2)
        return Encoded((first, second))

    def loss(self, encoded: Encoded, targets: torch.Tensor, own: slice) -> torch.Tensor:
        """NT-Xent: each row against all others of both views."""
        first, second = encoded.rows
        both, count = torch.cat([first, second]), len(first)
        logits = (both @ both.T / TEMPERATURE).masked_fill(torch.eye(2 * count, dtype=torch.bool), -torch.inf)
        other = torch.arange(2 * count).roll(count)
        each = functional.cross_entropy(logits, other, reduction="none").view(2, count)
        return each[:, own].sum() / (2 * count)

    def train(self) -> None:
        """Everything is trained."""
        towers.train(self.model)

    def after_step(self, step: int, steps: int) -> None:
        """Nothing to keep in bounds."""

    def classifier(self, class_names: Sequence[str], prompts: Sequence[str]) -> Logits:
        """A model without classes."""
        raise NotImplementedError


def test_another_objective_of_two_views_fits_the_protocol_and_learns() -> None:
    torch.manual_seed(0)
    ours: Objective = SimClr()
    losses = spend(ours, seeds=[0] * 20)
    assert losses[-1] < losses[0] - 0.3


def test_its_local_losses_add_up_as_those_of_the_loop_must() -> None:
    ours = SimClr()
    encoded = ours.encode(ours.model, views(ours, 6), targets(ours, 6))
    whole = ours.loss(encoded, targets(ours, 6), slice(0, 6))
    parts = [ours.loss(encoded, targets(ours, 6), slice(start, start + 2)) for start in (0, 2, 4)]
    assert sum(part.item() for part in parts) == pytest.approx(whole.item(), rel=1e-6)


@pytest.mark.parametrize("of", KINDS.values(), ids=KINDS.keys())
def test_a_loss_depends_on_rows_and_shared_values_alone(of: Callable[[], dict[str, Any]]) -> None:
    ours, plain = objective(of()), objective(of())
    for one in (ours, plain):
        one.train()
    loss(plain).backward()
    wanted = targets(ours, 6)
    encoded = ours.encode(ours.model, views(ours, 6), wanted)
    rows, shared = ([value.detach().requires_grad_() for value in some] for some in (encoded.rows, encoded.shared))
    assert all(len(row) == 6 for row in rows)
    ours.loss(Encoded(tuple(rows), tuple(shared)), wanted, slice(0, 6)).backward()
    pulled = [
        (value, leaf.grad)
        for value, leaf in zip((*encoded.rows, *encoded.shared), (*rows, *shared), strict=True)
        if value.requires_grad
    ]
    torch.autograd.backward([value for value, _ in pulled], [gradient for _, gradient in pulled])
    for mine, other in zip(ours.model.parameters(), plain.model.parameters(), strict=True):
        if mine.requires_grad:
            assert mine.grad is not None and other.grad is not None and torch.equal(mine.grad, other.grad)
        else:
            assert mine.grad is None and other.grad is None


@pytest.mark.parametrize("of", KINDS.values(), ids=KINDS.keys())
def test_a_compiled_model_is_one_graph_and_trains_alike(of: Callable[[], dict[str, Any]]) -> None:
    torch.compiler.reset()
    plain, ours = objective(of()), objective(of())
    compiled = torch.compile(ours.model, backend="aot_eager", fullgraph=True)
    assert isinstance(compiled, nn.Module)
    assert spend(ours, model=compiled) == pytest.approx(spend(plain), rel=1e-4)


def test_frozen_and_free_models_train_in_parallel(tmp_path: Path) -> None:
    """Every parameter that needs a gradient gets one, or the second step of DistributedDataParallel would fail."""
    command = [sys.executable, "-m", "tests.unit.parallel_objectives"]
    ranks = [
        subprocess.Popen([*command, str(rank), "2", str(tmp_path)], cwd=Path(__file__).parents[2]) for rank in range(2)
    ]
    try:
        assert [rank.wait(timeout=300) for rank in ranks] == [0, 0]
    finally:
        for rank in ranks:
            rank.kill()
    for name, of in KINDS.items():
        plain = objective(of())
        expected = spend(plain)
        found = torch.load(tmp_path / f"{name}.pt", weights_only=True)
        # Both ranks have the same batch, so that their mean gradient is that of one.
        assert found["losses"] == pytest.approx(expected, rel=1e-4)
        frozen = {key for key, value in plain.model.named_parameters() if not value.requires_grad}
        start = copied(objective(of()).model)
        assert all(torch.equal(found["state"][key], start[key]) for key in frozen)
