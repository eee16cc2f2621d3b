"""A lock on a folder of working state, so that two processes never work on it at the same time."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def alone(folder: Path, doing: str) -> Iterator[None]:
    """Hold the folder's lock, a file beside it; wait while another process holds it. `doing` names what it does.

    After a kill of the workflow alone, its old job may still be at work; the new one waits for it. The kernel releases
    the lock when the process that holds it ends, however it ends.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            log.info("another process is %s; waiting for it to end", doing)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
