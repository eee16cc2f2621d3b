"""Reading and writing of small files, always atomically: to a temporary name first, renamed when complete.

pandas and numpy are imported by who has a table or an array to write: the workflow reads this module before every call.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

LARGE = 64 << 20
_digests: dict["FileState", str] = {}


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path`; on success it is flushed to disk and renamed, on error removed.

    The file is made here, in place of whatever has its name: a link that somebody put there is not followed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file's bytes; of a large file once in a process, while it stays as it
    is."""
    with path.open("rb") as stream:
        seen = state_of(stream)
        if seen in _digests:
            return _digests[seen]
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if seen.bytes >= LARGE and state_of(stream) == seen:
            _digests[seen] = digest
    return digest


class FileState(NamedTuple):
    """What tells a file, and that it was not written to. A small file can be written twice within one tick of the
    file system's clock; one of LARGE bytes cannot."""

    device: int
    inode: int
    bytes: int
    mtime_ns: int
    ctime_ns: int


def state_of(stream: IO[bytes]) -> FileState:
    """State of an open file."""
    status = os.fstat(stream.fileno())
    return FileState(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def digest_json(value: Any) -> str:
    """First 12 hex digits of the sha256 of the canonical JSON text of `value`: the short name of a specification."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with a final newline."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_csv(path: Path, frame: "pd.DataFrame") -> None:
    """Write a table as CSV with floats at full round-trip precision, so that equal numbers give equal bytes."""
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def write_parquet(path: Path, frame: "pd.DataFrame") -> None:
    """Write a table as Parquet (zstd), without an index."""
    with atomic(path) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")


def write_npy(path: Path, array: "npt.NDArray[Any]") -> None:
    """Write one array in numpy's own format."""
    import numpy as np

    with atomic(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array)


class HashingWriter:
    """A binary file that is hashed while it is written, so that it need not be read again."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.position = 0

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._stream.write(data)
        self._digest.update(data)
        self.position += len(data)

    def flush(self) -> None:
        """Hand what is buffered to the system."""
        self._stream.flush()

    def hexdigest(self) -> str:
        """Sha256 of everything written so far."""
        return self._digest.hexdigest()
