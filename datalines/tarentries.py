"""Entries of tars that somebody else made: what is refused before any of it is read.

Nothing is ever unpacked by name, so that no entry can write anywhere; names become keys of samples, and sizes become
memory. Python's reader takes both as they come.
"""

import posixpath
import tarfile
from collections.abc import Iterator

LONGEST_HEADER = 1 << 20
"""Bytes of a long name or of extended headers, which Python's reader takes into memory."""
_EXTENDED = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)


class RefusedError(tarfile.ReadError):
    """An entry that is not read whatever it holds."""


class Entry(tarfile.TarInfo):
    """An entry whose header is checked as it is read: give it as `tarinfo` to `tarfile.open`."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "Entry":
        """As in tarfile; a size that cannot be, or that is meant to fill the memory, is a RefusedError."""
        entry = super().frombuf(buf, encoding, errors)
        if entry.size < 0:
            raise RefusedError("a header states a negative size")
        if entry.type in _EXTENDED and entry.size > LONGEST_HEADER:
            raise RefusedError(f"an extended header has {entry.size:,} bytes, more than {LONGEST_HEADER:,}")
        return entry


def entries(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The entries of an archive that was opened with `Entry`, each checked.

    Raises RefusedError for a name that is absolute or leads upwards, for devices, pipes and sparse files, and
    where the reader would not move on.
    """
    for entry in archive:
        reason = refused(entry)
        if reason:
            raise RefusedError(f"{entry.name[:200]!r} {reason}")
        if entry.size < 0 or archive.offset <= entry.offset:
            raise RefusedError(f"{entry.name[:200]!r} states a size that cannot be")
        yield entry


def refused(entry: tarfile.TarInfo) -> str:
    """Why an entry is not read, as the end of a sentence; empty for files, folders and links."""
    if entry.name.startswith("/"):
        return "is an absolute path"
    if ".." in entry.name.split("/"):
        return "is a path that leads upwards"
    if "\0" in entry.name:
        return "is a name with a zero byte"
    if entry.issparse():
        return "is stored as a sparse file"
    if not (entry.isfile() or entry.isdir() or entry.islnk() or entry.issym()):
        return "is a device, a pipe or of an unknown kind"
    return ""


def target_of(entry: tarfile.TarInfo) -> str:
    """The name in the archive that a link stands for; a hard link counts from its root, a symbolic one from itself."""
    base = posixpath.dirname(entry.name) if entry.issym() else ""
    return posixpath.normpath(posixpath.join(base, entry.linkname))
