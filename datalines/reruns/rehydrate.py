"""Results that were moved, copied or unpacked: checked against their receipts, and Snakemake's notes written anew.

Snakemake keeps its notes beside the workflow and goes by the times of files. Both are lost with a move; receipts are
not. A job whose receipt agrees with what is there and asked for is noted as done. One whose receipt does not agree is
noted as it was made, so that Snakemake runs it again, and a file that is not what its receipt says as unfinished.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datalines.audit.results import Receipt
from datalines.errors import DatalinesError
from datalines.files import sha256_file
from datalines.reruns.graph import Asked, Graph, Step, opened
from datalines.reruns.notes import check_idle, mark_unfinished, remember, settle, writing
from datalines.reruns.targets import Target
from datalines.reruns.why import Cause, Kind, Reader


class RehydrateError(DatalinesError):
    """A folder that does not lie where the workflow looks for it."""


@dataclass(frozen=True)
class Rehydrated:
    """What was found: jobs that are done, those with other params, code or inputs now (with the reasons), files that
    are not what receipts say, jobs whose files are not all here, jobs without a receipt, and what would run now."""

    done: int
    restored: int
    changed: dict[str, list[Cause]]
    corrupt: dict[str, str]
    absent: int
    unreceived: int
    runs: dict[str, int]

    def content(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def rehydrate(checkout: Path, asked: Asked, folder: Path, target: Target) -> Rehydrated:
    """Verify a results folder of a checkout and write Snakemake's notes on it.

    Times of files that are what their receipts say are set back to what these state.
    """
    check_idle(checkout)
    with opened(checkout, asked) as graph, writing(graph.root):
        _check_place(checkout, graph, folder)
        found = _noted(graph, Reader(graph), sorted(target.places(graph)))
    with opened(checkout, asked) as graph:
        steps = [graph.steps[place] for place in sorted(target.places(graph))]
        found.runs.update(Counter(step.rule for step in steps if step.runs))
    return found


def _noted(graph: Graph, reader: Reader, places: Sequence[int]) -> Rehydrated:
    """Verify some jobs' files and write the notes on them."""
    received = {place: receipt for place in places if (receipt := reader.receipt(graph.steps[place]))}
    here = {place: receipt for place, receipt in received.items() if _there(graph.steps[place])}
    corrupt = {place: wrong for place, receipt in here.items() if (wrong := _wrong(receipt, reader))}
    for place in corrupt:
        mark_unfinished(graph, graph.steps[place])
    sound = {place: receipt for place, receipt in here.items() if place not in corrupt}
    files = [(path, entry) for receipt in sound.values() for path, entry in receipt.outputs.items()]
    restored = [_restore_time(reader.results.file(path), entry) for path, entry in files]
    changed = {
        place: causes
        for place, receipt in sound.items()
        if (causes := [cause for cause in reader.changes(graph.steps[place], receipt) if not cause.accepted])
    }
    for place, causes in changed.items():
        _remember(graph, place, sound[place], causes)
    settle(graph, [place for place in sound if place not in changed])
    return Rehydrated(
        done=len(sound) - len(changed),
        restored=sum(restored),
        changed={graph.steps[place].name: causes for place, causes in changed.items()},
        corrupt={path: problem for wrong in corrupt.values() for path, problem in wrong.items()},
        absent=len(received) - len(here),
        unreceived=len(places) - len(received),
        runs={},
    )


def _check_place(checkout: Path, graph: Graph, folder: Path) -> None:
    if (checkout / graph.root).resolve() != folder.resolve():
        raise RehydrateError(
            f"{folder} is not where the workflow looks for these results; move, copy or link it to {graph.root} in "
            f"{checkout}, or name the right --scale and --config"
        )
    if not folder.is_dir():
        raise RehydrateError(f"there is no folder {folder}; unpack the results there")


def _there(step: Step) -> bool:
    return all(Path(path).is_file() for path in step.outputs)


def _wrong(receipt: Receipt, reader: Reader) -> dict[str, str]:
    """Outputs that are not what a receipt says, with what they should be."""
    return {
        reader.results.file(path).as_posix(): f"sha256 should be {entry['sha256']}"
        for path, entry in receipt.outputs.items()
        if _differs(reader.results.file(path), entry)
    }


def _differs(path: Path, entry: dict[str, Any]) -> bool:
    return not path.is_file() or path.stat().st_size != entry["bytes"] or sha256_file(path) != entry["sha256"]


def _restore_time(path: Path, entry: dict[str, Any]) -> bool:
    """Set a file's time to what its receipt says, where it says it; whether it was another."""
    status, told = path.stat(), entry.get("mtime_ns")
    if told is None or status.st_mtime_ns == told:
        return False
    os.utime(path, ns=(status.st_atime_ns, told))
    return True


def _remember(graph: Graph, place: int, receipt: Receipt, causes: list[Cause]) -> None:
    """Note a job as it was made. An input with another content now counts as another input: its time may be older."""
    step = graph.steps[place]
    other = {cause.what for cause in causes if cause.kind in (Kind.INPUT, Kind.ADDED)}
    gone = [cause.what for cause in causes if cause.kind is Kind.GONE]
    same = [path for path in step.inputs if path not in other]
    told = {(graph.root / path).as_posix(): digest for path, digest in receipt.inputs.items()}
    digests = {path: told[path] for path in same if path in told}
    remember(graph, place, receipt.params, [*same, *gone], digests)
