"""A lock on a folder of working state, so that two processes never work on it at the same time."""

import errno
import fcntl
import json
import logging
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

log = logging.getLogger(__name__)

# What a file system without locks says. Some network file systems have none; some keep them to one machine and say so
# nowhere.
NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
# States in which a Slurm job that held a lock is not at work: it was requeued, and will ask for the lock again.
RESTING = ("PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT", "REVOKED")
# Seconds between two questions to Slurm, and how long its answer is waited for.
PAUSE, PATIENCE = 15.0, 60.0


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the host and process, and the Slurm job that it belongs to, if any."""

    host: str
    process: int
    job: str | None

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}" + (f" (Slurm job {self.job})" if self.job else "")


@contextmanager
def alone(folder: Path, doing: str) -> Iterator[None]:
    """Hold the folder's lock, a file beside it; wait while another process holds it. `doing` names what it does.

    After a kill of the workflow alone, its old job may still be at work; the new one waits for it. The kernel releases
    the lock when the process that holds it ends, however it ends. On a cluster the two may run on different machines,
    between which a file system need not keep locks: so the file also says who holds it, and while Slurm calls that job
    alive, the new one waits. Two jobs that begin within the same instant on such a file system are not kept apart.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    ours = Holder(socket.gethostname(), os.getpid(), os.environ.get("SLURM_JOB_ID"))
    with folder.with_name(f"{folder.name}.lock").open("a+") as stream:
        _lock(stream, doing)
        _wait_for(stream, ours, doing)
        _write(stream, json.dumps(asdict(ours)))
        try:
            yield
        finally:
            _write(stream, "")


def _lock(stream: TextIO, doing: str) -> None:
    """The kernel's lock, which is all that is needed on one machine."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("another process is %s; waiting for it to end", doing)
        fcntl.flock(stream, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        log.warning("%s lies on a file system without locks: only jobs of Slurm wait for each other", stream.name)


def _wait_for(stream: TextIO, ours: Holder, doing: str) -> None:
    """Wait until the job that the file names has ended, if it is another one of Slurm's."""
    said = False
    while (other := _read(stream)) is not None and other.job not in (None, ours.job) and _alive(str(other.job)):
        if not said:
            log.info("%s is %s; waiting for it to end", other, doing)
            said = True
        time.sleep(PAUSE)


def _alive(job: str) -> bool:
    """Whether a Slurm job is at work. A controller that does not answer is asked again; without squeue nobody knows,
    and the kernel's lock has to do."""
    while True:
        command = ["squeue", "--noheader", "--format=%T", f"--jobs={job}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except FileNotFoundError:
            log.warning("Slurm job %s held this lock; there is no squeue here to ask whether it still does", job)
            return False
        except subprocess.TimeoutExpired:
            continue
        if done.returncode == 0:
            return any(state not in RESTING for state in done.stdout.split())
        if "Invalid job id" in done.stderr:
            return False
        log.info("squeue does not answer (%s); asking again", done.stderr.strip())
        time.sleep(PAUSE)


def _read(stream: TextIO) -> Holder | None:
    """Who holds the lock according to the file; nobody if it is empty or was cut off."""
    stream.seek(0)
    try:
        return Holder(**json.loads(stream.read()))
    except (ValueError, TypeError):
        return None


def _write(stream: TextIO, text: str) -> None:
    stream.seek(0)
    stream.truncate()
    stream.write(text)
    stream.flush()
    os.fsync(stream.fileno())
