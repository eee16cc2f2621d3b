"""The schedule, the optimiser, the state and the weights files. What resuming gives is shown in
tests/scripts/test_resume.py."""

import itertools
import json
import logging
import math
import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from datalines import training
from datalines.errors import DatalinesError, TrainingError
from datalines.loader import batch_positions, epoch_order
from datalines.locks import alone
from datalines.objectives import normalise
from datalines.training import (
    Data,
    State,
    history_frame,
    learning_rate,
    load_weights,
    optimizer,
    plan,
    prepare,
    save_weights,
    train,
)
from tests.unit.tiny_runs import CLASSES, objective, pairs, pixels, recipe, supervised


def test_an_epoch_has_full_batches_only() -> None:
    run = plan(recipe(epochs=3), 5, 29)
    assert (run.steps_per_epoch, run.steps, run.seed) == (3, 9, 5)


def test_too_few_samples_for_a_batch_is_an_error_that_says_what_to_do() -> None:
    assert plan(recipe(), 0, 8).steps_per_epoch == 1
    with pytest.raises(DatalinesError, match="holds 7 samples, fewer than one batch of 8: lower `batch` or enlarge it"):
        plan(recipe(), 0, 7)


@pytest.mark.parametrize(("steps", "warmup"), [(100, 10), (37, 0), (12, 12), (5, 8)])
def test_the_schedule_is_open_clips(steps: int, warmup: int) -> None:
    """OpenCLIP's cosine_lr with its warm-up written out: (step + 1) / warmup, then half a cosine over what is left."""
    for step in range(steps):
        if step < warmup:
            expected = 0.3 * (step + 1) / warmup
        else:
            expected = 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) * 0.3
        assert learning_rate(step, steps, warmup, 0.3) == pytest.approx(expected, rel=1e-12)


def test_the_schedule_rises_to_its_peak_and_falls_towards_zero() -> None:
    rates = [learning_rate(step, 100, 10, 1.0) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and rates[4] == pytest.approx(0.5)
    assert rates[9] == rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert all(later < earlier for earlier, later in itertools.pairwise(rates[10:]))
    assert 0 < rates[-1] < 0.001
    assert learning_rate(100, 100, 10, 1.0) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("of", [recipe(), supervised()], ids=["clip", "supervised"])
def test_weights_decay_and_gains_biases_and_the_scale_do_not(of: dict[str, object]) -> None:
    model = objective(of).model
    names = {id(value): name for name, value in model.named_parameters()}
    plain, decayed = optimizer(model, {"lr": 1.0, "betas": [0.9, 0.98], "eps": 1e-6, "weight_decay": 0.2}).param_groups
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


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    first, again, other = (prepare(recipe(), seed).model.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["token_embedding.weight"], other["token_embedding.weight"])


def test_one_step_is_adamw_on_the_batch_that_the_order_names(tmp_path: Path) -> None:
    """Without augmentation, warm-up and clipping, the first step is what torch's own AdamW makes of the same batch."""
    still = {"scale": [1.0, 1.0], "ratio": [1.0, 1.0], "flip": False}
    plain = {**recipe()["optimizer"], "weight_decay": 0}
    chosen = recipe(epochs=1, augmentation=still, warmup_steps=0, grad_clip=None, batch=20, optimizer=plain)
    ours, theirs = prepare(chosen, 0), prepare(chosen, 0)
    data = pairs(ours, 20)
    state = State(tmp_path, ours, chosen)
    assert list(train(ours, data, plan(chosen, 0, 20), state)) == [1]
    batch = torch.from_numpy(batch_positions(epoch_order("digest", 0, 1, 20), 0, 20))
    theirs.model.train()
    before = {name: value.detach().clone() for name, value in theirs.model.named_parameters()}
    reference = torch.optim.AdamW(theirs.model.parameters(), lr=1e-3, weight_decay=0)
    loss = theirs.loss(normalise(data.images[batch]), data.targets[batch])
    loss.backward()
    reference.step()
    assert state.history == [(1, 1, 1e-3, pytest.approx(loss.item(), rel=1e-4))]
    # Adam's first step is the learning rate times the gradient's sign, which rounding can turn where there is none.
    moved = dict(ours.model.named_parameters())
    for name, value in theirs.model.named_parameters():
        same = ((moved[name] - value).abs() < 1e-5).float().mean()
        assert same > 0.9 or name.endswith("bias"), name
        assert not torch.equal(value, before[name]), name


def test_every_epoch_follows_its_own_order(tmp_path: Path) -> None:
    ours, seen = prepare(recipe(), 0), []
    data, sound = pairs(ours), ours.loss

    def loss(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        seen.append(targets)
        return sound(images, targets)

    ours.loss = loss  # type: ignore[method-assign]
    list(train(ours, data, plan(recipe(), 5, 28), State(tmp_path, ours, recipe())))
    for epoch in (1, 2, 3):
        order = epoch_order("digest", 5, epoch, 28)
        for step in range(3):
            expected = data.targets[torch.from_numpy(batch_positions(order, step, 8))]
            assert torch.equal(seen[3 * (epoch - 1) + step], expected)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    """Classes of different brightness are learnt within a few epochs."""
    chosen = supervised(epochs=10, keep=[10], checkpoint_seconds=1000)
    ours = prepare(chosen, 0)
    state = State(tmp_path, ours, chosen)
    noise = pairs(ours)
    bright = (noise.images // 4 + 90 * noise.targets.view(-1, 1, 1, 1)).to(torch.uint8)
    assert list(train(ours, Data(bright, noise.targets, "digest"), plan(chosen, 0, 28), state)) == list(range(1, 11))
    losses = [row[3] for row in state.history]
    assert sum(losses[-6:]) < 0.7 * sum(losses[:6])


def test_the_history_has_a_row_for_every_step(tmp_path: Path) -> None:
    ours = prepare(recipe(), 0)
    state = State(tmp_path, ours, recipe())
    epochs = list(train(ours, pairs(ours), plan(recipe(), 0, 28), state))
    frame = history_frame(state, 8)
    assert epochs == [1, 2, 3]
    assert list(frame.columns) == ["step", "epoch", "samples_seen", "lr", "loss"]
    assert list(frame["step"]) == list(range(1, 10))
    assert list(frame["epoch"]) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert list(frame["samples_seen"]) == [8 * step for step in range(1, 10)]
    assert list(frame["lr"]) == [learning_rate(step, 9, 2, 1e-3) for step in range(9)]


def test_a_loss_that_is_no_number_names_step_and_folder_and_keeps_the_last_state(tmp_path: Path) -> None:
    ours = prepare(recipe(), 0)
    state = State(tmp_path / "state", ours, recipe())
    sound = ours.loss

    def loss(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return sound(images, targets) * (math.nan if state.step == 4 else 1)

    ours.loss = loss  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match=r"the loss is nan in step 5 of epoch 2; .* kept in .*/state$"):
        list(train(ours, pairs(ours), plan(recipe(), 0, 28), state))
    kept = State(tmp_path / "state", prepare(recipe(), 1), recipe())
    assert kept.restore()
    assert kept.step == 4 and len(kept.history) == 4
    assert all(torch.isfinite(value).all() for value in kept.model.state_dict().values())


def test_an_epochs_end_is_left_to_the_caller_to_save(tmp_path: Path) -> None:
    """A state beyond an epoch must mean that the epoch's weights are kept: the loop saves in the midst of epochs
    only."""
    ours = prepare(recipe(), 0)
    state = State(tmp_path, ours, recipe(checkpoint_seconds=0))
    for _ in train(ours, pairs(ours), plan(recipe(), 0, 28), state):
        assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == state.step - 1


def test_a_state_is_restored_whole(tmp_path: Path) -> None:
    ours = prepare(recipe(), 0)
    state = State(tmp_path, ours, recipe())
    next(train(ours, pairs(ours), plan(recipe(), 0, 28), state))
    state.save()
    other = State(tmp_path, prepare(recipe(), 1), recipe())
    assert other.restore()
    assert (other.step, other.history) == (state.step, state.history)
    for name, value in state.model.state_dict().items():
        assert torch.equal(other.model.state_dict()[name], value)
    ours_moments, theirs = (kept.optimizer.state_dict()["state"] for kept in (state, other))
    assert ours_moments.keys() == theirs.keys()
    assert all(torch.equal(ours_moments[key]["exp_avg_sq"], theirs[key]["exp_avg_sq"]) for key in theirs)


def test_without_a_state_training_begins_at_the_beginning(tmp_path: Path) -> None:
    assert not State(tmp_path, prepare(recipe(), 0), recipe()).restore()


def test_a_kill_while_a_state_is_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(tmp_path, prepare(recipe(), 0), recipe())
    state.save()

    def broken(content: object, path: Path) -> None:
        path.write_bytes(b"half a state")
        raise KeyboardInterrupt

    monkeypatch.setattr(training.torch, "save", broken)
    state.step = 7
    with pytest.raises(KeyboardInterrupt):
        state.save()
    assert state.restore() and state.step == 0
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


@pytest.mark.parametrize("of", [recipe(), supervised()], ids=["clip", "supervised"])
def test_a_weights_file_alone_gives_the_model_back(of: dict[str, object], tmp_path: Path) -> None:
    ours = prepare(of, 3)
    ours.model.train()
    ours.loss(normalise(pixels(8)), pairs(ours, 8).targets)  # moves the running means of the batch norms
    path = tmp_path / "epoch-001.safetensors"
    save_weights(path, ours.model, {**of, "epoch": 1, "samples_seen": 24})
    rebuilt, spec = load_weights(path)
    assert (spec["epoch"], spec["samples_seen"], spec["model_spec"]) == (1, 24, of["model_spec"])
    assert not rebuilt.model.training
    ours.model.eval()
    images = normalise(pixels(5, seed=1))
    expected, found = (each.classifier(CLASSES, ["a {}"])(images) for each in (ours, rebuilt))
    assert torch.equal(expected, found)


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        save_weights(tmp_path / name, prepare(recipe(), 0).model, {"b": 1, "a": [2, 3]})
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    header = (tmp_path / "first").read_bytes()
    size = int.from_bytes(header[:8], "little")
    assert json.loads(json.loads(header[8 : 8 + size])["__metadata__"]["datalines"]) == {"a": [2, 3], "b": 1}


def test_the_second_of_two_on_one_run_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    entered = threading.Event()

    def second() -> None:
        with alone(tmp_path / "run", "training this run"):
            entered.set()

    with alone(tmp_path / "run", "training this run"):
        other = threading.Thread(target=second)
        other.start()
        with alone(tmp_path / "another-run", "training this run"):
            assert not entered.wait(0.3)
    assert entered.wait(5)
    other.join()
    assert "another process is training this run; waiting for it to end" in caplog.text
