"""Files with times in the future: the clock was ahead when they were made, or is behind now.

Snakemake takes a new output that is older than its input for a fault of the network, and stops. Until the future has
come, nothing could be made from such files any more.
"""

import os
from collections.abc import Iterator
from pathlib import Path

LEFT = (".tar",)
"""Endings of bulk files, which no job has as its input."""
STEP = 1_000
"""Nanoseconds between the new times of two files whose times differed."""
SLACK = 1_000_000_000
"""Nanoseconds that another host's clock may be ahead."""


def to_the_present(folder: Path, now: int) -> int:
    """Give the files below a folder that were changed after `now`, in nanoseconds of the epoch, times up to `now` that
    keep their order; returns how many. Links are changed themselves, and never what they lead to."""
    ahead = {path: when for path, when in _times(folder) if when > now + SLACK}
    places = {when: place for place, when in enumerate(sorted(set(ahead.values()), reverse=True))}
    for path, when in ahead.items():
        fresh = now - STEP * places[when]
        os.utime(path, ns=(fresh, fresh), follow_symlinks=False)
    return len(ahead)


def _times(folder: Path) -> Iterator[tuple[str, int]]:
    for at, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(LEFT):
                path = f"{at}/{name}"
                try:
                    yield path, os.lstat(path).st_mtime_ns
                except FileNotFoundError:  # a job of another call is at work
                    continue
