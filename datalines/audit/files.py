"""The files of an audited folder as they are now: sizes, times, contents. Nothing but plain files is ever opened."""

import os
import stat
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from datalines.audit.chains import moment, place
from datalines.audit.results import Artifact, Receipt, Results
from datalines.files import sha256_file

SECOND = 1_000_000_000
ROUNDED = 2 * SECOND
"""How far archives and file systems may round times."""
SETTLED = 3600 * SECOND
"""How long after a job's end Snakemake may still set the time of its outputs, which it does together."""
MOST = 0.5


def status_of_file(results: Results, path: str) -> os.stat_result | None:
    """What the system says of a file; None where there is none."""
    try:
        return place(results, path).stat()
    except (OSError, ValueError):
        return None


def is_plain(status: os.stat_result) -> bool:
    """True for a plain file: not a folder, a pipe or a device."""
    return stat.S_ISREG(status.st_mode)


class Times:
    """Which files were written to after their job had ended, by their times.

    Snakemake sets the times of all outputs of a job anew once it has ended, so that they are later than stated.
    """

    def __init__(self, results: Results) -> None:
        self._results = results
        now: dict[str, int] = {}
        for path, artifact in results.artifacts.items():
            status = status_of_file(results, path) if artifact.mtime_ns is not None else None
            if status is not None:
                now[path] = status.st_mtime_ns
        other = {path for receipt in results.receipts for path in _late(receipt, now)}
        self.known = len(now)
        self.copied = len(other) if len(now) > 1 and len(other) > MOST * len(now) else 0
        """Number of files with another time if that is most of them: the folder was copied without its times."""
        self._other = set() if self.copied else other

    def changed(self, artifact: Artifact, now: int) -> str:
        """Why a file counts as touched, as a sentence; empty if it does not, or if the folder's times tell nothing."""
        if self.copied:
            return ""
        if artifact.path in self._other:
            return "has another time than its job left it with"
        manifest = self._results.artifacts.get(artifact.manifest or "")
        if manifest is not None and manifest.mtime_ns is not None and now > manifest.mtime_ns + ROUNDED:
            return f"was written to after {manifest.path}, which names it"
        return ""


def _late(receipt: Receipt, now: dict[str, int]) -> set[str]:
    """Outputs of a job with a time before the stated one, long after the job's end, or apart from the others'."""
    ended = moment(receipt, "ended")
    end = int(ended.timestamp()) * SECOND if ended is not None else 0
    stated = {
        path: entry["mtime_ns"]
        for path, entry in receipt.outputs.items()
        if path in now and isinstance(entry.get("mtime_ns"), int)
    }
    moved = [now[path] for path, time in stated.items() if now[path] > time]
    together = min(moved, default=0) + ROUNDED
    return {
        path
        for path, time in stated.items()
        if not time - ROUNDED <= now[path] <= max(time, end) + SETTLED or (now[path] > time and now[path] > together)
    }


def digests(paths: Iterable[Path], jobs: int = 1) -> dict[Path, str | OSError]:
    """Digests of files, each inode read once; instead of one the error where a file cannot be read."""
    by_inode: dict[tuple[int, int], list[Path]] = {}
    found: dict[Path, str | OSError] = {}
    for path in paths:
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            found[path] = error if isinstance(error, OSError) else OSError(str(error))
            continue
        if not is_plain(status):
            found[path] = OSError("is not a plain file")
            continue
        by_inode.setdefault((status.st_dev, status.st_ino), []).append(path)
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        same = by_inode.values()
        for group, digest in zip(same, pool.map(_tried(sha256_file), [group[0] for group in same]), strict=True):
            found.update(dict.fromkeys(group, digest))
    return found


def _tried(work: Callable[[Path], str]) -> Callable[[Path], str | OSError]:
    def attempt(path: Path) -> str | OSError:
        try:
            return work(path)
        except OSError as error:
            return error

    return attempt
