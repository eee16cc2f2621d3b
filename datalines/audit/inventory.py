"""Level inventory: is everything there that receipts name, with its size, and nothing else? Reads only manifests."""

import fnmatch
import posixpath
from collections import Counter
from pathlib import PurePosixPath

from datalines.audit import receiptforms
from datalines.audit.chains import Chains, is_outside, papers
from datalines.audit.files import Times, is_plain, status_of_file
from datalines.audit.receiptforms import untrusted
from datalines.audit.results import Artifact, Results
from datalines.audit.verdicts import Check, Verdict

LEVEL = "inventory"
BULK = (".tar", ".safetensors")
"""Endings of files that people leave out when they copy a study."""
SIDE_FILES = {
    ".*.tmp": "a file that was being written",
    ".*.tmp/*": "a folder that was being written",
    "shards/*/*/.shards.jsonl": "the list of finished shards, from which an interrupted job goes on",
    "shards/*/*/.order-*": "where an interrupted job sorts its samples",
    "pools/*/.spill/*": "where an interrupted job sorts a list",
    "mixtures/*/*/.ids.npy": "ids of a mixture, checked once",
    "accepted.json": "what people have accepted",
    "audit/*": "what an earlier audit said",
    "exchange/*": "descriptions of the study in exchange formats",
}
"""Files that no receipt names, and why. `*` matches across folders, and the first two match in any folder."""


def checks(results: Results) -> list[Check]:
    """The checks of this level; they take seconds."""
    chains = Chains(results)
    doubted = untrusted(results)
    return [
        _present(results, chains, doubted),
        receiptforms.check(results),
        _strangers(results, doubted),
        _traced(chains),
    ]


def _present(results: Results, chains: Chains, doubted: dict[str, str]) -> Check:
    """Every artifact's file, size and time."""
    check = Check("inventory", LEVEL, "Every file that a receipt or a manifest names is there, with its size.")
    times = Times(results)
    absent: list[Artifact] = []
    for artifact in _by_path(results):
        if artifact.manifest in doubted:
            said = f"is named by {artifact.manifest}, which {doubted[artifact.manifest]}"
            check.add(artifact.path, Verdict.UNVERIFIABLE, said)
        elif status_of_file(results, artifact.path) is None:
            absent.append(artifact)
        else:
            check.add(artifact.path, *_judged(results, times, artifact, doubted))
    evicted = _evicted(results, absent)
    for artifact in absent:
        check.add(artifact.path, *_gone(chains, artifact, artifact in evicted))
    if times.copied:
        said = f"{times.copied} of {times.known} files have other times than their receipts say: copied without times?"
        check.add(".", Verdict.TOUCHED, said)
    return check


def _by_path(results: Results) -> list[Artifact]:
    return [results.artifacts[path] for path in sorted(results.artifacts)]


def _judged(results: Results, times: Times, artifact: Artifact, doubted: dict[str, str]) -> tuple[Verdict, str]:
    """What can be said of a file without reading it."""
    status = status_of_file(results, artifact.path)
    if status is None or not is_plain(status):
        return Verdict.CORRUPT, "is not a plain file"
    if artifact.path in results.doubled:
        return (
            Verdict.MIXED,
            f"is claimed by {_listed(results.doubled[artifact.path])}; delete the receipt that is older",
        )
    if artifact.bytes is not None and status.st_size != artifact.bytes:
        says = artifact.manifest or artifact.receipt
        return Verdict.CORRUPT, f"has {status.st_size:,} bytes, and {artifact.bytes:,} by {says}"
    if artifact.path in doubted:
        return Verdict.CORRUPT, doubted[artifact.path]
    touched = times.changed(artifact, status.st_mtime_ns)
    return (Verdict.TOUCHED, f"{touched}; level integrity compares its content") if touched else (Verdict.IDENTICAL, "")


def _evicted(results: Results, absent: list[Artifact]) -> list[Artifact]:
    """Bulk files of kinds of which several were made and none is there: left out on purpose."""
    made = Counter(_bulk_kind(artifact) for artifact in results.artifacts.values())
    gone = Counter(_bulk_kind(artifact) for artifact in absent)
    whole = {kind for kind, number in gone.items() if kind is not None and number == made[kind] and number > 1}
    return [artifact for artifact in absent if _bulk_kind(artifact) in whole or is_outside(artifact.path)]


def _bulk_kind(artifact: Artifact) -> tuple[str, str] | None:
    ending = PurePosixPath(artifact.path).suffix
    return (artifact.kind, ending) if ending in BULK else None


def _gone(chains: Chains, artifact: Artifact, whole: bool) -> tuple[Verdict, str]:
    names = artifact.manifest or artifact.receipt
    if not whole:
        return Verdict.MISSING, f"is named by {names}, and not there"
    why = "lies outside of the folder" if is_outside(artifact.path) else f"and all {artifact.kind} files of its ending"
    if not chains.remade(artifact.path):
        reason = "what it was made from is not known, or came from other hosts"
        return Verdict.MISSING, f"is not there, {why}, and cannot be made again: {reason}"
    return Verdict.EVICTED, f"is not there, {why}; it can be made again from what receipts name"


def _strangers(results: Results, doubted: dict[str, str]) -> Check:
    """Files that nothing names."""
    check = Check("orphans", LEVEL, "No file lies in the folder that no receipt or manifest names.")
    users = {path: receipt.path for receipt in reversed(results.receipts) for path in receipt.inputs}
    silent = {posixpath.dirname(manifest): manifest for manifest in doubted}
    for path in results.files():
        if path in results.artifacts or is_side_file(path):
            check.add(path)
            continue
        manifest = silent.get(posixpath.dirname(path))
        if manifest is not None:
            said = f"lies beside {manifest}, which {doubted[manifest]} and may have named it"
            check.add(path, Verdict.UNVERIFIABLE, said)
        elif path in users:
            check.add(
                path, Verdict.ORPHAN, f"was used by {users[path]}, but the receipt of the job that made it is gone"
            )
        else:
            check.add(path, Verdict.ORPHAN, "no receipt names it, so nothing says how it was made")
    _unreceipted(results, check)
    return check


def _unreceipted(results: Results, check: Check) -> None:
    """Jobs that left a log and files that nothing names, but no receipt: failed, stopped, or the receipt is gone."""
    logs = results.root / "logs"
    if not check.findings or not logs.is_dir():
        return
    known = {receipt.path for receipt in results.receipts} | {entry.path for entry in results.unreadable}
    for log in sorted(logs.rglob("*.log")):
        receipt = f"receipts/{log.relative_to(logs).with_suffix('.json').as_posix()}"
        if receipt not in known:
            said = "is not there, but the log of its job is: the job failed or was stopped, or the receipt is lost"
            check.add(receipt, Verdict.UNVERIFIABLE, said)


def is_side_file(path: str) -> bool:
    """True for a file that no receipt needs to name."""
    name = posixpath.basename(path)
    inside = any(part.startswith(".") and part.endswith(".tmp") for part in path.split("/")[:-1])
    return inside or any(fnmatch.fnmatchcase(name if key == ".*.tmp" else path, key) for key in SIDE_FILES)


def _traced(chains: Chains) -> Check:
    """The chain of receipts behind each table and figure."""
    check = Check("sources", LEVEL, "Every table and figure goes back through receipts to its sources.")
    for files in papers(chains.results).values():
        for artifact in files:
            maker = chains.results.maker(artifact.path)
            ends = chains.loose_ends(maker) if maker is not None else []
            reason = f"its chain of receipts ends at {_listed(ends)}, made by no receipt" if ends else ""
            check.add(artifact.path, Verdict.UNVERIFIABLE if ends else Verdict.IDENTICAL, reason)
    return check


def _listed(paths: list[str]) -> str:
    shown = " and ".join(paths[:2])
    return shown if len(paths) <= 2 else f"{shown} and {len(paths) - 2} more"
