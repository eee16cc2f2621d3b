"""Calls in processes of their own: what a script does to its process ends with it, and results are only read.

A hard link is a change of the file that it leads to, so that a symbolic one takes its place there.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from datalines.errors import DatalinesError

Given = TypeVar("Given")


def each(call: Callable[[Given], None], given: Sequence[Given], processes: int) -> Iterator[str]:
    """Call a function of a module with every value; in their order, nothing or the reason why it failed."""
    pool = _pool(processes)
    try:
        waiting = [pool.submit(_reason, call, value) for value in given]
        for value, future in zip(given, waiting, strict=True):
            try:
                yield future.result()
            except BrokenProcessPool:
                # One that was killed takes all others with it: those are called once more, one by one.
                yield _alone(call, value)
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(call: Callable[[Given], None], value: Given) -> str:
    with _pool(1) as pool:
        try:
            return pool.submit(_reason, call, value).result()
        except BrokenProcessPool:
            return "its process was killed; was there memory enough?"


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max(1, processes), mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Runs first in a new process, before modules that lay files are imported."""
    from datalines import ranges

    ranges.link = _soft_link


def _soft_link(origin: Path, target: Path) -> None:
    target.symlink_to(origin.absolute())


def _reason(call: Callable[[Given], None], value: Given) -> str:
    try:
        call(value)
    except DatalinesError as error:
        return str(error)
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    return ""
