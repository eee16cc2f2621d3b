"""Access to files in a directory or in a tar, with the checks that tell a truncated tar from a complete one."""

import gzip
import os
import posixpath
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from datalines.errors import PoolError
from datalines.tarentries import Entry, RefusedError, entries, target_of

BLOCK = 512
GZIP = b"\x1f\x8b"
PIECE = 1 << 20
LEAST_UNPACKED, GROWTH = 1 << 30, 50
"""A gzipped tar may become 1 GiB large, or 50 times as large as it is; images do not shrink by more."""


@dataclass(frozen=True)
class Member:
    """One file: its name with `/` separators, where its bytes lie, and how many they are. Or one folder."""

    name: str
    path: Path
    offset: int
    size: int
    folder: bool = False

    def read(self) -> bytes:
        """The bytes of this file."""
        with self.path.open("rb") as stream:
            stream.seek(self.offset)
            return stream.read(self.size)


@contextmanager
def plain(path: Path, where: str) -> Iterator[Path]:
    """The path itself, or, of a gzipped tar, a copy without compression that is there until the block ends.

    Files are read in the order of their names, which is not their order in the archive. The copy lies in $TMPDIR, which
    needs room for it; memory holds 1 MiB. Raises PoolError naming `where` and the path if the gzip is broken.
    """
    if not path.is_file() or _begins(path) != GZIP:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="datalines-") as folder:
        copy = Path(folder, f"{path.name}.tar")
        try:
            with gzip.open(path) as packed, copy.open("wb") as stream:
                _unpack(packed, stream, path, where)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise PoolError(f"{where}: {path} is broken or truncated ({error}); fetch it again") from error
        try:
            yield copy
        except PoolError as error:  # what is wrong with the copy is wrong with the archive, which people have
            raise PoolError(str(error).replace(str(copy), str(path))) from error


def _unpack(packed: gzip.GzipFile, stream: IO[bytes], path: Path, where: str) -> None:
    """Copy what is decompressed, unless it grows beyond what images can."""
    limit, size = max(LEAST_UNPACKED, GROWTH * path.stat().st_size), 0
    while piece := packed.read(PIECE):
        size += len(piece)
        if size > limit:
            text = f"holds more than {limit:,} bytes in {path.stat().st_size:,}, which no archive of images does"
            raise PoolError(f"{where}: {path} {text}; unpack it yourself if you trust it, and name the tar")
        stream.write(piece)


def _begins(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(len(GZIP))


def members(path: Path, where: str) -> list[Member]:
    """All files and folders of a directory (links followed) or of a tar, sorted by name; hidden ones included.

    Raises PoolError naming `where` and the path if it does not exist, is no tar, or is truncated.
    """
    found = list(_directory_members(path, where) if path.is_dir() else _tar_entries(path, where))
    # By name and not by path: the order of paths differs from that of the names in a tar of the same files.
    return sorted(found, key=lambda member: member.name)


def tar_members(path: Path, where: str) -> Iterator[Member]:
    """The files of an uncompressed tar in the order of the archive. A truncated or broken tar is a PoolError."""
    return (member for member in _tar_entries(path, where) if not member.folder)


def _directory_members(path: Path, where: str) -> Iterator[Member]:
    for parent, folders, files in os.walk(path, followlinks=True):
        for name in folders:
            entry = Path(parent) / name
            yield Member(_text(entry.relative_to(path).as_posix()), entry, 0, 0, folder=True)
        for name in files:
            entry = Path(parent) / name
            if entry.is_symlink() and not entry.exists():
                raise PoolError(f"{where}: {entry} is a link to nothing; repair it, or remove it")
            if entry.is_file():
                yield Member(_text(entry.relative_to(path).as_posix()), entry, 0, entry.stat().st_size)


def _tar_entries(path: Path, where: str) -> Iterator[Member]:
    if not path.is_file():
        raise PoolError(f"{where}: {path} {'is not a file' if path.exists() else 'does not exist'}; give a tar")
    last = "its first header"
    found: dict[str, Member] = {}
    try:
        with tarfile.open(path, mode="r:", tarinfo=Entry) as archive:
            for entry in entries(archive):
                last = _text(entry.name)
                member = _member(path, entry, found, where)
                found[posixpath.normpath(entry.name)] = member
                yield member
            end = archive.offset
    except RefusedError as error:
        raise PoolError(f"{where}: {path}: {error}; pack the files anew, without it") from error
    except tarfile.TarError as error:
        raise PoolError(f"{where}: {path} is broken or truncated after {last} ({error}); fetch it again") from error
    # Python's reader takes a damaged header, and the end of the file, for the end of the archive.
    with path.open("rb") as stream:
        stream.seek(end)
        marker = stream.read(BLOCK)
    if len(marker) < BLOCK:
        text = f"it ends after {last} without the end-of-archive marker"
        raise PoolError(f"{where}: {path} is truncated: {text}; fetch it again")
    if any(marker):
        raise PoolError(f"{where}: {path} is broken: what follows {last} is not a tar header; fetch it again")


def _member(path: Path, entry: tarfile.TarInfo, found: dict[str, Member], where: str) -> Member:
    """The file or folder of an entry; a link stands for the file before it that it names, and for nothing else."""
    name = _text(entry.name.removeprefix("./"))
    if entry.isfile() or entry.isdir():
        return Member(name, path, entry.offset_data, entry.size, folder=entry.isdir())
    target = found.get(target_of(entry))
    if target is None:
        text = f"{name} is a link to {_text(entry.linkname)}, which does not stand before it in the archive"
        raise PoolError(f"{where}: {path}: {text}; pack the files themselves (tar --dereference)")
    return Member(name, path, target.offset, target.size, folder=target.folder)


def _text(name: str) -> str:
    r"""The name as text that can be stored; bytes that are not UTF-8 become `\xNN`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
