"""What ends a run before its time, what is kept of it then, and how it goes on."""

import errno
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from datalines.errors import StoppedError, TrainingError
from datalines.files import HashingWriter
from datalines.objectives import Clip, Encoded
from datalines.training import loop
from datalines.training.launch import train
from datalines.training.run import finished
from tests.unit.tiny_runs import recipe, supervised
from tests.unit.tiny_training import NEVER, OFTEN, interrupt, left, newest, run_of, watch

STEPS = 9


def spoil(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """The loss is no number in one step, counted from 1."""
    sound, calls = Clip.loss, iter(range(1, 100))

    def loss(self: Clip, encoded: Encoded, targets: torch.Tensor, own: slice) -> torch.Tensor:
        return sound(self, encoded, targets, own) * (float("nan") if next(calls) == step else 1.0)

    monkeypatch.setattr(Clip, "loss", loss)


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
        told = rf"no space is left on the disk of {folder}; the last good state, of step 4, is kept in {folder}. Free "
        with pytest.raises(TrainingError, match=told):
            train(run, 1)
    assert newest(run) == 4
    train(run, 1)
    assert left(folder) == whole


@pytest.mark.parametrize(
    ("reason", "kind", "told"),
    [
        (errno.EDQUOT, TrainingError, r"no space is left on .*; no state was saved before\. Free some"),
        (errno.EIO, OSError, "the disk is broken"),
    ],
)
def test_a_full_disk_before_any_state_says_that_there_is_none_and_a_broken_one_is_not_full(
    mixture: Path, folder: Path, reason: int, kind: type[Exception], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(self: HashingWriter, data: bytes) -> None:
        raise OSError(reason, "the disk is broken")

    monkeypatch.setattr(HashingWriter, "write", write)
    with pytest.raises(kind, match=told):
        train(run_of(mixture, folder, recipe()), 1)


def test_a_batch_of_another_step_is_not_trained_on(
    mixture: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(monkeypatch, lambda trainer, batch: setattr(batch, "step", batch.step + (batch.step == 4)))
    with pytest.raises(TrainingError, match="the loader gave batch 5 for step 4"):
        train(run_of(mixture, folder, recipe()), 1)
