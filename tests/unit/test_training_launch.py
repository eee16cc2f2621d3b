"""Starting ranks: what is asked of torchrun, and what is made of how they end. tests/scripts/test_ranks.py has real
ones."""

import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from datalines.errors import DatalinesError, StoppedError, TrainingError
from datalines.files import read_json, write_json
from datalines.training import launch, worker
from datalines.training.launch import DESCRIPTION, ENDED, FIRST, train
from datalines.training.run import OUTCOME, Run
from tests.unit.tiny_runs import recipe
from tests.unit.tiny_training import run_of


class Torchrun:
    """Stands in for the process."""

    def __init__(self, like: "Torchruns", command: list[str], environment: dict[str, str]) -> None:
        self.like, self.command, self.environment = like, command, environment
        self.folder, self.waited, self.terminated = Path(command[-1]).parent, 0, False
        self.found = {path.name for path in self.folder.iterdir()}

    def __enter__(self) -> "Torchrun":
        return self

    def __exit__(self, *error: object) -> None:
        """As a process that has ended."""

    def wait(self, timeout: float) -> int:
        """Ends at the second look; before it, this process may be asked to stop."""
        self.waited += 1
        if self.waited == 1:
            if self.like.asks:
                os.kill(os.getpid(), signal.SIGTERM)
            raise subprocess.TimeoutExpired("torchrun", timeout)
        for name, content in self.like.leaves.items():
            write_json(self.folder / name, content)
        return self.like.status

    def terminate(self) -> None:
        """Asked to end."""
        self.terminated = True


@dataclass
class Torchruns:
    """How processes shall end, and those that were started."""

    leaves: dict[str, Any] = field(default_factory=lambda: {OUTCOME: {}})
    status: int = 0
    asks: bool = False
    started: list[Torchrun] = field(default_factory=list)

    def __call__(self, command: list[str], **options: Any) -> Torchrun:
        """In place of subprocess.Popen."""
        self.started.append(Torchrun(self, command, options["env"]))
        return self.started[-1]


@pytest.fixture
def torchrun(monkeypatch: pytest.MonkeyPatch) -> Torchruns:
    """No process is started."""
    found = Torchruns()
    monkeypatch.setattr(launch.subprocess, "Popen", found)
    return found


@pytest.fixture(autouse=True)
def outside_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests run in no job."""
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of four micro-batches."""
    (tmp_path / "run").mkdir()
    return run_of(tmp_path / "manifest.json", tmp_path / "run", recipe(micro_batch=2, cpu_threads=3))


def test_ranks_that_do_not_fit_are_refused_before_anything_is_started(torchrun: Torchruns, run: Run) -> None:
    with pytest.raises(DatalinesError, match="4 micro-batches of 2, which 3 ranks cannot share evenly"):
        train(run, 3)
    with pytest.raises(DatalinesError, match="4 ranks cannot be spread over 3 nodes evenly"):
        train(run, 4, 3)
    with pytest.raises(DatalinesError, match="2 nodes are asked for, but this is no Slurm job; set nodes to 1"):
        train(run, 4, 2)
    assert torchrun.started == [] and not (Path(run.folder) / OUTCOME).exists()


def test_one_torchrun_is_started_with_all_ranks_of_a_node(torchrun: Torchruns, run: Run) -> None:
    train(run, 4)
    (one,) = torchrun.started
    options = one.command[3:-2]
    assert one.command[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert options[:3] == ["--nproc-per-node", "4", "--standalone"] and options[-1] == "-m"
    assert one.command[-2:] == ["datalines.training.worker", str(Path(run.folder) / DESCRIPTION)]
    assert Run(**read_json(Path(run.folder) / DESCRIPTION)) == run


def test_on_several_nodes_each_starts_one(torchrun: Torchruns, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    train(run, 4, 2)
    (one,) = torchrun.started
    text = " ".join(one.command)
    assert text.startswith("srun --overlap ") and "--nodes 2 --ntasks 2 --ntasks-per-node 1 " in text
    assert "--nproc-per-node 2 --nnodes 2 " in text and "--rdzv-backend c10d" in text and "--standalone" not in text


def test_ranks_find_the_code_in_whatever_folder_and_have_the_recipes_threads(
    torchrun: Torchruns, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    train(run, 2)
    (one,) = torchrun.started
    assert one.environment["PYTHONPATH"] == f"{launch.ROOT}{os.pathsep}/somewhere"
    assert (launch.ROOT / "datalines" / "training" / "worker.py").is_file()
    assert one.environment["OMP_NUM_THREADS"] == "3"


def test_what_earlier_ranks_left_is_not_taken_for_the_word_of_these(torchrun: Torchruns, run: Run) -> None:
    for name in (ENDED, FIRST, OUTCOME):
        write_json(Path(run.folder) / name, {"stopped": True, "text": "long ago", "host": "", "pid": 1})
    torchrun.leaves, torchrun.status = {}, 1
    with pytest.raises(TrainingError, match="the ranks ended with status 1; what they said stands above"):
        train(run, 2)
    assert torchrun.started[0].found == {DESCRIPTION}


@pytest.mark.parametrize(("stopped", "kind"), [(True, StoppedError), (False, TrainingError)])
def test_the_rank_that_knows_why_is_quoted(
    torchrun: Torchruns, run: Run, stopped: bool, kind: type[DatalinesError]
) -> None:
    torchrun.leaves = {ENDED: {"stopped": stopped, "text": "the reason", "rank": 0}}
    with pytest.raises(kind, match=r"^the reason$"):
        train(run, 2)


def test_a_request_to_stop_before_a_rank_has_begun_goes_to_torchrun(torchrun: Torchruns, run: Run) -> None:
    torchrun.leaves, torchrun.asks, torchrun.status = {}, True, 1
    with pytest.raises(StoppedError, match=r"stopped on request before the ranks could save a state; what .*run held"):
        train(run, 2)
    (one,) = torchrun.started
    assert one.terminated


def test_a_request_to_stop_that_comes_too_late_changes_nothing(torchrun: Torchruns, run: Run) -> None:
    torchrun.asks = True
    train(run, 2)
    assert (Path(run.folder) / OUTCOME).is_file()


@pytest.fixture
def rank(run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process is to be a rank, but stays what it is for the kernel and for logging."""
    monkeypatch.setattr(worker, "die_with_parent", lambda: None)
    monkeypatch.setattr(worker, "start_logging", lambda file, name: None)
    path = Path(run.folder) / DESCRIPTION
    write_json(path, run.as_json())
    return path


def fail(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Training ends with an error."""

    def execute(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr(worker, "execute", execute)


@pytest.mark.parametrize(
    ("number", "error", "status", "left"),
    [
        ("0", TrainingError("no good"), 1, {"stopped": False, "text": "no good", "rank": 0}),
        ("1", TrainingError("no good"), 1, {"stopped": False, "text": "no good", "rank": 1}),
        ("0", StoppedError("as asked"), 0, {"stopped": True, "text": "as asked", "rank": 0}),
        ("1", StoppedError("as asked"), 0, None),
        ("0", ValueError("a mistake"), 1, None),
    ],
)
def test_a_rank_leaves_why_it_ended(
    rank: Path, monkeypatch: pytest.MonkeyPatch, number: str, error: Exception, status: int, left: dict[str, Any] | None
) -> None:
    monkeypatch.setenv("RANK", number)
    fail(monkeypatch, error)
    assert worker.main(rank) == status
    ended = rank.with_name(ENDED)
    assert (read_json(ended) if ended.is_file() else None) == left
    assert rank.with_name(FIRST).is_file() is (number == "0")


def test_a_reason_that_cannot_be_left_is_said(
    rank: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason may be that there is no space left."""
    monkeypatch.setenv("RANK", "0")
    fail(monkeypatch, TrainingError("no space is left"))

    def write(path: Path, content: Any) -> None:
        if path.name == ENDED:
            raise OSError("no space")
        write_json(path, content)

    monkeypatch.setattr(worker, "write_json", write)
    with caplog.at_level(logging.ERROR, "datalines"):
        assert worker.main(rank) == 1
    assert "no space is left" in caplog.text


def test_the_first_rank_says_where_it_is(rank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    fail(monkeypatch, StoppedError("as asked"))
    worker.main(rank)
    assert json.loads(rank.with_name(FIRST).read_text())["pid"] == os.getpid()
