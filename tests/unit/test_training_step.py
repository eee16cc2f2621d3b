"""One step: the gradient is that of the loss on the whole batch, however the batch is cut."""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from datalines.models import Classifier, build_image_tower
from datalines.objectives import Encoded, Objective
from datalines.training.step import Engine, Part, one_step
from tests.unit.test_objectives_base import SimClr
from tests.unit.tiny_objectives import copied, loss, spend
from tests.unit.tiny_runs import objective, recipe, supervised
from tests.unit.tiny_training import PLAIN, engine_of, gradients, parts

COUNT = 8


def simclr() -> SimClr:
    """An objective of two views that the loop has never heard of, over a network without batch norms."""
    found = SimClr()
    torch.manual_seed(0)
    found.model = Classifier(build_image_tower(PLAIN), nn.Linear(16, 8))
    return found


def plain(chosen: Callable[..., dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A recipe without batch norms and clipping."""
    network = {key: value for key, value in PLAIN.items() if key != "text_cfg" or chosen is recipe}
    return {**chosen(grad_clip=None, **changes), "model_spec": network}


KINDS: dict[str, Callable[[], tuple[Objective, dict[str, Any]]]] = {
    "clip": lambda: (objective(plain(recipe)), plain(recipe)),
    "clip, local loss": lambda: (objective(plain(recipe)), plain(recipe, local_loss=True)),
    "clip, image tower locked": lambda: (objective(plain(recipe, frozen=["image"])), plain(recipe)),
    "clip, text tower locked": lambda: (objective(plain(recipe, frozen=["text"])), plain(recipe)),
    "linear": lambda: (objective(plain(supervised)), plain(supervised)),
    "prototype": lambda: (objective(plain(supervised, head="prototype")), plain(supervised)),
    "two views": lambda: (simclr(), recipe(grad_clip=None)),
}


def step(machine: Engine, micro: int, seed: int = 0) -> float:
    """One step on noise; its loss."""
    machine.objective.train()
    return one_step(machine, parts(machine.objective, COUNT, micro, seed)).item()


@pytest.mark.parametrize("micro", [2, 4, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradient_are_those_of_the_whole_batch(kind: str, micro: int) -> None:
    (ours, of), (whole, _) = KINDS[kind](), KINDS[kind]()
    found = step(engine_of(ours, of), micro)
    whole.train()
    expected = loss(whole, COUNT)
    expected.backward()
    assert found == pytest.approx(expected.item(), rel=1e-5)
    mine, wanted = gradients(ours), gradients(whole)
    assert mine.keys() == wanted.keys() and mine
    for name, gradient in wanted.items():
        assert torch.allclose(mine[name], gradient, rtol=1e-3, atol=1e-6), name


def test_the_first_step_is_torchs_own_adamw() -> None:
    """Without warm-up, decay and clipping; Adam's first step is the learning rate times the gradient's sign."""
    of = plain(recipe, optimizer={**recipe()["optimizer"], "weight_decay": 0.0})
    ours, theirs = objective(of), objective(of)
    step(engine_of(ours, of), 4)
    reference = torch.optim.AdamW(theirs.model.parameters(), lr=1e-3, weight_decay=0)
    theirs.train()
    loss(theirs, COUNT).backward()
    reference.step()
    moved = dict(ours.model.named_parameters())
    for name, value in theirs.model.named_parameters():
        # Rounding can turn the sign of a gradient that is none.
        same = ((moved[name] - value).abs() < 1e-5).float().mean()
        assert same > 0.9 or name.endswith("bias"), name


def test_batch_norms_see_micro_batches_and_not_the_batch() -> None:
    found = [step(engine_of(objective(recipe()), recipe()), micro) for micro in (2, 4, 8)]
    assert len({round(value, 3) for value in found}) == 3


def test_what_is_encoded_twice_has_the_same_dropout_both_times() -> None:
    """With several micro-batches the rows of the first pass and the graph of the second must belong together."""
    spec = copy.deepcopy(PLAIN)
    spec["vision_cfg"]["patch_dropout"] = 0.5
    of = recipe(model_spec=spec, grad_clip=None)
    ours, whole = objective(of), objective(of)
    found = step(engine_of(ours, of), 4)
    whole.train()
    pieces, encoded = parts(whole, COUNT, 4), []
    for part in pieces:
        torch.manual_seed(part.seed)
        encoded.append(whole.encode(whole.model, part.images, part.targets))
    rows = tuple(torch.cat(rows) for rows in zip(*(each.rows for each in encoded), strict=True))
    targets = torch.cat([part.targets for part in pieces])
    expected = whole.loss(Encoded(rows, encoded[0].shared), targets, slice(0, COUNT))
    expected.backward()
    assert found == pytest.approx(expected.item(), rel=1e-5)
    wanted = gradients(whole)
    assert all(torch.allclose(value, wanted[name], rtol=1e-3, atol=1e-6) for name, value in gradients(ours).items())


def test_another_seed_is_another_dropout() -> None:
    spec = copy.deepcopy(PLAIN)
    spec["vision_cfg"]["patch_dropout"] = 0.5
    of = recipe(model_spec=spec)
    machine, other = engine_of(objective(of), of), engine_of(objective(of), of)
    pieces = parts(machine.objective, COUNT, 4)
    for one in (machine, other):
        one.objective.train()
    again = [Part(part.images, part.targets, part.seed + 7) for part in pieces]
    assert one_step(machine, pieces).item() != one_step(other, again).item()


@pytest.mark.parametrize("micro", [4, 8])
def test_a_long_gradient_is_cut_to_its_greatest_length(micro: int) -> None:
    lengths = []
    for clip in (None, 0.01):
        of = recipe(grad_clip=clip)
        ours = objective(of)
        step(engine_of(ours, of), micro)
        lengths.append(length(ours))
    assert lengths[0] > 0.1 and lengths[1] == pytest.approx(0.01, rel=1e-3)


def half(of: dict[str, Any], precision: str, scale: float) -> Engine:
    """What takes steps in half precision, with a scale of fp16 gradients that one chooses."""
    machine = engine_of(objective(of), {**of, "precision": precision})
    return replace(machine, scaler=torch.amp.GradScaler("cpu", init_scale=scale, enabled=precision == "fp16"))


@pytest.mark.parametrize("micro", [4, 8])
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_has_nearly_the_same_gradients_in_full_precision(precision: str, micro: int) -> None:
    """fp16 is for GPUs; that its scale is taken out of the gradients again shows on a CPU, too."""
    of = plain(recipe)
    exact, machine = objective(of), half(of, precision, 256.0)
    ours = machine.objective
    found = step(machine, micro)
    assert found == pytest.approx(step(engine_of(exact, of), micro), rel=0.02)
    wanted = gradients(exact)
    for name, gradient in gradients(ours).items():
        assert gradient.dtype == torch.float32
        assert (gradient - wanted[name]).norm() <= 0.1 * wanted[name].norm() + 1e-5, name


def length(of: Objective) -> float:
    """The length of all gradients together."""
    return torch.stack([gradient.norm() for gradient in gradients(of).values()]).norm().item()


@pytest.mark.parametrize("micro", [4, 8])
def test_an_fp16_gradient_is_cut_after_its_scale_was_taken_out(micro: int) -> None:
    machine = half(recipe(grad_clip=0.01), "fp16", 256.0)
    step(machine, micro)
    assert length(machine.objective) == pytest.approx(0.01, rel=1e-2)


def test_a_step_whose_fp16_gradients_overflow_is_left_out() -> None:
    machine = half(plain(recipe), "fp16", 2.0**40)
    before = copied(machine.objective.model)
    step(machine, 4)
    assert all(torch.equal(value, before[name]) for name, value in machine.objective.model.state_dict().items())
    assert machine.scaler.get_scale() == 2.0**39


@pytest.mark.parametrize("kind", ["clip", "supervised"])
def test_bf16_trains_on_a_cpu(kind: str) -> None:
    of = (recipe if kind == "clip" else supervised)(precision="bf16")
    ours = objective(of)
    machine = engine_of(ours, of)
    losses = [step(machine, 4) for _ in range(30)]
    assert losses[-1] < 0.6 * losses[0]
    assert {value.dtype for value in ours.model.parameters()} == {torch.float32}


def test_another_objective_of_two_views_is_trained_by_the_same_step() -> None:
    ours = SimClr()
    machine = engine_of(ours, recipe())
    losses = [step(machine, 4) for _ in range(30)]
    assert losses[-1] < losses[0] - 0.3


def test_a_locked_tower_keeps_weights_and_statistics() -> None:
    of = recipe(frozen=["image"])
    ours = objective(of)
    before, machine = copied(ours.model), engine_of(ours, of)
    for seed in range(3):
        step(machine, 4, seed)
    moved = {name for name, value in ours.model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {name for name in before if not name.startswith("visual.")}


def test_a_compiled_model_trains_alike_and_keeps_the_names_of_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager", fullgraph=True))
    of = plain(recipe)
    ours, other = objective(of), objective(of)
    machine, plainly = engine_of(ours, {**of, "compile": True}), engine_of(other, of)
    assert machine.network is not ours.model and plainly.network is other.model
    found = [step(machine, 4, seed) for seed in range(2)]
    assert found == pytest.approx([step(plainly, 4, seed) for seed in range(2)], rel=1e-4)
    assert ours.model.state_dict().keys() == other.model.state_dict().keys()


def test_a_single_micro_batch_takes_the_steps_of_a_plain_loop() -> None:
    """The same as the least loop that one would write, to the last bit: nothing is encoded twice or cut apart."""
    of = plain(recipe, optimizer={"lr": 1e-2, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0})
    ours, other = objective(of), objective(of)
    machine = engine_of(ours, of)
    found = []
    for place, seed in enumerate((0, 1, 2)):
        ours.train()
        found.append(one_step(machine, parts(ours, 6, 6, seed)).item())
        ours.after_step(place, 3)
    assert found[0] == spend(other, seeds=[0])[0]
    assert found[2] < found[0]
