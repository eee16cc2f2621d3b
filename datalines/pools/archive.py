"""Access to files in a directory or in a tar, with the checks that tell a truncated tar from a complete one."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datalines.errors import PoolError

BLOCK = 512


@dataclass(frozen=True)
class Member:
    """One file: its name with `/` separators, where its bytes lie, and how many they are."""

    name: str
    path: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """The bytes of this file."""
        with self.path.open("rb") as stream:
            stream.seek(self.offset)
            return stream.read(self.size)


def members(path: Path, where: str) -> list[Member]:
    """All files of a directory (recursively) or of a tar, sorted by name; hidden files and macOS' `._` twins included.

    Raises PoolError naming `where` and the path if it does not exist, is no tar, or is truncated.
    """
    if path.is_dir():
        files = sorted(entry for entry in path.rglob("*") if entry.is_file())
        return [Member(entry.relative_to(path).as_posix(), entry, 0, entry.stat().st_size) for entry in files]
    if not path.is_file():
        raise PoolError(f"{where}: {path} does not exist; give a directory of class folders or a tar of them")
    return sorted(tar_members(path, where), key=lambda member: member.name)


def tar_members(path: Path, where: str) -> Iterator[Member]:
    """The regular files of an uncompressed tar in the order of the archive. A truncated or broken tar is a PoolError."""
    if not path.is_file():
        raise PoolError(f"{where}: {path} does not exist")
    last = "its first header"
    end = 0
    try:
        with tarfile.open(path, mode="r:") as archive:
            for entry in archive:
                last = entry.name
                end = entry.offset_data + (entry.size + BLOCK - 1) // BLOCK * BLOCK
                if entry.isfile():
                    yield Member(entry.name.removeprefix("./"), path, entry.offset_data, entry.size)
    except tarfile.TarError as error:
        raise PoolError(f"{where}: {path} is broken or truncated after {last} ({error}); fetch it again") from error
    if path.stat().st_size < end + BLOCK:
        raise PoolError(f"{where}: {path} is truncated: it ends after {last} without the end-of-archive marker; fetch it again")
