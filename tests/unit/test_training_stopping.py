"""SIGTERM is noted instead of being died of, and no process outlives the one that started it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from datalines.training.stopping import listening

ROOT = Path(__file__).parents[2]
# A parent that starts a child, tells its id and waits; the child outlives everything but the parent's end.
PARENT = """
import os, subprocess
from functools import partial
from datalines.training.stopping import die_with_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=partial(die_with_parent, os.getpid()))
print(child.pid, flush=True)
child.wait()
"""
ORPHAN = "from datalines.training.stopping import die_with_parent; die_with_parent({parent}); print('alive')"


def test_sigterm_is_noted_and_what_was_before_is_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with listening() as stop:
        assert not stop.asked
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_was_before_is_restored_after_an_error() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyError), listening():
        raise KeyError
    assert signal.getsignal(signal.SIGTERM) == before


def test_outside_the_main_thread_nothing_is_noted() -> None:
    asked: list[bool] = []
    before = signal.getsignal(signal.SIGTERM)

    def other() -> None:
        with listening() as stop:
            asked.append(stop.asked)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert asked == [False] and signal.getsignal(signal.SIGTERM) == before


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked to do so")
def test_a_child_dies_with_its_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.kill()
    until = time.monotonic() + 10
    while not gone(child):
        assert time.monotonic() < until, "the child lives on"
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked to do so")
@pytest.mark.parametrize(("parent", "says"), [("{mine}", "alive\n"), ("2", "")])
def test_a_child_whose_parent_ended_before_it_could_ask_leaves_at_once(parent: str, says: str) -> None:
    code = ORPHAN.format(parent=parent.format(mine=os.getpid()))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == says and done.returncode == (0 if says else 1)
