"""Processes of a trial: a started Snakemake, the jobs below it, and signals to them."""

import contextlib
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

BEGUN = re.compile(r"^(?:Job \d+: |(?:local)?rule )", flags=re.MULTILINE)
"""What Snakemake prints when it starts a job."""
PATIENCE = 900.0
"""Seconds after which something that must end by itself is said to hang."""
PAUSE = 0.02
JOB, WORKER, SERVER, FORK = "job", "worker of a job", "fork server", "fork"
PARTS = (JOB, WORKER, SERVER, FORK)
"""What Snakemake starts: scripts, the processes that load their batches, the server of forks, and its forks."""


class HangingError(Exception):
    """Something that must end by itself does not."""


class Started:
    """A Snakemake in a session of its own, with all that it prints in a file beside its checkout."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        number = len(list(folder.parent.glob(f"{folder.name}.call-*.txt"))) + 1
        self.output = folder.parent / f"{folder.name}.call-{number}.txt"
        with self.output.open("w") as stream:
            self._process = subprocess.Popen(
                words,
                cwd=folder,
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process, session and group."""
        return self._process.pid

    def text(self) -> str:
        """What it has printed so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def jobs(self) -> int:
        """How many jobs it has started so far."""
        return len(BEGUN.findall(self.text()))

    def ended(self) -> bool:
        """Whether it has ended; its jobs may live on."""
        return self._process.poll() is not None

    def wait(self) -> int:
        """Wait for its end; the exit status, negative for a signal."""
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise HangingError(f"Snakemake has not ended after {PATIENCE:.0f} s; it printed {self.output}") from None

    def until(self, jobs: int, seconds: float) -> bool:
        """Wait until so many jobs have been started, and some seconds more; whether it still runs."""
        wait_until(lambda: self.ended() or self.jobs() >= jobs)
        pause(seconds, self.ended)
        return not self.ended()

    def send(self, number: signal.Signals) -> None:
        """A signal to Snakemake alone."""
        self._process.send_signal(number)

    def send_all(self, number: signal.Signals) -> None:
        """A signal to Snakemake and everything that it has started, as far as that still lives."""
        for process in members(self.pid):
            send(process, number)

    def members(self) -> list[psutil.Process]:
        """What is alive of all that it has started, itself included."""
        return members(self.pid)

    def parts(self) -> dict[str, list[psutil.Process]]:
        """What it has started, by what it is."""
        found: dict[str, list[psutil.Process]] = {part: [] for part in PARTS}
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.pid).children():
                below = descendants(child)
                is_server = "datalines.forkserver" in words_of(child)
                found[SERVER if is_server else JOB].append(child)
                found[FORK if is_server else WORKER] += below
        return found

    def part(self, *wanted: str) -> list[psutil.Process]:
        """Wait until a process of a wanted kind is there; none if the end comes before one does."""
        found: list[psutil.Process] = []

        def is_there() -> bool:
            parts = self.parts()
            found[:] = [process for part in wanted for process in parts[part]]
            return bool(found) or self.ended()

        wait_until(is_there)
        return found


def members(session: int) -> list[psutil.Process]:
    """What is alive in a session."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """What a process has started, and what that has started."""
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def words_of(process: psutil.Process) -> list[str]:
    """A process's command line, empty once it has ended."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def send(process: psutil.Process, number: signal.Signals) -> bool:
    """Send a signal; whether the process was still there."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True


def wait_until(happens: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for something that must happen."""
    until = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > until:
            raise HangingError(f"waited {seconds:.0f} s in vain")
        time.sleep(PAUSE)


def pause(seconds: float, ended: Callable[[], bool]) -> None:
    """Wait some seconds, or until something has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not ended():
        time.sleep(PAUSE)


def moment(chance: random.Random, jobs: int) -> tuple[int, float]:
    """A random moment of a run of so many jobs: the number of jobs started before it, and seconds after that."""
    return chance.randrange(max(1, jobs)), chance.choice([0.0, chance.uniform(0, 0.3), chance.uniform(0, 3)])
