"""Deterministic tar entries: no times, no owners, one format, so that equal samples give equal bytes."""

import tarfile
from functools import lru_cache

BLOCK = tarfile.BLOCKSIZE
END_OF_ARCHIVE = bytes(2 * BLOCK)


@lru_cache(maxsize=4096)
def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def tar_entry(name: str, size: int) -> tuple[bytes, bytes]:
    """Header and padding of a regular file (USTAR, mode 0644, time 0, owner 0) of `size` bytes."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(format=tarfile.USTAR_FORMAT), _padding(size)
