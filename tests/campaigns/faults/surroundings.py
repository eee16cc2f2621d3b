"""What a call finds around it: a disk that is full, a folder that is read-only, another call, a clock that is wrong."""

import os
import shutil
import time
from pathlib import Path

from tests.campaigns.faults import disks
from tests.campaigns.faults.kills import UNFINISHED
from tests.campaigns.faults.processes import Started, moment, wait_until
from tests.campaigns.faults.study import FINISHED, RESULTS, STAGES, Study
from tests.campaigns.faults.trial import Trial

ROOM = 1 << 28
"""Bytes of a disk that has room."""
DAY = 86_400.0
FAKETIME = shutil.which("faketime")
LOCKED = "cannot be locked"


def full_disk(trial: Trial) -> None:
    """The disk becomes full in the middle of a call; then it has room again."""
    if not trial.mounts:
        return small_files(trial)
    place = trial.folder / "study"
    trial.stack.enter_context(disks.disk(place, ROOM))
    study, _ = trial.study(UNFINISHED)
    growth = trial.truth.stages[FINISHED].size() - study.size()
    room = int(growth * trial.chance.random())
    disks.resize(place, ROOM - disks.free(place) + room)
    started = trial.start(study)
    status = started.wait()
    trial.say(f"a disk with room for {room} of {growth} bytes; the call ended with {status}")
    disks.resize(place, ROOM)
    return trial.survive(study)


def small_files(trial: Trial) -> None:
    """Where no disk can be mounted: no file can be longer than a limit, so that writing breaks off within a file."""
    study, _ = trial.study(UNFINISHED)
    limit = trial.chance.choice([1 << 10, 1 << 12, 1 << 14, 1 << 16])
    status = trial.start(study, under=("prlimit", f"--fsize={limit}")).wait()
    trial.say(f"no file longer than {limit} bytes; the call ended with {status}")
    trial.survive(study)


def read_only(trial: Trial) -> None:
    """The results, or the whole checkout, cannot be written to from some moment on; then they can again."""
    study, jobs = trial.study(UNFINISHED)
    folder = trial.chance.choice([study.root / "results", study.root])
    folder.mkdir(exist_ok=True)
    if trial.mounts:
        trial.stack.enter_context(disks.mounted(folder))
    early = trial.chance.random() < 0.3
    started = None if early else trial.start(study)
    if started is not None:
        started.until(*moment(trial.chance, jobs))
    if trial.mounts:
        wait_until(lambda: disks.read_only(folder))
    else:
        disks.permit(folder, writing=False)
    started = trial.start(study) if started is None else started
    status = started.wait()
    trial.say(f"{folder.name} read-only {'from the start' if early else 'later'}; the call ended with {status}")
    trial.settle()
    if trial.mounts:
        disks.writable(folder)
    else:
        disks.permit(folder, writing=True)
    trial.survive(study)


def two_at_once(trial: Trial) -> None:
    """Two calls in one folder: one works, the other refuses and says why, and nothing is damaged."""
    study, jobs = trial.study(UNFINISHED)
    first = trial.start(study)
    number, seconds = moment(trial.chance, jobs)
    first.until(trial.chance.choice([0, number]), seconds)
    if trial.chance.random() < 0.5:
        study.release()
    overlapping = not first.ended()
    second = trial.start(study)
    statuses = [call.wait() for call in (first, second)]
    trial.say(f"a second call {'during' if overlapping else 'after'} the first; they ended with {statuses}")
    if overlapping and not refused(first, second) and not in_turn(first, second):
        trial.fail(f"neither of two calls said that the folder is locked: {trial.last_words()}")
    if all(statuses):
        trial.fail(f"both of two calls failed: {trial.last_words()}")
    trial.survive(study)


def refused(*calls: Started) -> bool:
    """Whether one of some calls said that another one has the folder."""
    return any(LOCKED in call.text() for call in calls)


def in_turn(*calls: Started) -> bool:
    """Whether only one of some calls ran jobs."""
    return sum(bool(call.jobs()) for call in calls) <= 1


def wrong_clock(trial: Trial) -> None:
    """A call whose clock is ahead or behind while the disk's is not, then one whose clock is right."""
    if FAKETIME is None:
        return wrong_times(trial)
    study, _ = trial.study(UNFINISHED)
    days = trial.chance.choice([-1, 1]) * trial.chance.choice([0.01, 1, 400])
    later = list(STAGES)[list(STAGES).index(trial.chance.choice(UNFINISHED)) + 1]
    targets = [f"{RESULTS}/{target}" for target in STAGES[later]]
    under = ("env", "NO_FAKE_STAT=1", FAKETIME, "-f", f"{days * DAY:+.0f}s")
    status = trial.start(study, *targets, under=under).wait()
    trial.say(f"a clock {days:+} days off up to stage {later}; the call ended with {status}")
    return trial.survive(study)


def wrong_times(trial: Trial) -> None:
    """Files that were last changed in the future or long ago, as after a copy or under a wrong clock."""
    study, _ = trial.study(list(STAGES))
    shift = trial.chance.choice([-1, 1]) * trial.chance.choice([60, DAY, 400 * DAY])
    inside = trial.chance.choice(["results", "config", "datalines", "workflow", "."])
    moved = shifted(trial, study, inside, shift)
    trial.say(f"{moved} files of {inside} changed {shift:+.0f} s from when they were")
    trial.survive(study)


def shifted(trial: Trial, study: Study, inside: str, shift: float) -> int:
    """Move the times of some or all files of a folder; how many there were."""
    share = trial.chance.choice([0.1, 0.5, 1.0])
    files = [path for path in sorted((study.root / inside).rglob("*")) if _is_moved(path)]
    chosen = [path for path in files if trial.chance.random() < share]
    for path in chosen:
        moment_of = path.stat().st_mtime + shift
        os.utime(path, (min(moment_of, time.time() + shift), moment_of))
    return len(chosen)


def _is_moved(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts
