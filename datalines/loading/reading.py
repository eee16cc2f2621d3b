"""Reading of samples: what one process needs of a block, in the order in which it lies on disk, one block ahead."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from io import FileIO
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from datalines.errors import DatalinesError
from datalines.loading.manifest import Contents, again
from datalines.loading.order import Order
from datalines.loading.slices import Part
from datalines.tars import BLOCK, padded

GAP = 1 << 16  # bytes between two samples that are read through rather than skipped
CHUNK = 1 << 23  # bytes that are read at once, and the length of one more sample

Rows = npt.NDArray[np.int64]
Run = tuple[int, int, int]
"""The first of some samples that are read at once, the one after the last, and their shard."""


class Sample(NamedTuple):
    """A sample as it is stored: the encoded image, the caption, and the class if it has one."""

    image: bytes
    caption: str
    label: str | None


_Read = tuple[tuple[int, int], dict[int, Sample]]
"""Epoch and position up to which a reader has read, and the new samples by position."""


class Reader:
    """Hands out what a part of a run needs. Memory: the part's share of two blocks, and one read of `CHUNK`.

    `known` tells of a row of the index whether it need not be read any more.
    """

    def __init__(self, contents: Contents, order: Order, part: Part, known: Callable[[int], bool]) -> None:
        self._contents, self._order, self._part, self._known = contents, order, part, known
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._wanted = self._blocks()
        self._held: dict[int, Sample] = {}
        self._until = (0, 0)
        self._ahead = self._begin()

    def samples(self, epoch: int, start: int, stop: int) -> list[Sample | None]:
        """The samples at positions of an epoch, which must be asked for in their order; None for those known."""
        while self._until < (epoch, stop):
            assert self._ahead is not None, "positions beyond the end of the run"
            self._until, found = self._ahead.result()
            self._held |= found
            self._ahead = self._begin()
        return [self._held.pop(position, None) for position in range(start, stop)]

    def close(self) -> None:
        """End the thread, after what it reads now."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _begin(self) -> Future[_Read] | None:
        """Begin to read the next block, if there is one. What to read is worked out here: Order is for one thread."""
        for epoch, ranges in self._wanted:
            positions = np.concatenate([np.arange(start, stop) for start, stop in ranges])
            rows = np.concatenate([self._order.rows(epoch, start, stop) for start, stop in ranges])
            new = np.array([not self._known(row) for row in rows.tolist()])
            shards = self._order.shards_of(rows[new])
            return self._thread.submit(self._read, (epoch, ranges[-1][1]), positions[new].tolist(), shards, rows[new])
        return None

    def _blocks(self) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """(epoch, positions as start and stop) of every block that holds some of the part, in the run's order."""
        first = self._part.first // self._part.steps_per_epoch + 1
        for epoch in range(first, self._part.cut.epochs + 1):
            for block in self._order.blocks(epoch):
                ranges = list(self._part.within(epoch, block))
                if ranges:
                    yield epoch, ranges

    def _read(self, until: tuple[int, int], positions: list[int], shards: Rows, rows: Rows) -> _Read:
        return until, dict(zip(positions, read(self._contents, shards, rows), strict=True))


def read(contents: Contents, shards: Rows, rows: Rows) -> list[Sample]:
    """The samples at rows of the index, which lie in `shards` (places in the list), in the order of `rows`."""
    order = np.argsort(rows)
    places = list(zip(*(array[rows[order]].tolist() for array in _arrays(contents)), strict=True))
    targets = order.tolist()
    found: list[Any] = [None] * len(rows)
    buffer = bytearray()
    for shard, runs in groupby(_runs(contents, shards[order], rows[order]), key=itemgetter(2)):
        with _opened(contents, shard) as stream:
            for first, stop, _ in runs:
                base, end = places[first][0], sum(places[stop - 1][:2])
                if len(buffer) < end - base:
                    buffer = bytearray(end - base)
                data = memoryview(buffer)[: end - base]
                _fill(data, stream, base, contents)
                for target, (start, size, image, length) in zip(targets[first:stop], places[first:stop], strict=True):
                    member = data[start - base : start - base + size]
                    found[target] = _sample(contents, shard, member, image, length)
    return found


def _arrays(contents: Contents) -> tuple[npt.NDArray[Any], ...]:
    return contents.starts, contents.sizes, contents.image_starts, contents.image_sizes


def _runs(contents: Contents, shards: Rows, rows: Rows) -> Iterator[Run]:
    """Ascending rows in pieces that are read at once: of one shard, close together, and of bounded length."""
    if not len(rows):
        return iter(())
    starts = contents.starts[rows]
    gaps = starts[1:] - (starts + contents.sizes[rows])[:-1]
    breaks = (shards[1:] != shards[:-1]) | (gaps >= GAP) | (starts[1:] // CHUNK != starts[:-1] // CHUNK)
    stops = [*(np.flatnonzero(breaks) + 1).tolist(), len(rows)]
    firsts = [0, *stops[:-1]]
    return zip(firsts, stops, shards[firsts].tolist(), strict=True)


def _opened(contents: Contents, shard: int) -> FileIO:
    path = contents.path(shard)
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        raise DatalinesError(f"{path} is missing: {again(contents.manifest)}") from None


def _fill(data: memoryview, stream: FileIO, start: int, contents: Contents) -> None:
    """Read a shard from `start` on, as many bytes as there is room for."""
    done = 0
    while done < len(data):
        count = os.preadv(stream.fileno(), [data[done:]], start + done)
        if not count:
            raise DatalinesError(f"{stream.name} ends before byte {start + len(data)}: {again(contents.manifest)}")
        done += count


def _sample(contents: Contents, shard: int, data: memoryview, image: int, length: int) -> Sample:
    """A sample from the bytes of its members: the image, then `.txt` and, where there is a class, `.json`."""
    caption: str | None = None
    label: str | None = None
    rest = bytes(data[image + padded(length) :])
    place = 0
    try:
        while place < len(rest):
            size = int(rest[place + 124 : place + 135], 8)
            content = rest[place + BLOCK : place + BLOCK + size]
            name = rest[place : place + 100].rstrip(b"\0")
            if name.endswith(b".txt"):
                caption = content.decode()
            elif name.endswith(b".json"):
                label = _label(content)
            place += BLOCK + padded(size)
    except (ValueError, KeyError, TypeError):
        caption = None
    if caption is None:
        raise DatalinesError(f"{contents.path(shard)} has been altered: {again(contents.manifest)}")
    return Sample(bytes(data[image : image + length]), caption, label)


@lru_cache(maxsize=4096)
def _label(content: bytes) -> str:
    return str(json.loads(content)["class"])
