"""How a process of a run comes to its end from outside: SIGTERM, which Slurm sends when time is nearly up and before it
preempts, is a request to stop; and no process outlives the one that started it."""

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)
_PR_SET_PDEATHSIG = 1
_INIT = 1  # the process that orphans are given to


class Stop:
    """Whether this process was asked to stop."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Note the signal; the loop looks after every step."""
        self.asked = True
        log.info("%s: stopping after this step", signal.Signals(number).name)


@contextmanager
def listening() -> Iterator[Stop]:
    """Note SIGTERM instead of dying of it; outside the main thread, where no handler can be set, nothing is noted."""
    stop = Stop()
    try:
        before = signal.signal(signal.SIGTERM, stop.ask)
    except ValueError:
        yield stop
        return
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process when `parent`, which started it, ends, and leave at once if it has ended
    already (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        orphaned = os.getppid() == _INIT if parent is None else os.getppid() != parent
        if orphaned:
            os._exit(1)
