"""Files made of pieces of other files: a hard link to the whole, or byte ranges of a tar with a new end."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from datalines.errors import DatalinesError
from datalines.files import atomic
from datalines.tars import tar_writer


def link(origin: Path, target: Path) -> None:
    """A hard link; a copy where the file system allows none."""
    try:
        os.link(origin, target)
    except OSError:
        with atomic(target) as temporary:
            shutil.copyfile(origin, temporary)


def copy_ranges(origin: Path, ranges: Iterable[tuple[int, int]], target: Path) -> tuple[int, str]:
    """Copy byte ranges (start, end) of a tar, close them with an end-of-archive marker; return bytes and sha256.

    The new digest needs every byte in memory once, so that a copy inside the kernel would save nothing. Memory: that
    of a `TarWriter`.
    """
    with origin.open("rb", buffering=0) as reading, tar_writer(target) as writer:
        for start, end in ranges:
            if writer.copy(reading.fileno(), start, end) != end - start:
                text = f"ends before byte {end}: delete the manifest beside it and run again to rebuild it"
                raise DatalinesError(f"{origin} {text}")
    return writer.tell(), writer.hexdigest()
