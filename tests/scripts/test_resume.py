"""A run that is stopped anywhere and started again ends with the same bytes as one that was never stopped."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from datalines import training
from datalines.files import read_json
from datalines.locks import alone
from datalines.objectives import Clip
from tests.scripts.tiny_files import write_mixture
from tests.unit.tiny_runs import recipe
from workflow.scripts import train_model

ROOT = Path(__file__).parents[2]
STEPS = 9


class PowerError(Exception):
    """The power goes off."""


class Run:
    """One run in a folder of its own."""

    def __init__(self, root: Path, mixture: Path) -> None:
        self.root, self.mixture = root, mixture
        self.summary, self.states = root / "run" / "summary.json", root / "state"

    def arguments(self, of: dict[str, Any]) -> dict[str, Any]:
        """The rule's arguments."""
        paths = {"mixture": self.mixture, "summary": self.summary, "history": self.summary.with_name("history.csv")}
        spec = {"mixture": "photo", "recipe": of}
        return {
            "family": "photo",
            "size": "full",
            "seed": 1,
            "spec": spec,
            **paths,
            "states": self.states,
            "threads": 1,
        }

    def start(self, of: dict[str, Any] | None = None) -> None:
        """Train in this process; as before a retry by Snakemake, the declared outputs are gone."""
        for name in ("summary.json", "history.csv"):
            self.summary.with_name(name).unlink(missing_ok=True)
        train_model.main(**self.arguments(of or recipe()))

    def bytes(self) -> dict[str, bytes]:
        """Everything in the run's folder."""
        return {path.name: path.read_bytes() for path in sorted(self.summary.parent.iterdir())}

    def left_over(self) -> list[str]:
        """What lies in the states' folder beside locks and what finished runs leave for the next time."""
        return [path.name for path in self.states.iterdir() if path.suffix not in (".lock", ".done")]


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixture of 28 pairs."""
    return write_mixture(tmp_path_factory.mktemp("mixture"), "photo")


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


def test_two_runs_leave_the_same_bytes(run: Run, whole: dict[str, bytes]) -> None:
    run.start()
    assert run.bytes() == whole
    assert set(whole) == {"summary.json", "history.csv", "epoch-001.safetensors", "epoch-003.safetensors"}


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_stopped_in_any_step(run: Run, whole: dict[str, bytes], step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = iter(range(1, STEPS + 1))
    sound = Clip.loss

    def loss(self: Clip, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if next(steps) == step:
            raise PowerError
        return sound(self, images, targets)

    with monkeypatch.context() as patch:
        patch.setattr(Clip, "loss", loss)
        with pytest.raises(PowerError):
            run.start()
    assert not run.summary.exists()
    spent = count_steps(run, monkeypatch)
    assert run.bytes() == whole
    assert spent == STEPS - step + 1
    assert run.left_over() == []


def count_steps(run: Run, monkeypatch: pytest.MonkeyPatch) -> int:
    """Finish the run and count its steps."""
    spent: list[int] = []
    sound = Clip.loss

    def loss(self: Clip, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        spent.append(1)
        return sound(self, images, targets)

    with monkeypatch.context() as patch:
        patch.setattr(Clip, "loss", loss)
        run.start()
    return len(spent)


def test_a_finished_run_that_is_asked_for_again_trains_nothing(
    run: Run, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count_steps(run, monkeypatch) == STEPS
    for name in ("summary.json", "history.csv"):
        (run.summary.parent / name).unlink()
    assert count_steps(run, monkeypatch) == 0
    assert run.bytes() == whole
    # A weights file that is not what it was is no reason to believe the rest.
    weights = next(run.summary.parent.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert count_steps(run, monkeypatch) == STEPS
    assert run.bytes() == whole


def test_stopped_without_any_state_begins_anew(
    run: Run, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    rare = recipe(checkpoint_seconds=1e9)
    with monkeypatch.context() as patch:
        patch.setattr(Clip, "loss", fail_at(3))
        with pytest.raises(PowerError):
            run.start(rare)
    assert count_steps(run, monkeypatch) == STEPS
    assert run.bytes() == whole


def fail_at(step: int) -> Callable[[Clip, torch.Tensor, torch.Tensor], torch.Tensor]:
    """A loss that stops the run in its `step`-th call."""
    calls = iter(range(1, 1000))
    sound = Clip.loss

    def loss(self: Clip, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if next(calls) == step:
            raise PowerError
        return sound(self, images, targets)

    return loss


@pytest.mark.parametrize("name", ["save_weights", "publish", "write_csv", "write_json", "kept_entry", "discard"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_stopped_around_every_act_of_the_end(
    run: Run, whole: dict[str, bytes], name: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = getattr(train_model, name)

    def stopped(*arguments: Any) -> None:
        if when == "after":
            act(*arguments)
        raise PowerError

    with monkeypatch.context() as patch:
        patch.setattr(train_model, name, stopped)
        with pytest.raises(PowerError):
            run.start()
    run.start()
    assert run.bytes() == whole
    assert run.left_over() == []


def test_stopped_between_the_files_of_a_state_that_is_removed(
    run: Run, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever file goes first, what is left must not be taken for a state whose weights are all there."""
    removed: list[Path] = []
    unlink = Path.unlink

    def once(path: Path, missing_ok: bool = False) -> None:
        if removed and path.parent.parent == run.states:
            raise PowerError
        if path.parent.parent == run.states and path.suffix in (".pt", ".safetensors"):
            removed.append(path)
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(training.Path, "unlink", once)
        with pytest.raises(PowerError):
            run.start()
    assert removed and run.left_over()
    run.start()
    assert run.bytes() == whole


def test_a_state_of_another_recipe_or_other_code_is_not_gone_on_from(
    run: Run, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for other, code in ((recipe(warmup_steps=3), ""), (recipe(), "other")):
        with monkeypatch.context() as patch:
            patch.setattr(Clip, "loss", fail_at(5))
            with pytest.raises(PowerError):
                train_model.main(**run.arguments(other), code=code)
    assert len(run.left_over()) == 2
    assert count_steps(run, monkeypatch) == STEPS
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


def command(run: Run, of: dict[str, Any]) -> list[str]:
    """The script's command line."""
    flags = []
    for name, value in run.arguments(of).items():
        flags += [f"--{name}", json.dumps(value) if isinstance(value, dict) else str(value)]
    return [sys.executable, "-m", "workflow.scripts.train_model", *flags]


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended with the test, however it ends."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_kill_9_at_random_moments(
    run: Run, mixture: Path, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    """Three times the process is killed while it trains, writing its state after every step; the fourth ends like one
    never killed."""
    long = recipe(epochs=40, keep=[10, 20, 30, 40])
    moments, steps = random.Random(0), []
    for _ in range(3):
        processes.append(subprocess.Popen(command(run, long), cwd=ROOT, stderr=subprocess.DEVNULL))
        before = newest_state(run)
        until = time.monotonic() + 60
        while newest_state(run) == before and processes[-1].poll() is None:
            assert time.monotonic() < until, "no state was written"
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.1))
        os.kill(processes[-1].pid, signal.SIGKILL)
        assert processes[-1].wait() == -signal.SIGKILL, "it ended before it could be killed: make the run longer"
        assert not run.summary.exists()
        (state,) = run.states.glob("*/state.pt")
        steps.append(torch.load(state, weights_only=True)["step"])
    assert steps == sorted(set(steps)) and steps[-1] < 120
    done = subprocess.run(command(run, long), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"continuing after step {steps[-1]} of 120" in done.stderr
    other = Run(tmp_path / "other", mixture)
    other.start(long)
    assert run.bytes() == other.bytes()
    assert len(read_json(run.summary)["weights"]) == 4


def newest_state(run: Run) -> int:
    """When the state was last written; 0 before."""
    return max((path.stat().st_mtime_ns for path in run.states.glob("*/state.pt")), default=0)
