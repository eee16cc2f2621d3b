"""Class frequencies of a stream of captions, over several processes. Sums are whole numbers, so that neither the number
of processes nor the size of a batch changes any of them."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

BATCH = 4096
"""Captions that a process is given at once."""


class Matcher(Protocol):
    """Finds classes in captions."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, in order."""
        ...

    def match(self, caption: str | None) -> tuple[int, ...]:
        """Indices of the classes that a caption names, each once; none for a caption that is missing."""
        ...


@dataclass(frozen=True)
class Counts:
    """How many captions name each class; how many captions there are, and how many of them name any class."""

    classes: NDArray[np.int64]
    captions: int
    matched: int


def count(matcher: Matcher, captions: Iterable[str | None], processes: int = 1, batch: int = BATCH) -> Counts:
    """Frequencies of all classes in captions: a class counts once in a caption, however often it is named.

    Memory: two batches of captions a process and one table of lemmas a process, however many captions there are.
    """
    batches = _batches(captions, batch)
    if processes <= 1:
        return _total((_matched(matcher, rows) for rows in batches), len(matcher.names))
    context = get_context("fork")
    with ProcessPoolExecutor(processes, context, initializer=_hold, initargs=(matcher,)) as workers:
        # The workers are forked here, before captions are read: libraries that read files start threads.
        workers.submit(_ready).result()
        return _total(_in_turn(workers, batches, 2 * processes), len(matcher.names))


def _batches(captions: Iterable[str | None], size: int) -> Iterator[list[str | None]]:
    rest = iter(captions)
    while rows := list(islice(rest, size)):
        yield rows


def _in_turn(workers: ProcessPoolExecutor, batches: Iterator[list[str | None]], ahead: int) -> Iterator[Counts]:
    """What the workers find, in the order of the batches, of which no more than `ahead` wait."""
    waiting: deque[Future[Counts]] = deque()
    for rows in batches:
        waiting.append(workers.submit(_held_matched, rows))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_held: list[Matcher] = []


def _hold(matcher: Matcher) -> None:
    _held[:] = [matcher]


def _ready() -> None:
    return None


def _held_matched(rows: Sequence[str | None]) -> Counts:
    return _matched(_held[0], rows)


def _matched(matcher: Matcher, rows: Sequence[str | None]) -> Counts:
    found: list[int] = []
    matched = 0
    for caption in rows:
        classes = matcher.match(caption)
        if classes:
            matched += 1
            found.extend(classes)
    counts = np.bincount(np.array(found, dtype=np.int64), minlength=len(matcher.names))
    return Counts(counts.astype(np.int64), len(rows), matched)


def _total(parts: Iterable[Counts], classes: int) -> Counts:
    total, captions, matched = np.zeros(classes, dtype=np.int64), 0, 0
    for part in parts:
        total += part.classes
        captions, matched = captions + part.captions, matched + part.matched
    return Counts(total, captions, matched)
