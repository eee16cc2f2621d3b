"""A file on its way: it grows under a hidden name beside its target, and survives interruptions."""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import IO, Self

from datalines.errors import NO_SPACE, FetchError
from datalines.files import read_json, write_json


class Partial:
    """The part of a file that has arrived. Used by one process at a time; another one waits until it may enter.

    Beside it lies the server's word for the version it belongs to (an ETag or a date), without which no one may go on
    from it. Raises FetchError where the disk cannot hold it.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        # The target's own name may be as long as names can be.
        name = hashlib.sha256(target.name.encode()).hexdigest()[:16]
        self.path = target.with_name(f".{name}.partial")
        self.note = target.with_name(f".{name}.partial.json")
        self.size = 0
        self.version = ""

    def __enter__(self) -> Self:
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._locked()
        except OSError as error:
            raise FetchError(f"{self.target.parent} cannot be written to: {error.strerror}") from error
        self.size = self._stream.tell()
        self.version = read_json(self.note)["version"] if self.note.is_file() else ""
        if not self.version:
            self.restart()
        return self

    def __exit__(self, *error: object) -> None:
        if self.path.is_file() and not self.size:
            self.path.unlink()
            self.note.unlink(missing_ok=True)
        self._stream.close()

    def _locked(self) -> IO[bytes]:
        """The file, opened and locked; who had to wait finds it renamed, and begins with a new one."""
        while True:
            # A link that somebody else put there is not followed.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            stream = os.fdopen(os.open(self.path, flags, 0o666), "ab")
            fcntl.flock(stream, fcntl.LOCK_EX)
            if self.path.is_file() and os.path.samestat(os.fstat(stream.fileno()), self.path.stat()):
                return stream
            stream.close()

    def restart(self, version: str = "") -> None:
        """Begin anew, with the server's word for the version that now comes (empty: none, it cannot be continued)."""
        self._stream.truncate(0)
        self.size, self.version = 0, version
        write_json(self.note, {"version": version})

    def write(self, data: bytes) -> None:
        """Append bytes."""
        try:
            self._stream.write(data)
        except OSError as error:
            raise self._failure(error) from error
        self.size += len(data)

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        try:
            self._stream.flush()
        except OSError as error:
            raise self._failure(error) from error

    def finish(self) -> None:
        """Give the file its name."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.note.unlink(missing_ok=True)
        self.path.replace(self.target)

    def _failure(self, error: OSError) -> FetchError:
        if error.errno in NO_SPACE:
            return FetchError(
                f"the disk of {self.target.parent} is full after {self.size} bytes; free some space and run again"
            )
        return FetchError(f"{self.path} cannot be written: {error.strerror}")
