"""The loop: which batches it takes, what it notes, and when it saves."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.objectives import Clip
from datalines.training import loop, state
from datalines.training import run as running
from datalines.training.launch import train
from datalines.training.loop import Trainer
from datalines.training.run import HISTORY, Run
from datalines.training.schedule import learning_rate
from datalines.training.state import Folder
from datalines.training.step import Engine, Part
from tests.unit.tiny_runs import recipe, supervised
from tests.unit.tiny_training import NEVER, left, run_of, watch

STEPS = 9


def test_every_epoch_follows_its_own_order(mixture: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []
    watch(monkeypatch, lambda trainer, batch: seen.append(batch.rows.numpy()))
    train(run_of(mixture, folder, recipe(), seed=5), 1)
    contents = Contents.open(mixture)
    order = Order(contents.shards, contents.digest, 5, 12)
    assert len(seen) == STEPS
    for step, rows in enumerate(seen):
        start = step % 3 * 8
        assert (rows == order.rows(step // 3 + 1, start, start + 8)).all()


def test_every_step_has_its_rate_and_every_micro_batch_its_own_dropout(
    mixture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed of dropout is that of a micro-batch's place in the run."""
    seeds: list[int] = []
    rates: list[list[float]] = []
    sound = loop.one_step

    def one_step(machine: Engine, parts: list[Part]) -> torch.Tensor:
        seeds.extend(part.seed for part in parts)
        rates.append([group["lr"] for group in machine.optimizer.param_groups])
        return sound(machine, parts)

    monkeypatch.setattr(loop, "one_step", one_step)
    for seed in (1, 2):
        train(run_of(mixture, tmp_path / str(seed), recipe(micro_batch=4), seed, seconds=NEVER), 1)
    first, other = seeds[: 2 * STEPS], seeds[2 * STEPS :]
    assert first == list(range(first[0], first[0] + 2 * STEPS))
    assert len(other) == len(first) and not set(first) & set(other)
    assert rates == 2 * [2 * [learning_rate(step, STEPS, 2, 1e-3)] for step in range(STEPS)]


def test_the_objective_hears_of_every_step(mixture: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A teacher moves by it; this one keeps its scale in bounds."""
    heard: list[tuple[int, int]] = []
    monkeypatch.setattr(Clip, "after_step", lambda ours, step, steps: heard.append((step, steps)))
    train(run_of(mixture, folder, recipe(), seconds=NEVER), 1)
    assert heard == [(step, STEPS) for step in range(STEPS)]


def test_the_history_has_schedule_and_loss_of_every_step(whole: dict[str, bytes], mixture: Path, folder: Path) -> None:
    train(run_of(mixture, folder, recipe()), 1)
    assert left(folder) == whole
    assert set(whole) == {"epoch-001.safetensors", "epoch-003.safetensors", HISTORY}
    frame = pd.read_csv(folder / HISTORY)
    assert list(frame["step"]) == list(range(1, 10))
    assert list(frame["epoch"]) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert list(frame["samples_seen"]) == [8 * step for step in range(1, 10)]
    assert list(frame["lr"]) == [learning_rate(step, 9, 2, 1e-3) for step in range(9)]
    assert frame["loss"].between(0, 10).all() and frame["loss"].nunique() == 9


def test_training_lowers_the_loss(mixture: Path, folder: Path) -> None:
    of = supervised(epochs=20, keep=[20], augmentation={"scale": [1, 1], "ratio": [1, 1], "flip": False})
    of["optimizer"]["lr"] = 1e-2
    train(run_of(mixture, folder, of, seconds=NEVER), 1)
    losses = list(pd.read_csv(folder / HISTORY)["loss"])
    assert sum(losses[-6:]) < 0.5 * sum(losses[:6])


def test_an_epochs_weights_are_kept_before_a_state_goes_beyond_it(
    mixture: Path, folder: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state beyond an epoch must mean that the epoch's weights are there: nothing would write them any more."""
    found = []
    sound = running.keep

    def keep(run: Run, trainer: Trainer, epoch: int) -> None:
        found.append((epoch, trainer.step, trainer.folder.newest()))
        sound(run, trainer, epoch)
        trainer.objective.model.eval()  # as one would to look at the model

    monkeypatch.setattr(running, "keep", keep)
    train(run_of(mixture, folder, recipe()), 1)
    assert found == [(1, 3, 2), (3, 9, 8)]
    assert left(folder) == whole


def test_states_are_saved_when_they_are_due(mixture: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    sound = Folder.save

    def save(self: Folder, content: dict[str, Any], step: int) -> None:
        saved.append(step)
        sound(self, content, step)

    monkeypatch.setattr(Folder, "save", save)
    train(run_of(mixture, folder / "often", recipe()), 1)
    train(run_of(mixture, folder / "seldom", recipe(), seconds=NEVER), 1)
    assert saved == [1, 2, 3, 4, 5, 6, 7, 8, 9, 3, 6, 9]
    # Epochs of seven steps, each of which takes a second; a state is due two seconds after the last one.
    now = [0.0]
    monkeypatch.setattr(state.time, "monotonic", lambda: now[0])
    watch(monkeypatch, lambda trainer, batch: now.__setitem__(0, now[0] + 1))
    train(run_of(mixture, folder / "sometimes", recipe(batch=4, epochs=2, keep=[2]), seconds=2), 1)
    assert saved[12:] == [2, 4, 6, 7, 9, 11, 13, 14]


def test_each_epoch_is_told_in_a_line(mixture: Path, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "datalines")
    run = run_of(mixture, folder, recipe(), seconds=NEVER)
    train(run, 1)
    assert "28 samples, 9 steps of 8" in caplog.text
    lines = [record.getMessage() for record in caplog.records if record.name == loop.__name__]
    losses = pd.read_csv(folder / HISTORY).groupby("epoch")["loss"].mean()
    assert [line.split("  ")[:2] for line in lines] == [
        [f"epoch {epoch}/3", f"loss {losses[epoch]:.3f}"] for epoch in (1, 2, 3)
    ]
    assert all("images/s" in line and "% of the time waiting for data" in line for line in lines)
