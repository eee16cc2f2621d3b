"""The loop: which batches it takes, what it notes, when it saves, and what ends it before its time."""

import errno
import logging
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from datalines.errors import StoppedError, TrainingError
from datalines.files import HashingWriter
from datalines.loading.batches import Batch
from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.objectives import Clip, Encoded
from datalines.training import loop, state
from datalines.training import run as running
from datalines.training.launch import train
from datalines.training.loop import Trainer
from datalines.training.run import HISTORY, Run, finished
from datalines.training.schedule import learning_rate
from datalines.training.state import Folder
from tests.scripts.tiny_files import write_mixture
from tests.unit.tiny_runs import recipe, supervised
from tests.unit.tiny_training import NEVER, OFTEN, interrupt, left, run_of

STEPS = 9


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixture of 28 pairs."""
    return write_mixture(tmp_path_factory.mktemp("mixture"), "photo")


@pytest.fixture(scope="module")
def whole(mixture: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that is never stopped."""
    run = run_of(mixture, tmp_path_factory.mktemp("whole"), recipe())
    train(run, 1)
    return left(Path(run.folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a run's state shall lie."""
    return tmp_path / "state"


def newest(run: Run) -> int | None:
    """The step of a run's newest state, which must be sound."""
    kept = Folder(Path(run.folder), run.identity)
    content = kept.load()
    if content is not None:
        assert all(torch.isfinite(value).all() for value in content["model"].values())
        assert content["step"] == kept.newest() == len(content["history"])
    return kept.newest()


def watch(monkeypatch: pytest.MonkeyPatch, look: Any) -> None:
    """Have `look(trainer, batch)` called before every step."""
    sound = Trainer._one

    def one(trainer: Trainer, batch: Batch) -> None:
        look(trainer, batch)
        sound(trainer, batch)

    monkeypatch.setattr(Trainer, "_one", one)


def spoil(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """The loss is no number in one step, counted from 1."""
    sound, calls = Clip.loss, iter(range(1, 100))

    def loss(self: Clip, encoded: Encoded, targets: torch.Tensor, own: slice) -> torch.Tensor:
        return sound(self, encoded, targets, own) * (float("nan") if next(calls) == step else 1.0)

    monkeypatch.setattr(Clip, "loss", loss)


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


@pytest.mark.parametrize(
    ("of", "step", "workers", "seconds", "state"),
    [
        (recipe(micro_batch=4), 5, 0, OFTEN, 4),
        (recipe(micro_batch=2), 5, 2, NEVER, 3),
        (supervised(micro_batch=2), 6, 2, OFTEN, 5),
        (supervised(), 1, 0, NEVER, None),
    ],
)
def test_a_run_that_goes_on_in_the_midst_of_an_epoch_ends_like_one_that_was_never_stopped(
    mixture: Path,
    tmp_path: Path,
    of: dict[str, Any],
    step: int,
    workers: int,
    seconds: float,
    state: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undisturbed = run_of(mixture, tmp_path / "whole", of, seconds=NEVER)
    train(undisturbed, 1)
    run = run_of(mixture, tmp_path / "stopped", of, workers=workers, seconds=seconds)
    interrupt(run, step, monkeypatch)
    assert newest(run) == state
    train(run, 1)
    assert left(tmp_path / "stopped") == left(tmp_path / "whole")
    assert finished(tmp_path / "stopped") == finished(tmp_path / "whole")


@pytest.mark.parametrize("step", [1, 3, 4, 9])
def test_asked_to_stop_it_saves_and_says_so(
    mixture: Path, folder: Path, whole: dict[str, bytes], step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(mixture, folder, recipe(), seconds=NEVER)
    with monkeypatch.context() as patch:
        watch(patch, lambda trainer, batch: os.kill(os.getpid(), signal.SIGTERM) if batch.step + 1 == step else None)
        if step == STEPS:
            train(run, 1)
        else:
            told = rf"stopped on request after step {step} of 9; the state is kept in {folder}, and the same command"
            with pytest.raises(StoppedError, match=told):
                train(run, 1)
    assert newest(run) == step
    train(run, 1)
    assert left(folder) == whole


@pytest.mark.parametrize(
    ("step", "seconds", "kept"),
    [
        (5, OFTEN, "the last good state, of step 4, is kept in {folder}"),
        (5, NEVER, "the last good state, of step 3, is kept in {folder}"),
        (2, NEVER, "no state was saved before"),
    ],
)
def test_a_loss_that_is_no_number_names_step_and_folder_and_keeps_the_last_state(
    mixture: Path, folder: Path, step: int, seconds: float, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(mixture, folder, recipe(), seconds=seconds)
    spoil(monkeypatch, step)
    told = f"the loss is nan in step {step} of epoch {1 + (step - 1) // 3}; {kept.format(folder=folder)}"
    with pytest.raises(TrainingError, match=told):
        train(run, 1)
    newest(run)
    assert finished(folder) is None


@pytest.mark.parametrize("step", [5, 6, 8])
def test_losses_that_are_looked_at_late_are_never_part_of_a_state(
    mixture: Path, folder: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where a look at each would cost time: the step is named all the same, and so is what is kept."""
    run = run_of(mixture, folder, recipe(), seconds=NEVER)
    sound = loop.History
    monkeypatch.setattr(loop, "History", lambda every: sound(50))
    spoil(monkeypatch, step)
    epoch = 1 + (step - 1) // 3
    with pytest.raises(TrainingError, match=rf"nan in step {step} of epoch {epoch}; the last good state, of step"):
        train(run, 1)
    assert newest(run) == 3 * (epoch - 1)


def test_an_epochs_weights_are_kept_before_a_state_goes_beyond_it(
    mixture: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state beyond an epoch must mean that the epoch's weights are there: nothing would write them any more."""
    found = []
    sound = running.keep

    def keep(run: Run, trainer: Trainer, epoch: int) -> None:
        found.append((epoch, trainer.step, trainer.folder.newest()))
        sound(run, trainer, epoch)

    monkeypatch.setattr(running, "keep", keep)
    train(run_of(mixture, folder, recipe()), 1)
    assert found == [(1, 3, 2), (3, 9, 8)]


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
    # A step takes a second here, and a state is due every two, counted from the last one.
    now = [0.0]
    monkeypatch.setattr(state.time, "monotonic", lambda: now[0])
    watch(monkeypatch, lambda trainer, batch: now.__setitem__(0, now[0] + 1))
    train(run_of(mixture, folder / "sometimes", recipe(), seconds=2), 1)
    assert saved[12:] == [2, 3, 5, 6, 8, 9]


@pytest.mark.parametrize("writes", [0, 3, 40])
def test_a_full_disk_stops_the_run_and_keeps_the_last_state(
    mixture: Path, folder: Path, whole: dict[str, bytes], writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(mixture, folder, recipe())
    sound, calls = HashingWriter.write, iter(range(10**6))
    full: list[bool] = []

    def write(self: HashingWriter, data: bytes) -> None:
        if full and next(calls) >= writes:
            raise OSError(errno.ENOSPC, "No space left on device")
        sound(self, data)

    with monkeypatch.context() as patch:
        watch(patch, lambda trainer, batch: full.append(True) if batch.step == 4 else None)
        patch.setattr(HashingWriter, "write", write)
        told = rf"no space is left on the disk of {folder}; the state of step 4 is kept. Free some and run the same"
        with pytest.raises(TrainingError, match=told):
            train(run, 1)
    assert newest(run) == 4
    train(run, 1)
    assert left(folder) == whole


def test_a_full_disk_before_any_state_says_that_there_is_none(
    mixture: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(self: HashingWriter, data: bytes) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(HashingWriter, "write", write)
    with pytest.raises(TrainingError, match=r"no space is left on .*; no state was saved before\. Free some"):
        train(run_of(mixture, folder, recipe()), 1)


def test_a_batch_of_another_step_is_not_trained_on(
    mixture: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(monkeypatch, lambda trainer, batch: setattr(batch, "step", batch.step + (batch.step == 4)))
    with pytest.raises(TrainingError, match="the loader gave batch 5 for step 4"):
        train(run_of(mixture, folder, recipe()), 1)


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
