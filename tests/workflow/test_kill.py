"""Snakemake is killed in training, alone or with all that it started: the next call ends in the same bytes.

As in the Makefile, `datalines.unlock` comes before the next call.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.workflow.checkout import SNAKEMAKE, Checkout

SUMMARY = "results/tiny/runs/photos/full/0/summary.json"

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Snakemake in a process group of its own, which ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(checkout: Checkout, *targets: str) -> subprocess.Popen[str]:
        command = [*SNAKEMAKE, *targets, "--config", "scale=tiny"]
        with (checkout.root / f"{len(started)}.txt").open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=checkout.root,
                env=checkout.environment(),
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        if processes_of(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def processes_of(group: int) -> list[psutil.Process]:
    """What is alive in a process group."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until something is true."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)


def test_a_power_cut_in_training_from_a_clean_tree(finished: Checkout, fresh: Checkout, start: Start) -> None:
    """Two clean trees end in the same bytes, although everything that ran in one was killed while a model trained."""
    process = start(fresh, SUMMARY)
    states = fresh.results / "state"
    wait_for(lambda: list(states.glob("*/state.json")) or process.poll() is not None)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    begun = {path.parent.name for path in states.glob("*/state.json")}
    assert not list(fresh.results.glob("runs/*/*/*/summary.json"))
    locked = fresh.call(SUMMARY)
    assert locked.code != 0 and "--unlock" in locked.text
    assert "its lock is released" in fresh.release()
    again = fresh.call(SUMMARY)
    assert again.code == 0, again.text
    assert "continuing after step" in again.text
    assert begun and begun <= {path.stem for path in states.glob("*.lock")}
    ours, theirs = fresh.digests(), finished.digests()
    assert SUMMARY.removeprefix("results/tiny/") in ours
    assert ours == {path: digest for path, digest in theirs.items() if path in ours}
    assert fresh.plan(SUMMARY) == {}


def test_the_job_of_a_killed_snakemake_is_waited_for(finished: Checkout, tmp_path: Path, start: Start) -> None:
    """Only Snakemake is killed: its job trains on. The next call's job waits for the run's lock."""
    checkout = finished.copy(tmp_path / "copy")
    (checkout.root / SUMMARY).unlink()
    for remembered in (checkout.results / "state").glob("*.done"):
        shutil.rmtree(remembered)
    process = start(checkout, SUMMARY)
    wait_for(lambda: list((checkout.results / "state").glob("*/state.json")) or process.poll() is not None)
    os.killpg(process.pid, signal.SIGSTOP)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert processes_of(process.pid) and not (checkout.root / SUMMARY).exists()
    assert "its lock is released" in checkout.release()
    second = start(checkout, SUMMARY)
    wait_for(lambda: "waiting for it to end" in (checkout.root / "1.txt").read_text() or second.poll() is not None)
    assert second.poll() is None, (checkout.root / "1.txt").read_text()
    os.killpg(process.pid, signal.SIGCONT)
    assert second.wait(120) == 0, (checkout.root / "1.txt").read_text()
    wait_for(lambda: not processes_of(process.pid))
    assert checkout.digests() == finished.digests()
    assert checkout.plan() == {}
