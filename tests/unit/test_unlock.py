"""A killed run's lock is released, a living run's is not."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from datalines.unlock import release, working


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A folder with the locks of a run, and a program called snakemake in it."""
    locks = tmp_path / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    for name in ("0.input.lock", "0.output.lock"):
        (locks / name).write_text("results/a\n")
    (tmp_path / "snakemake").write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    return tmp_path


def test_locks_of_a_dead_run_are_removed(locked: Path) -> None:
    assert release(locked) == 2
    assert not list((locked / ".snakemake" / "locks").iterdir())
    assert release(locked) == 0


def test_locks_of_a_living_run_stay_until_it_is_killed(locked: Path) -> None:
    process = subprocess.Popen([sys.executable, locked / "snakemake"], cwd=locked, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert working(locked) == [process.pid]
        assert release(locked) == 0
    finally:
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 10
    while working(locked) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert release(locked) == 2


def test_a_run_in_another_folder_does_not_count(locked: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    process = subprocess.Popen([sys.executable, locked / "snakemake"], cwd=elsewhere, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert release(locked) == 2
    finally:
        process.kill()
        process.communicate()


def test_a_job_of_a_cluster_takes_no_lock_and_holds_none(locked: Path) -> None:
    command = [sys.executable, locked / "snakemake", "--mode", "remote", "--nolock"]
    process = subprocess.Popen(command, cwd=locked, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert release(locked) == 2
    finally:
        process.kill()
        process.communicate()
