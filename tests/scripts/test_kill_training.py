"""Training that is killed, or asked to stop, by signals from outside: a short form of tests/campaigns, and SIGTERM."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalines.files import read_json
from tests.campaigns.kill_training import PATIENCE, wait_until
from tests.scripts.tiny_files import write_mixture
from tests.scripts.tiny_run import ROOT, Run
from tests.unit.tiny_runs import recipe
from tests.unit.tiny_training import NEVER

KILLS = re.compile(r": (\d+) kills ")


def test_kill_9_at_random_moments_changes_no_byte() -> None:
    """The campaign itself, with fewer trials."""
    command = [sys.executable, "-m", "tests.campaigns.kill_training", "--trials", "3", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    *trials, last = done.stdout.splitlines()
    assert len(trials) == 3 and last.startswith("3 trials, ") and last.endswith(", 3 ends with equal bytes")
    assert sum(int(found.group(1)) for found in map(KILLS.search, trials) if found) >= 3


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are ended with the test, however it ends."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_sigterm_leads_to_a_state_and_a_sentence(tmp_path: Path, processes: list[subprocess.Popen[str]]) -> None:
    """What Slurm sends before the time is up. States would be saved too seldom to be the reason why nothing is lost."""
    long = recipe(epochs=60, keep=[60], batch=14)
    run = Run(tmp_path / "stopped", write_mixture(tmp_path / "mixture", "photo"))
    first = run.command(long, config={"checkpointing": {"checkpoint_seconds": NEVER}})
    process = subprocess.Popen(first, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    processes.append(process)
    assert wait_until(lambda: list(run.states.glob("*/state.json")) or process.poll() is not None, 2 * PATIENCE)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "SIGTERM: stopping after this step" in said and "Traceback" not in said
    (listing,) = run.states.glob("*/state.json")
    step = read_json(listing)["states"][0]["step"]
    assert f"stopped on request after step {step} of 120; the state is kept in {listing.parent}" in said
    run.start(long)
    other = Run(tmp_path / "other", run.mixture)
    other.start(long)
    assert run.bytes() == other.bytes()
