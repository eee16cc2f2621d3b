"""Releases Snakemake's lock on this folder if the run that took it is gone: after `kill -9` or a power cut, call `make`
again, no more.

`python -m datalines.unlock` leaves the lock alone while any Snakemake process works in the folder.
"""

import sys
from pathlib import Path

import psutil


def working(folder: Path) -> list[int]:
    """Process ids of Snakemake runs whose working directory is `folder`; not of cluster jobs, which take no lock."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            # The program or module itself, not a job's script in a folder of that name.
            named = any(Path(word).name == "snakemake" for word in words[:3])
            if named and "--nolock" not in words and Path(process.cwd()) == folder:
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def release(folder: Path) -> int:
    """Remove the lock files of a dead run; return how many there were. None are removed while a run is alive."""
    locks = sorted((folder / ".snakemake" / "locks").glob("*.lock"))
    if not locks or working(folder):
        return 0
    for lock in locks:
        lock.unlink()
    return len(locks)


if __name__ == "__main__":
    if release(Path.cwd()):
        sys.stderr.write(
            "The last run in this folder was killed; its lock is released, and what it had finished is kept.\n"
        )
