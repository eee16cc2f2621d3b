"""A run that is stopped anywhere and started again ends with the same bytes as one that was never stopped."""

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from datalines.errors import StoppedError
from datalines.loading.batches import Batch
from datalines.locks import alone
from datalines.training import run as running
from datalines.training import state
from datalines.training.loop import Trainer
from tests.scripts.tiny_run import Run
from tests.unit.tiny_runs import recipe
from tests.unit.tiny_training import NEVER, PowerError
from workflow.scripts import train_model

STEPS = 9


@pytest.fixture(scope="module")
def whole(mixture: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that is never stopped."""
    run = Run(tmp_path_factory.mktemp("whole"), mixture)
    run.start()
    return run.bytes()


@pytest.fixture
def run(mixture: Path, tmp_path: Path) -> Run:
    """A run that has not begun."""
    return Run(tmp_path, mixture)


def cut_power(patch: pytest.MonkeyPatch, step: int) -> None:
    """Let no run come beyond step `step`, counted from 1."""
    sound = Trainer._one

    def one(trainer: Trainer, batch: Batch) -> None:
        if batch.step + 1 == step:
            raise PowerError
        sound(trainer, batch)

    patch.setattr(Trainer, "_one", one)


def stop_at(run: Run, step: int, of: dict[str, Any] | None = None, **changes: Any) -> None:
    """Start the run and cut the power in step `step`."""
    with pytest.MonkeyPatch.context() as patch:
        cut_power(patch, step)
        with pytest.raises(PowerError):
            run.start(of, **changes)
    assert not run.summary.exists()


def count_steps(run: Run, **changes: Any) -> int:
    """Finish the run and count its steps."""
    spent: list[int] = []
    sound = Trainer._one

    def one(trainer: Trainer, batch: Batch) -> None:
        spent.append(batch.step)
        sound(trainer, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_one", one)
        run.start(**changes)
    return len(spent)


def test_two_runs_leave_the_same_bytes(run: Run, whole: dict[str, bytes]) -> None:
    run.start()
    assert run.bytes() == whole
    assert set(whole) == {"summary.json", "history.csv", "epoch-001.safetensors", "epoch-003.safetensors"}


def test_workers_and_states_change_no_byte(run: Run, whole: dict[str, bytes]) -> None:
    """They are the machine's business."""
    run.start(threads=3, config={"checkpointing": {"checkpoint_seconds": NEVER}})
    assert run.bytes() == whole


@pytest.mark.parametrize("step", [1, 3, 4, 8, STEPS])
def test_stopped_in_any_step(run: Run, whole: dict[str, bytes], step: int) -> None:
    stop_at(run, step)
    assert count_steps(run) == STEPS - step + 1
    assert run.bytes() == whole
    assert run.left_over() == []


def test_stopped_once_and_again_with_other_workers(run: Run, whole: dict[str, bytes]) -> None:
    for step, threads in ((3, 3), (6, 1), (8, 2)):
        stop_at(run, step, threads=threads)
    run.start()
    assert run.bytes() == whole


def test_a_finished_run_that_is_asked_for_again_trains_nothing(run: Run, whole: dict[str, bytes]) -> None:
    assert count_steps(run) == STEPS
    for name in ("summary.json", "history.csv"):
        (run.summary.parent / name).unlink()
    assert count_steps(run) == 0
    assert run.bytes() == whole
    # A weights file that is not what it was is no reason to believe the rest.
    weights = next(run.summary.parent.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert count_steps(run) == STEPS
    assert run.bytes() == whole


def test_stopped_without_any_state_begins_anew(run: Run, whole: dict[str, bytes]) -> None:
    stop_at(run, 3, config={"checkpointing": {"checkpoint_seconds": NEVER}})
    assert count_steps(run) == STEPS
    assert run.bytes() == whole


ACTS = [
    *((train_model, name) for name in ("publish", "write_json", "remember")),
    *((running, name) for name in ("keep", "write_csv", "write_json")),
]


@pytest.mark.parametrize(("module", "name"), ACTS, ids=[f"{of.__name__}.{name}" for of, name in ACTS])
@pytest.mark.parametrize("when", ["before", "after"])
def test_stopped_around_every_act_of_the_end(
    run: Run, whole: dict[str, bytes], module: Any, name: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = getattr(module, name)

    def stopped(*arguments: Any) -> None:
        if when == "after":
            act(*arguments)
        raise PowerError

    with monkeypatch.context() as patch:
        patch.setattr(module, name, stopped)
        with pytest.raises(PowerError):
            run.start()
    run.start()
    assert run.bytes() == whole
    assert run.left_over() == []


def test_half_written_files_of_a_killed_job_do_not_stay(run: Run, whole: dict[str, bytes]) -> None:
    stop_at(run, 5)
    (folder,) = (run.states / name for name in run.left_over())
    run.summary.parent.mkdir()
    for half in (folder / ".step-000000005.pt.4711.tmp", run.summary.with_name(".epoch-001.safetensors.4711.tmp")):
        half.write_bytes(b"half")
    run.start()
    assert run.bytes() == whole and run.left_over() == []


def test_stopped_between_the_files_of_a_state_that_is_removed(
    run: Run, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left must not be taken for a state whose weights are all there."""

    sound = state.shutil.rmtree

    def first_file(folder: Path, **options: Any) -> None:
        if run.states in Path(folder).parents:
            next(folder.glob("*.safetensors")).unlink()
            raise PowerError
        sound(folder, **options)

    with monkeypatch.context() as patch:
        patch.setattr(state.shutil, "rmtree", first_file)
        with pytest.raises(PowerError):
            run.start()
    assert run.left_over()
    for done in run.states.glob("*.done/*"):  # which would make the state superfluous
        done.unlink()
    assert count_steps(run) == STEPS
    assert run.bytes() == whole and run.left_over() == []


def test_a_state_of_another_recipe_or_other_code_is_named_and_not_gone_on_from(
    run: Run, whole: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    for other, code in ((recipe(warmup_steps=3), ""), (recipe(), "other")):
        stop_at(run, 5, other, code=code)
    assert len(run.left_over()) == 2
    caplog.clear()
    assert count_steps(run) == STEPS
    assert run.bytes() == whole
    told = [record.getMessage() for record in caplog.records if "as it was before a change" in record.getMessage()]
    assert len(told) == 2 and all("holds this run at step 4" in text for text in told)
    assert sum("(recipe.warmup_steps: 3 there, 2 asked for); remove it" in text for text in told) == 1
    assert len(run.left_over()) == 2


def test_a_damaged_state_costs_the_steps_since_the_one_before(run: Run, whole: dict[str, bytes]) -> None:
    stop_at(run, 6)
    newest = max(run.states.glob("*/step-*.pt"))
    newest.write_bytes(newest.read_bytes()[:-7])
    assert count_steps(run) == STEPS - 4
    assert run.bytes() == whole


def test_weights_of_epochs_that_are_no_longer_kept_are_removed(run: Run) -> None:
    run.start()
    run.start(recipe(keep=[2]))
    assert set(run.bytes()) == {"summary.json", "history.csv", "epoch-002.safetensors"}


def test_two_processes_on_one_run(run: Run, whole: dict[str, bytes], caplog: pytest.LogCaptureFixture) -> None:
    """While one holds the run's lock, the other waits; then it goes on and ends as if it had been alone."""
    caplog.set_level(logging.INFO)
    run.start()
    (lock,) = run.states.glob("*.lock")
    with alone(lock.with_suffix(""), "testing"):
        second = threading.Thread(target=run.start)
        second.start()
        second.join(0.7)
        assert second.is_alive() and not run.summary.exists()
    second.join(30)
    assert not second.is_alive()
    assert "waiting for it to end" in caplog.text
    assert run.bytes() == whole


def test_a_request_to_stop_is_no_failure_of_the_program(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Trainer._one

    def one(trainer: Trainer, batch: Batch) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        sound(trainer, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_one", one)
        with pytest.raises(StoppedError, match="stopped on request after step 1 of 9"):
            run.start()
    assert count_steps(run) == STEPS - 1
