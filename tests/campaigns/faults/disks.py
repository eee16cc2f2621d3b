"""Disks of a trial: one that is full and later has room, a folder that is read-only for a while.

With the right to mount, a disk is a file system in memory, and read-only is a mount; both are seen by this campaign's
processes alone and end with them. Without it, a file's size is limited, and write permission is taken away.
"""

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS of sched.h."""
BUSY = 32
"""What mount answers where a file is open for writing."""


def private_mounts() -> bool:
    """Give this process mounts of its own; whether it may mount. To be called before there are threads."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
        return False
    if _call("mount", "--make-rprivate", "/"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        if _call("mount", "-t", "tmpfs", "-o", "size=64k", "faults", folder):
            return False
        return not _call("umount", folder)


@contextmanager
def disk(folder: Path, size: int) -> Iterator[None]:
    """A disk of its own under `folder`, with so many bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    _must("mount", "-t", "tmpfs", "-o", f"size={size}", "faults", str(folder))
    try:
        yield
    finally:
        _must("umount", "--lazy", str(folder))


def resize(folder: Path, size: int) -> None:
    """Another number of bytes for a disk, not less than it holds."""
    _must("mount", "-o", f"remount,size={size}", str(folder))


def free(folder: Path) -> int:
    """Bytes that are free where a folder lies."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """The folder as a mount of itself, which can be made read-only."""
    _must("mount", "--bind", str(folder), str(folder))
    try:
        yield
    finally:
        _must("umount", "--lazy", str(folder))


def read_only(folder: Path) -> bool:
    """Make a mount of itself read-only; False where a file in it is open for writing right now."""
    status = _call("mount", "-o", "remount,bind,ro", str(folder))
    if status not in (0, BUSY):
        raise OSError(f"{folder} cannot be made read-only: mount ended with {status}")
    return status == 0


def writable(folder: Path) -> None:
    """Undo `read_only`."""
    _must("mount", "-o", "remount,bind,rw", str(folder))


def permit(folder: Path, writing: bool) -> None:
    """Give or take the permission to write to every file and folder below one."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink() and path.exists():
            mode = path.stat().st_mode
            path.chmod(mode | 0o200 if writing else mode & ~0o222)


def _call(*words: str) -> int:
    return subprocess.run(words, capture_output=True, check=False).returncode


def _must(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
