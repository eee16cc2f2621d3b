"""Processes that are killed, asked to end, or stopped for a while."""

import signal
from collections.abc import Sequence

from psutil import Process

from tests.campaigns.faults.processes import (
    FORK,
    JOB,
    SERVER,
    WORKER,
    HangingError,
    Started,
    descendants,
    moment,
    pause,
    send,
)
from tests.campaigns.faults.study import FINISHED, STAGES, Study
from tests.campaigns.faults.trial import Trial

UNFINISHED = [stage for stage in STAGES if stage != FINISHED]
TRAINING = ["mixtures", "shards"]
"""Stages from which a call trains soon: only there have jobs workers."""
DRAWING = ["runs", "predictions", "records"]
"""Stages from which a call soon has many small jobs, for which there is a server of forks."""
SHARES = (1, 2, 4, 8)
"""A random moment is in the whole of a call; if the call ended before, in the first half of the next, and so on."""


def begin(trial: Trial, stages: list[str]) -> tuple[Study, Started]:
    """Start Snakemake from one of some stages, and wait for a random moment before its end."""
    study, jobs = trial.study(stages)
    for share in SHARES:
        started = trial.start(study)
        if started.until(*moment(trial.chance, jobs // share)):
            break
        trial.anew(study)
    trial.say(f"after {started.jobs()} of {jobs} jobs")
    return study, started


def begin_with(trial: Trial, parts: Sequence[str], stages: list[str]) -> tuple[Study, Started, Process]:
    """The same, and wait for a process of one of some kinds, and a moment of its life."""
    study, jobs = trial.study(stages)
    for share in SHARES:
        started = trial.start(study)
        started.until(*moment(trial.chance, jobs // share))
        if processes := started.part(*parts):
            pause(trial.chance.choice([0, 0.05, 0.3]), started.ended)
            trial.say(f"after {started.jobs()} of {jobs} jobs")
            return study, started, trial.chance.choice(processes)
        trial.anew(study)
    raise HangingError(f"no {' or '.join(parts)} was ever there; the last call printed {started.output}")


def kill_snakemake(trial: Trial) -> None:
    """Snakemake alone is killed; its jobs live on, and the next call begins at once."""
    study, started = begin(trial, UNFINISHED)
    started.send(signal.SIGKILL)
    started.wait()
    trial.say(f"killed Snakemake; {len(started.members())} of its processes live on")
    trial.survive(study)


def power_cut(trial: Trial) -> None:
    """Everything is killed at the same moment."""
    study, started = begin(trial, UNFINISHED)
    everything = started.members()
    started.send_all(signal.SIGSTOP)
    started.send_all(signal.SIGKILL)
    started.wait()
    trial.say(f"killed all of {len(everything)} processes")
    trial.survive(study)


def _kill_part(trial: Trial, part: str, stages: list[str]) -> None:
    study, started, process = begin_with(trial, [part], stages)
    trial.say(f"killed a {part}" if send(process, signal.SIGKILL) else f"a {part} ended before it could be killed")
    started.wait()
    trial.survive(study)


def kill_job(trial: Trial) -> None:
    """The process of one job is killed."""
    _kill_part(trial, JOB, UNFINISHED)


def kill_worker(trial: Trial) -> None:
    """A process that loads batches for a training is killed."""
    _kill_part(trial, WORKER, TRAINING)


def kill_server(trial: Trial) -> None:
    """The server of forks is killed, and with it what hangs on it."""
    _kill_part(trial, SERVER, DRAWING)


def kill_fork(trial: Trial) -> None:
    """A job that runs in a fork is killed there."""
    _kill_part(trial, FORK, DRAWING)


def terminate(trial: Trial) -> None:
    """SIGTERM or SIGINT, as a cluster or a person at a terminal sends them, to Snakemake, to one job, or to all."""
    study, started, job = begin_with(trial, [JOB], UNFINISHED)
    number = trial.chance.choice([signal.SIGTERM, signal.SIGINT])
    whom = trial.chance.choice(["Snakemake", "a job", "all"])
    if whom == "Snakemake":
        started.send(number)
    elif whom == "all":
        started.send_all(number)
    else:
        send(job, number)
    trial.say(f"sent {number.name} to {whom}")
    started.wait()
    trial.survive(study)


def stop(trial: Trial) -> None:
    """One job stands still for a while, with all that it has started: the call comes to its end all the same."""
    study, started, job = begin_with(trial, [JOB, FORK], UNFINISHED)
    chosen = [job, *descendants(job)]
    for process in chosen:
        send(process, signal.SIGSTOP)
    pause(trial.chance.uniform(0.2, 4), started.ended)
    for process in chosen:
        send(process, signal.SIGCONT)
    trial.say("stopped a job for a while")
    if started.wait() != 0:
        trial.fail(f"the call failed: {trial.last_words()}")
    trial.survive(study)
