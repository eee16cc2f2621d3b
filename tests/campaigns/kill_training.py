"""Kills training without warning until it ends all the same: `python -m tests.campaigns.kill_training --trials 100`.

A trial starts a small run, sends SIGKILL at a random moment, starts it again, and so on until a start comes to its end.
What is left then must be the same, to the last bit, as what is left by a run that nobody disturbed: weights, history
and summary, and nothing besides. Workers, and how often states are saved, are chosen anew for every start.

What is killed: the job with all processes of its group, or the job's process alone; with `--ranks 2` also torchrun or
one of its ranks. However it ends, no process of a run may outlive its job for long.
"""

import argparse
import itertools
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from datalines.job import start_logging
from tests.scripts.tiny_files import write_mixture
from tests.scripts.tiny_run import Run
from tests.unit.tiny_runs import recipe
from tests.unit.tiny_training import NEVER, OFTEN

RECIPE = recipe(epochs=8, keep=[2, 5, 8], micro_batch=4)
GROUP, JOB, TORCHRUN, RANK = "group", "job", "torchrun", "rank"
PROGRAMS = {TORCHRUN: "torch.distributed.run", RANK: "datalines.training.worker"}
# What the log says when the first step is near; the loading of torch by ranks takes far longer than their training.
BEGUN = ("24 steps of 8", "continuing after step")
EARLY = 0.2  # share of the kills that may come before
PATIENCE = 60.0  # seconds for what must end by itself


@dataclass
class Job:
    """A start of a run, in a process group of its own."""

    process: int
    log: Path

    def begun(self) -> bool:
        """Whether training has begun."""
        text = self.log.read_text() if self.log.exists() else ""
        return any(mark in text for mark in BEGUN)

    def ended(self) -> bool:
        """Whether the job has ended; waits for nothing."""
        return psutil.Process(self.process).status() == psutil.STATUS_ZOMBIE

    def status(self) -> int:
        """Wait for the end; the exit status, negative for a signal. A job that does not end is an error."""
        wait_until(self.ended, PATIENCE)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])

    def family(self) -> list[psutil.Process]:
        """The processes that the job has started."""
        return list(psutil.Process(self.process).children(recursive=True))

    def kill(self, target: str) -> str:
        """Kill a part of the job, or all of it where that part is not there; returns what was killed."""
        found = [process for process in self.family() if PROGRAMS.get(target, "") in " ".join(arguments(process))]
        if target == JOB:
            os.kill(self.process, signal.SIGKILL)
        elif target == GROUP or not found:
            os.killpg(self.process, signal.SIGKILL)
            target = GROUP
        else:
            found[-1].kill()
        return target


def arguments(process: psutil.Process) -> list[str]:
    """A process's command line, empty once it has ended."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def wait_until(happens: Any, seconds: float) -> bool:
    """Wait for something, but no longer than this; whether it has happened."""
    until = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended, also where nobody has asked for its status."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def start(run: Run, number: int, of: dict[str, Any], **options: Any) -> Job:
    """Start a run in a forked process, which need not load torch."""
    run.root.mkdir(parents=True, exist_ok=True)
    log = run.root / f"start-{number}.txt"
    process = os.fork()
    if process:
        return Job(process, log)
    os.setsid()
    status = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = sys.stderr = os.fdopen(output, "a", buffering=1)
        start_logging(None, f"start {number}")
        run.start(of, **options)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


class Campaign:
    """Trials on one mixture with one number of ranks; `seed` decides all that chance decides."""

    def __init__(self, root: Path, ranks: int, seed: int) -> None:
        self.root, self.ranks, self.seed = root, ranks, seed
        self.mixture = write_mixture(root / "mixture", "photo")
        self.targets = [GROUP, JOB] + [TORCHRUN, RANK] * (ranks > 1)
        whole = Run(root / "whole", self.mixture)
        job = start(whole, 1, RECIPE, resources={"ranks": ranks})
        wait_until(job.begun, PATIENCE)
        began = time.monotonic()
        if job.status():
            raise RuntimeError(f"the undisturbed run failed:\n{job.log.read_text()}")
        self.seconds = time.monotonic() - began
        self.expected = whole.bytes()

    def trial(self, number: int) -> Counter[str]:
        """Kill a run until it ends; what was killed, how often. A RuntimeError if it does not end as it should."""
        chance = random.Random(f"{self.seed} {number}")
        run, kills = Run(self.root / str(number), self.mixture), Counter[str]()
        # Every part that can be killed is, early in the first starts; then chance decides.
        targets = chance.sample(self.targets, len(self.targets))
        for place in itertools.count():
            target = targets[place] if place < len(targets) else chance.choice(targets)
            latest = self.seconds / (len(targets) if place < len(targets) else 1)
            job = start(run, place + 1, RECIPE, **self.options(chance))
            killed = self.strike(job, target, latest, chance)
            if killed is None:
                break
            kills[killed] += 1
        self.check(run, f"trial {number}, after {kills.total()} kills")
        return kills

    def options(self, chance: random.Random) -> dict[str, Any]:
        """What a start may be given without any effect on the outcome."""
        seconds = chance.choice([OFTEN, 0.05, NEVER])
        return {
            "threads": self.ranks * chance.choice([1, 3]),
            "config": {"checkpointing": {"checkpoint_seconds": seconds}},
            "resources": {"ranks": self.ranks},
        }

    def strike(self, job: Job, target: str, latest: float, chance: random.Random) -> str | None:
        """Kill a job or a part of it at a random moment within so many seconds; None if it came to its end before."""
        if chance.random() >= EARLY:
            wait_until(lambda: job.begun() or job.ended(), PATIENCE)
        ended = wait_until(job.ended, chance.uniform(0, latest))
        family = [] if ended else job.family()
        killed = None if ended else job.kill(target)
        status = job.status()
        if not wait_until(lambda: all(map(gone, family)), PATIENCE):
            raise RuntimeError(f"processes outlive their job: {[arguments(process) for process in family]}")
        if killed is None and status:
            raise RuntimeError(f"a start that was not disturbed failed:\n{job.log.read_text()}")
        return killed if status else None

    def check(self, run: Run, where: str) -> None:
        """What is left must be what an undisturbed run leaves."""
        found = run.bytes()
        names = found.keys() | self.expected.keys()
        different = sorted(name for name in names if found.get(name) != self.expected.get(name))
        if different or run.left_over():
            raise RuntimeError(f"{where}: different are {different}, left over are {run.left_over()}, in {run.root}")


def main(trials: int, ranks: int, seed: int) -> None:
    """Run the trials, and tell of each."""
    with tempfile.TemporaryDirectory(prefix="kill-training-") as folder:
        campaign = Campaign(Path(folder), ranks, seed)
        kills = Counter[str]()
        for number in range(1, trials + 1):
            found = campaign.trial(number)
            kills += found
            say(f"trial {number}: {found.total()} kills {dict(sorted(found.items()))}, then an end with equal bytes")
        say(f"{trials} trials, {kills.total()} kills {dict(sorted(kills.items()))}, {trials} ends with equal bytes")


def say(text: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--ranks", type=int, default=1, choices=[1, 2])
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))
