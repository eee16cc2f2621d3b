"""How the campaign of faults finds, stops and kills what a call has started; a stand-in takes Snakemake's place."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns.faults.processes import JOB, SERVER, WORKER, HangingError, Started, wait_until

# Says that it starts two jobs; each is a process, the first with one of its own.
STAND_IN = """\
import subprocess, sys, time
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
NEST = [sys.executable, "-c", "import subprocess, sys; subprocess.run(%r)" % SLEEP]
jobs = []
for number, words in enumerate([NEST, SLEEP]):
    jobs.append(subprocess.Popen(words))
    print(f"Job {number}: something", flush=True)
for job in jobs:
    job.wait()
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """A stand-in for Snakemake whose jobs are at work."""
    (tmp_path / "checkout").mkdir()
    call = Started([sys.executable, "-c", STAND_IN], tmp_path / "checkout")
    wait_until(lambda: len(call.members()) == 4, 60)
    yield call
    call.send_all(signal.SIGKILL)


def test_jobs_are_counted_as_they_start(started: Started) -> None:
    assert started.until(2, 0) and started.jobs() == 2
    assert started.output.name == "checkout.call-1.txt" and started.output.parent.name != "checkout"


def test_parts_are_told_apart(started: Started) -> None:
    found = started.parts()
    assert (len(found[JOB]), len(found[WORKER]), len(found[SERVER])) == (2, 1, 0)
    assert started.part(WORKER) == found[WORKER]


def test_jobs_outlive_what_started_them(started: Started) -> None:
    started.send(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL and len(started.members()) == 3


def test_everything_is_killed_at_once(started: Started) -> None:
    started.send_all(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    wait_until(lambda: not started.members(), 60)


def test_a_call_that_has_ended_has_no_more_moments(started: Started) -> None:
    started.send_all(signal.SIGKILL)
    started.wait()
    assert not started.until(50, 100)
    assert started.part(JOB) == []


def test_what_never_happens_is_an_error() -> None:
    with pytest.raises(HangingError, match="waited 0 s in vain"):
        wait_until(lambda: False, 0)
