"""Images of parts in the order of a shard: read ahead by threads, checked against their rows, in bounded memory."""

import hashlib
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from datalines.errors import DatalinesError
from datalines.files import read_json
from datalines.shards import Sample

OPEN = 256  # tars open at once, and those that a thread is reading
PIECE_ROWS, PIECE_BYTES = 64, 4 << 20  # samples that one thread reads at once
AHEAD = 48 << 20  # bytes of images read ahead of those that are handed out


@dataclass
class _Open:
    """A file descriptor, and how many threads are reading from it."""

    descriptor: int
    readers: int = 0
    dropped: bool = False


@dataclass
class PartTars:
    """The tars of a pool's parts, opened when needed; the least recently used ones are closed first."""

    receipts: list[Path]
    _open: OrderedDict[int, _Open] = field(default_factory=OrderedDict)
    _paths: dict[int, Path] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, part: int, offset: int, size: int, sha256: str) -> bytes:
        """An image's bytes; others than those that the part's row tells of are an error that says what to delete."""
        with self._descriptor(part) as descriptor:
            data = os.pread(descriptor, size, offset)
        receipt = self.receipts[part]
        if len(data) != size:
            text = f"ends before byte {offset + size}: delete {receipt} and run again to rebuild it"
            raise DatalinesError(f"{self._path(part)} {text}")
        if hashlib.sha256(data).hexdigest() != sha256:
            text = f"does not hold at byte {offset} the image that its rows tell of"
            raise DatalinesError(f"{self._path(part)} {text}: delete {receipt} and run again to obtain it anew")
        return data

    def close(self) -> None:
        """Close all; nothing may be reading."""
        while self._open:
            os.close(self._open.popitem()[1].descriptor)

    def _path(self, part: int) -> Path:
        if part not in self._paths:
            receipt = self.receipts[part]
            self._paths[part] = receipt.with_name(read_json(receipt)["tar"]["path"])
        return self._paths[part]

    @contextmanager
    def _descriptor(self, part: int) -> Iterator[int]:
        with self._lock:
            entry = self._open.get(part)
            if entry is None:
                entry = self._open[part] = _Open(self._opened(part))
            self._open.move_to_end(part)
            entry.readers += 1
            while len(self._open) > OPEN:
                self._drop(self._open.popitem(last=False)[1])
        try:
            yield entry.descriptor
        finally:
            with self._lock:
                entry.readers -= 1
                if entry.dropped and not entry.readers:
                    os.close(entry.descriptor)

    def _opened(self, part: int) -> int:
        path = self._path(part)
        try:
            return os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            text = f"is missing: delete {self.receipts[part]} and run again to obtain it anew"
            raise DatalinesError(f"{path} {text}") from None

    def _drop(self, entry: _Open) -> None:
        entry.dropped = True
        if not entry.readers:
            os.close(entry.descriptor)


def samples(rows: pa.Table, tars: PartTars, threads: Executor) -> Iterator[Sample]:
    """The samples of a shard's rows, in their order. Memory: `AHEAD` and one piece of images, besides the rows."""
    waiting: deque[tuple[int, Future[list[Sample]]]] = deque()
    ahead = 0
    try:
        for piece in _pieces(rows):
            size = sum(piece["bytes"].to_pylist())
            while waiting and ahead + size > AHEAD:
                done, future = waiting.popleft()
                yield from future.result()
                ahead -= done
            waiting.append((size, threads.submit(_read, piece, tars)))
            ahead += size
        while waiting:
            yield from waiting.popleft()[1].result()
    finally:
        for _, future in waiting:
            future.cancel()


def _pieces(rows: pa.Table) -> Iterator[pa.Table]:
    """Cut rows where `PIECE_ROWS` or `PIECE_BYTES` are reached; a larger image is a piece of its own."""
    start = size = 0
    for place, image in enumerate(rows["bytes"].to_numpy()):
        if place > start and (place - start == PIECE_ROWS or size + image > PIECE_BYTES):
            yield rows.slice(start, place - start)
            start, size = place, 0
        size += int(image)
    if start < rows.num_rows:
        yield rows.slice(start)


def _read(rows: pa.Table, tars: PartTars) -> list[Sample]:
    return [
        Sample(
            row["id"],
            row["extension"],
            tars.read(row["part"], row["offset"], row["bytes"], row["sha256"]),
            row["caption"],
            row["label"],
        )
        for row in rows.to_pylist()
    ]
