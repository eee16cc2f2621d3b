"""The training job with two ranks under torchrun: started, killed in parts, asked to stop, and gone on with."""

import json
import signal
from pathlib import Path

import psutil
import pytest

from datalines.errors import DatalinesError
from datalines.files import read_json
from datalines.training.launch import FIRST
from tests.campaigns.kill_training import JOB, PATIENCE, RANK, Job, arguments, gone, start, wait_until
from tests.scripts.tiny_files import write_mixture
from tests.scripts.tiny_run import Run
from tests.unit.tiny_runs import recipe

OF = recipe(epochs=20, keep=[10, 20], micro_batch=4)
TWO = {"ranks": 2}


def newest(run: Run) -> int:
    """The step of a run's newest state; 0 without one."""
    listings = list(run.states.glob("*/state.json"))
    return int(read_json(listings[0])["states"][0]["step"]) if listings else 0


def alive(family: list[psutil.Process]) -> list[list[str]]:
    """What has not ended after a while."""
    wait_until(lambda: all(map(gone, family)), PATIENCE)
    return [arguments(process) for process in family if not gone(process)]


def wait_for_steps(run: Run, job: Job) -> None:
    """Wait until the job has saved more than was saved before it."""
    before = newest(run)
    assert wait_until(lambda: newest(run) > before or job.ended(), PATIENCE)
    assert not job.ended(), job.log.read_text()


def test_two_ranks_that_are_killed_and_stopped_end_like_one_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to a folder that is not the checkout's."""
    monkeypatch.chdir(tmp_path)
    manifest = write_mixture(Path("mixture"), "photo")
    alone, run = Run(Path("alone"), manifest), Run(Path("ranks"), manifest)
    alone.start(OF)

    # The job's own process is killed while ranks begin: all that it has started ends with it.
    job = start(run, 1, OF, resources=TWO)
    assert wait_until(lambda: list(run.states.glob(f"*/{FIRST}")), PATIENCE), job.log.read_text()
    family = job.family()
    assert len(family) == 3, [arguments(process) for process in family]
    assert job.kill(JOB) == JOB and job.status() == -signal.SIGKILL
    assert alive(family) == []

    # A rank is killed: the job ends by itself, and says what is left.
    job = start(run, 2, OF, resources=TWO)
    wait_for_steps(run, job)
    family = job.family()
    assert job.kill(RANK) == RANK and job.status() == 1
    assert alive(family) == []
    assert "TrainingError: the ranks ended with status 1; what they said stands above" in job.log.read_text()

    # The job is asked to stop: all ranks do, after the same step.
    job = start(run, 3, OF, resources=TWO)
    wait_for_steps(run, job)
    psutil.Process(job.process).terminate()
    assert job.status() == 1
    (listing,) = run.states.glob("*/state.json")
    told = f"StoppedError: stopped on request after step {newest(run)} of 60; the state is kept in {listing.parent}"
    assert told in job.log.read_text()

    run.start(OF, resources=TWO)
    ours, theirs = run.bytes(), alone.bytes()
    summaries = [json.loads(found.pop("summary.json")) for found in (ours, theirs)]
    assert ours == theirs and len(ours) == 3
    assert [summary.pop("ranks") for summary in summaries] == [2, 1]
    assert summaries[0] == summaries[1]
    assert run.left_over() == []


def test_ranks_that_cannot_share_the_batch_are_refused_at_once(tmp_path: Path) -> None:
    run = Run(tmp_path, write_mixture(tmp_path / "mixture", "photo"))
    with pytest.raises(DatalinesError, match="2 micro-batches of 4, which 3 ranks cannot share evenly"):
        run.start(OF, resources={"ranks": 3})
    assert not list(run.states.glob("*/run.json")) and not run.summary.exists()
