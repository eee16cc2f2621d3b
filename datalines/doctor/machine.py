"""The machine: cores and memory, room for the results, what their file system can do, and its clock."""

import contextlib
import fcntl
import math
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from datalines.doctor.limits import free_memory, group_limits, memory_of_machine, usable_cores
from datalines.doctor.line import Asked, Line, State, listed, nearest
from datalines.doctor.needed import bytes_needed
from datalines.fetch.download import size_text

LEAST_MEMORY = 4 << 30
TIGHT = 1.2
LEAST_FILES = 100_000
SKEW = 2.0
AHEAD = 60.0
PATIENCE = 2.0
MOUNTS = Path("/proc/mounts")


def memory(asked: Asked) -> Line:
    """Cores and memory, the limits of control groups included."""
    limits, cores = group_limits(), usable_cores()
    known = [limit for limit in (limits.memory, memory_of_machine()) if limit is not None]
    total, free = min(known, default=None), free_memory()
    core = f"{cores} core" + ("s" if cores != 1 else "")
    found = f"{core}, {size_text(total)} of memory" + (f", {size_text(free)} of it free" if free else "")
    if free is not None and total is not None and free > total:
        found = f"{core}, {size_text(total)} of memory by the limit of a control group"
    if limits.cores is not None and math.ceil(limits.cores) < cores:
        allowed = max(1, math.floor(limits.cores))
        text = f"{found}; a control group allows {limits.cores:g} cores"
        return Line("machine", State.LOOK, text, f"Ask for no more than these: make demo CORES={allowed}")
    if total is not None and total < LEAST_MEMORY:
        return Line(
            "machine", State.LOOK, found, f"Less than {size_text(LEAST_MEMORY)}: use CORES=1, or another machine."
        )
    return Line("machine", State.OK, found)


def disk(asked: Asked) -> Line:
    """Free bytes and files where the results go, against what the scale will leave there."""
    place = nearest(asked.results)
    free, system = shutil.disk_usage(place).free, os.statvfs(place)
    need = bytes_needed(asked.study, asked.checkout) if asked.study is not None else None
    found = f"{size_text(free)} free for results"
    found += f", {size_text(round(need.bytes))} wanted by what is still to be made" if need is not None else ""
    over = _over_quota()
    if need is not None and free < need.bytes:
        return Line("disk", State.BROKEN, found, "Free some, or link results/ to a larger disk before the first run.")
    if over:
        return Line("disk", State.LOOK, f"{found}; over quota on {listed(over)}", "Remove files, or ask for more.")
    if need is not None and free < need.bytes * TIGHT:
        return Line("disk", State.LOOK, found, "That is tight: logs, caches and temporary files come on top.")
    if system.f_files and system.f_favail < LEAST_FILES:
        text = f"{found}; only {system.f_favail:,} more files can be made there"
        return Line("disk", State.LOOK, text, "Remove small files, or link results/ to another disk.")
    unknown = f"; not counted, because not stated: {listed(need.unknown)}" if need is not None and need.unknown else ""
    return Line("disk", State.OK, found + unknown)


def _over_quota() -> list[str]:
    """File systems on which this user is over a limit, as the command `quota` marks them; none where there is none."""
    if shutil.which("quota") is None:
        return []
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(["quota", "-w"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        return [line.split()[0] for line in done.stdout.splitlines() if re.search(r"\s\d+\*", line)]
    return []


def file_system(asked: Asked) -> Line:
    """Whether results can be written, renamed, linked and locked where they go; in a folder that is removed again."""
    place = nearest(asked.results)
    kind = _kind_of(place)
    try:
        with _trial(place) as folder:
            lacking = _lacking(folder)
    except OSError as error:
        text = f"{place} cannot be written ({error.strerror or error})"
        return Line("file system", State.BROKEN, text, "Change its permissions, or link results/ to a place of yours.")
    if lacking:
        todo = "Link results/ to a file system that has them; most network disks have an option for it."
        return Line("file system", State.LOOK, f"{kind}, without {' and '.join(lacking)}", todo)
    return Line("file system", State.OK, f"{kind}: writes, renames, links, locks, and tells cases apart")


def clock(asked: Asked) -> Line:
    """The machine's clock against that of the file system, and against the files that are here."""
    now = time.time()
    ahead = [path.name for path in _dated(asked) if path.stat().st_mtime > now + AHEAD]
    if ahead:
        text = f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime(now))} UTC, before the times of {listed(ahead)}"
        return Line("clock", State.LOOK, text, "Set the clock, or `touch` these files: what is newer is made again.")
    with contextlib.suppress(OSError), _trial(nearest(asked.results)) as folder:
        (folder / "now").touch()
        skew = (folder / "now").stat().st_mtime - time.time()
        if abs(skew) > SKEW:
            text = f"the file system's clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
            return Line("clock", State.LOOK, text, "Let this machine and the file server ask the same time server.")
    return Line("clock", State.OK, f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime(now))} UTC, as on the file system")


def _dated(asked: Asked) -> list[Path]:
    """A few files and folders whose times should not lie in the future."""
    inside = sorted(asked.results.iterdir()) if asked.results.is_dir() else []
    return [path for path in (asked.checkout / "Snakefile", asked.checkout / "config", *inside) if path.exists()]


@contextlib.contextmanager
def _trial(place: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=place) as folder:
        yield Path(folder)


def _lacking(folder: Path) -> list[str]:
    """What the workflow uses and the file system of `folder` cannot do."""
    first = folder / "first"
    first.write_text("1")
    (folder / "second").write_text("2")
    (folder / "second").replace(first)
    tries = {
        "hard links": lambda: os.link(first, folder / "hard"),
        "symbolic links": lambda: (folder / "soft").symlink_to(first),
        "locks": lambda: _lock_twice(first),
    }
    lacking = []
    for name, attempt in tries.items():
        try:
            attempt()
        except OSError:
            lacking.append(name)
    return [*lacking, *(["telling A from a"] if (folder / "FIRST").exists() else [])]


def _lock_twice(path: Path) -> None:
    """A second lock on a file must be refused while the first one holds."""
    with path.open() as one, path.open() as two:
        fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
    raise OSError("both locks were given")


def _kind_of(place: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system that holds `place`, such as ext4 or nfs4."""
    try:
        entries = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    except OSError:
        return "file system of unknown type"
    held = [(mount, kind) for mount, kind in entries if place.resolve().is_relative_to(mount)]
    return max(held, key=lambda entry: len(entry[0]), default=("", "file system of unknown type"))[1]
