"""Deterministic tars: no times, no owners, one format, so that equal samples give equal bytes; hashed while written."""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO

from datalines.files import atomic

BLOCK = tarfile.BLOCKSIZE
END_OF_ARCHIVE = bytes(2 * BLOCK)
BUFFER = 1 << 19  # bytes that are hashed and written at once

_NAME, _SIZE, _CHECKSUM = 100, slice(124, 136), slice(148, 156)
_LARGEST = 8**11  # the size field has eleven octal digits


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(format=tarfile.USTAR_FORMAT)


_TEMPLATE = _header("", 0)
_OWNERS, _TIME, _REST = _TEMPLATE[_NAME : _SIZE.start], _TEMPLATE[_SIZE.stop : _CHECKSUM.start], _TEMPLATE[156:]
# The checksum counts its own field as spaces.
_SUM = sum(_OWNERS) + sum(_TIME) + sum(_REST) + 8 * ord(" ")


@lru_cache(maxsize=4096)
def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def tar_entry(name: str, size: int) -> tuple[bytes, bytes]:
    """Header and padding of a regular file (USTAR, mode 0644, time 0, owner 0) of `size` bytes.

    The bytes are those of Python's tarfile, which is several times slower; it is left what a template cannot say.
    """
    encoded = name.encode("utf-8", "surrogateescape")
    if len(encoded) > _NAME or size >= _LARGEST:
        return _header(name, size), _padding(size)
    digits = b"%011o\0" % size
    checksum = b"%06o\0 " % (_SUM + sum(encoded) + sum(digits))
    return b"".join((encoded.ljust(_NAME, b"\0"), _OWNERS, digits, _TIME, checksum, _REST)), _padding(size)


def padded(size: int) -> int:
    """Bytes that `size` bytes take in a tar, without a header."""
    return size + -size % BLOCK


class TarWriter:
    """Bytes of a tar on their way to a file; a thread hashes them while they are written. Memory: two buffers."""

    def __init__(self, stream: IO[bytes], hashing: ThreadPoolExecutor) -> None:
        self._stream = stream
        self._hashing = hashing
        self._digest = hashlib.sha256()
        self._buffers = [memoryview(bytearray(BUFFER)) for _ in range(2)]
        self._hashed: Future[None] | None = None
        self._filled = 0
        self._flushed = 0

    def write(self, data: bytes) -> None:
        """Append bytes."""
        if len(data) <= BUFFER - self._filled:
            self._buffers[0][self._filled : self._filled + len(data)] = data
            self._filled += len(data)
            return
        view = memoryview(data)
        while len(view):
            room = self._room()[: len(view)]
            room[:] = view[: len(room)]
            self._filled += len(room)
            view = view[len(room) :]

    def add(self, name: str, data: bytes) -> int:
        """Append a file; return the offset of its first byte."""
        header, padding = tar_entry(name, len(data))
        self.write(header)
        start = self.tell()
        self.write(data)
        self.write(padding)
        return start

    def copy(self, descriptor: int, start: int, end: int) -> int:
        """Append the bytes start..end of an open file; return how many there were."""
        place = start
        while place < end:
            read = os.preadv(descriptor, [self._room()[: end - place]], place)
            if not read:
                break
            self._filled += read
            place += read
        return place - start

    def end(self) -> None:
        """Close the archive with its marker, and wait for all of it to be hashed and handed to the system."""
        self.write(END_OF_ARCHIVE)
        self._flush()
        self._wait()

    def tell(self) -> int:
        """Bytes appended so far."""
        return self._flushed + self._filled

    def hexdigest(self) -> str:
        """Sha256 of the archive, after its end."""
        return self._digest.hexdigest()

    def _room(self) -> memoryview:
        """What is free of the buffer, at least one byte."""
        if self._filled == BUFFER:
            self._flush()
        return self._buffers[0][self._filled :]

    def _flush(self) -> None:
        data = self._buffers[0][: self._filled]
        self._wait()
        self._hashed = self._hashing.submit(self._digest.update, data)
        self._stream.write(data)
        self._flushed += self._filled
        self._filled = 0
        self._buffers.reverse()

    def _wait(self) -> None:
        if self._hashed is not None:
            self._hashed.result()


@contextmanager
def tar_writer(path: Path) -> Iterator[TarWriter]:
    """A tar that is written to a temporary name, ended, flushed to disk, and renamed; on error nothing is left."""
    with atomic(path) as temporary, temporary.open("wb", buffering=0) as stream, ThreadPoolExecutor(1) as hashing:
        writer = TarWriter(stream, hashing)
        yield writer
        writer.end()
