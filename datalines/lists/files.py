"""Opening the files of a list: found by name or glob, decompressed while they are read, refused with a sentence."""

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from datalines.config.paths import expand, matching
from datalines.errors import PoolError

# A line, or a JSON value, is read up to this length in bytes; a longer line is cut there.
LONGEST = 16 << 20
COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
REFUSED = {
    b"PAR1": "is a Parquet file; write `format: parquet`",
    b"\x1f\x8b": "is compressed with gzip; let its name end in .gz",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; let its name end in .zst",
    b"PK\x03\x04": "is a zip archive; unpack it",
    b"\xff\xfe": "is UTF-16; convert it to UTF-8",
    b"\xfe\xff": "is UTF-16; convert it to UTF-8",
}


def list_paths(declared: str | list[str], where: str) -> list[Path]:
    """The files that a path, a glob or a list of both names, by file name; `where` is a key such as pools.web.list.

    PoolError if one of them matches no file, or if two files share a name: rows that have no URL are named by it.
    """
    found: set[Path] = set()
    for pattern in [declared] if isinstance(declared, str) else declared:
        hits = [hit for hit in matching(expand(pattern, f"{where}.path")) if hit.is_file() and hit.name[0] != "."]
        if not hits:
            raise PoolError(f"{where}.path: no file matches {pattern}; give a file, a glob, or a list of them")
        found.update(hits)
    return in_order(list(found), where)


def in_order(paths: list[Path], where: str) -> list[Path]:
    """The files by name; two of one name are a PoolError."""
    ordered = sorted(paths, key=lambda path: (path.name, str(path)))
    for first, second in pairwise(ordered):
        if first.name == second.name:
            raise PoolError(f"{where}.path: {first} and {second} share a name, by which rows are known; rename one")
    return ordered


class _Decompressed(io.RawIOBase):
    """A file's bytes, decompressed by its suffix; what cannot be read is a PoolError."""

    def __init__(self, path: Path, where: str) -> None:
        self._name = f"{where}.path: {path}"
        self._compression = COMPRESSIONS.get(path.suffix.lower())
        self._stream: Any = None
        try:
            self._stream = pa.input_stream(str(path), compression=self._compression)
        except OSError as error:
            raise PoolError(f"{self._name} cannot be opened ({error}); correct the path") from error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except OSError as error:
            kind = f"no {self._compression} file, or truncated" if self._compression else "unreadable"
            raise PoolError(f"{self._name} is {kind} ({error}); fetch it again") from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        super().close()


def opened(path: Path, where: str) -> IO[bytes]:
    """The file's text as bytes, after its byte order mark; a file that is empty or no UTF-8 text is a PoolError."""
    stream = io.BufferedReader(_Decompressed(path, where), 1 << 20)
    try:
        head = stream.peek(4)
        if not head:
            raise PoolError(f"{where}.path: {path} is empty; fetch it again, or leave it out")
        for magic, text in REFUSED.items():
            if head.startswith(magic):
                raise PoolError(f"{where}.path: {path} {text}")
        if head.startswith(BYTE_ORDER_MARK):
            stream.read(len(BYTE_ORDER_MARK))
    except BaseException:
        stream.close()
        raise
    return stream


def whole_lines(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The stream in blocks of whole lines, each about `size` bytes or one line; every line ends with a newline.

    At most LONGEST bytes of a line are kept, so that no file can exhaust the memory.
    """
    rest = bytearray()
    while block := stream.read(size):
        cut = block.rfind(b"\n") + 1
        if cut:
            first = block.find(b"\n")
            rest += block[:first]
            del rest[LONGEST:]
            rest += block[first:cut]
            yield bytes(rest)
            rest = bytearray(block[cut:])
        else:
            rest += block
            del rest[LONGEST:]
    if rest:
        yield bytes(rest) + b"\n"
