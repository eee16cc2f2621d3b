"""Cores and memory that this process may use: what the machine has, and what control groups leave of it."""

import os
import re
from pathlib import Path
from typing import NamedTuple

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60
"""Version 1 writes a number of this size for "no limit"."""


class Limits(NamedTuple):
    """What control groups allow: bytes of memory, and cores, which may be a fraction; None: they say nothing."""

    memory: int | None
    cores: float | None


def group_limits(proc: Path = PROC, groups: Path = GROUPS) -> Limits:
    """The least that the process's control group and those above it allow, in version 1 or 2 of their files."""
    memory: list[int] = []
    cores: list[float] = []
    for controllers, inside in _groups(proc):
        if not controllers:
            for folder in _upwards(groups, inside):
                memory += _numbers(folder / "memory.max")[:1]
                cores += _share(_numbers(folder / "cpu.max"))
        if "memory" in controllers:
            for folder in _upwards(groups / "memory", inside):
                memory += _numbers(folder / "memory.limit_in_bytes")[:1]
        if "cpu" in controllers:
            for folder in (*_upwards(groups / "cpu", inside), *_upwards(groups / controllers, inside)):
                quota, period = _numbers(folder / "cpu.cfs_quota_us"), _numbers(folder / "cpu.cfs_period_us")
                cores += _share([*quota, *period])
    bounded = [limit for limit in memory if limit < UNLIMITED]
    return Limits(min(bounded, default=None), min(cores, default=None))


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_of_machine(proc: Path = PROC) -> int | None:
    """Bytes of memory that the machine has; None where it does not say."""
    return _meminfo(proc, "MemTotal")


def free_memory(proc: Path = PROC) -> int | None:
    """Bytes that could be had without anything being swapped out; None where the machine does not say."""
    return _meminfo(proc, "MemAvailable")


def _meminfo(proc: Path, key: str) -> int | None:
    try:
        found = re.search(rf"^{key}:\s+(\d+) kB", (proc / "meminfo").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _groups(proc: Path) -> list[tuple[str, str]]:
    """(controllers, group) of this process; version 2 names no controllers."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return []
    parts = [line.split(":", 2) for line in lines]
    return [(controllers, inside) for _, controllers, inside in (part for part in parts if len(part) == 3)]


def _upwards(root: Path, inside: str) -> list[Path]:
    """The group's folder and those above it, as far as they can be seen; in a container that is often the root."""
    folder = root / inside.strip("/")
    return [place for place in (folder, *folder.parents) if place.is_relative_to(root) and place.is_dir()]


def _numbers(path: Path) -> list[int]:
    """The numbers of a file; `max` counts as no number, and so does a file that is not there."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    return [int(word) for word in words if word.lstrip("-").isdecimal()]


def _share(numbers: list[int]) -> list[float]:
    """Cores from a quota and a period in microseconds; a quota of -1, or none, is no limit."""
    if len(numbers) != 2 or numbers[0] <= 0 or numbers[1] <= 0:
        return []
    return [numbers[0] / numbers[1]]
