"""Receipts as files: can they be read, are they whole, and do they lie where their job put them?"""

from typing import Any

from datalines.audit.chains import place
from datalines.audit.files import digests, status_of_file
from datalines.audit.results import LARGE, RECEIPTS, Receipt, Results, read_plain
from datalines.audit.sealing import is_whole
from datalines.audit.verdicts import Check, Verdict
from datalines.receipts import SCHEMA

FORM: dict[str, type | tuple[type, ...]] = {
    "root": str,
    "rule": str,
    "wildcards": dict,
    "params": dict,
    "inputs": dict,
    "outputs": dict,
    "names": dict,
    "environment": dict,
    "started": str,
    "ended": str,
    "seconds": (int, float),
}
"""Keys of a receipt of the present form, with the types of their values."""


def check(results: Results) -> Check:
    """The receipts themselves, the manifests that they lead to, and the kept digests of large files."""
    found = Check("receipts", "inventory", "Every receipt and manifest can be read, is whole, and lies in its place.")
    for entry in results.unreadable:
        found.add(entry.path, Verdict.CORRUPT, f"cannot be read: {entry.reason}")
    for receipt in results.receipts:
        found.add(receipt.path, *_judged(receipt))
    for path, reason in _kept(results):
        found.add(path, Verdict.CORRUPT if reason else Verdict.IDENTICAL, reason)
    return found


def _judged(receipt: Receipt) -> tuple[Verdict, str]:
    form = receipt.said.get("schema", 1)
    if not isinstance(form, int) or form > SCHEMA:
        return Verdict.UNVERIFIABLE, f"is of form {form}, and this program knows forms up to {SCHEMA}; use a newer one"
    if form == SCHEMA and (wrong := _malformed(receipt.said)):
        return Verdict.CORRUPT, wrong
    if not is_whole(receipt.said):
        return Verdict.CORRUPT, "says something else than when its job sealed it"
    if not _in_place(receipt):
        wildcards = ", ".join(f"{key} {value}" for key, value in receipt.wildcards.items())
        return Verdict.CORRUPT, f"is the receipt of another job: {receipt.rule} with {wildcards or 'no wildcards'}"
    return Verdict.IDENTICAL, ""


def _malformed(said: dict[str, Any]) -> str:
    """What is wrong with a receipt of the present form; empty if nothing is."""
    for key, kind in FORM.items():
        if key not in said:
            return f"does not say {key}, as receipts of form {SCHEMA} do"
        if not isinstance(said[key], kind):
            return f"says something that cannot be {key}"
    wrong = [path for path, digest in said["inputs"].items() if not _is_digest(digest)]
    wrong += [path for path, entry in said["outputs"].items() if not _is_digest(entry.get("sha256"))]
    return f"states no sha256 of {wrong[0]}" if wrong else ""


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _in_place(receipt: Receipt) -> bool:
    """A receipt lies below its rule's folder, and its name is made of the wildcards' values, joined by `-`.

    Rules that are made for one entry each share a folder, whose name theirs begin with, and have no wildcards.
    """
    _, folder, *rest = receipt.path.split("/")
    if not receipt.rule.startswith(folder):
        return False
    name = "/".join(rest).removesuffix(".json")
    values = [str(value) for value in receipt.wildcards.values()]
    return not values or (len(name) == sum(map(len, values)) + len(values) - 1 and all(v in name for v in values))


def _kept(results: Results) -> list[tuple[str, str]]:
    """Kept digests of large files, each with what is wrong with it."""
    folder = results.root / RECEIPTS / LARGE
    judged = []
    for path in sorted(folder.rglob("*.json")) if folder.is_dir() else []:
        inside = path.relative_to(results.root).as_posix()
        made = results.artifacts.get(path.relative_to(folder).as_posix().removesuffix(".json"))
        try:
            kept = read_plain(path)
            same = made is not None and (kept["bytes"], kept["mtime_ns"]) == (made.bytes, made.mtime_ns)
            differs = same and made is not None and kept["sha256"] != made.sha256
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            judged.append((inside, f"cannot be read: {type(error).__name__}: {error}"))
            continue
        judged.append((inside, f"states another content than {made.receipt}" if differs and made else ""))
    return judged


def untrusted(results: Results) -> dict[str, str]:
    """Manifests that cannot vouch for their files, with the reason: those that are not what their receipt says."""
    declared = {path for receipt in results.receipts for path in receipt.outputs if path.endswith(".json")}
    vouching = {artifact.manifest for artifact in results.artifacts.values() if artifact.manifest}
    unreadable = {entry.path for entry in results.unreadable}
    reasons = dict.fromkeys(declared & unreadable, "cannot be read")
    reasons |= {path: "is missing" for path in declared if status_of_file(results, path) is None}
    reasons |= {path: "is not what its receipt says" for path in vouching - reasons.keys() if results.bloated(path)}
    present = {place(results, path): path for path in sorted(vouching - reasons.keys())}
    for file, digest in digests(present).items():
        if digest not in stated(results, present[file]):
            reasons[present[file]] = "is not what its receipt says"
    return reasons


def stated(results: Results, path: str) -> list[str]:
    """Digests that receipts state for a file: one, unless several receipts say that they made it."""
    made = results.artifacts[path]
    doubled = results.doubled.get(path, [])
    others = [receipt.outputs.get(path, {}).get("sha256") for receipt in results.receipts if receipt.path in doubled]
    return [made.sha256, *(other for other in others if isinstance(other, str) and other != made.sha256)]
