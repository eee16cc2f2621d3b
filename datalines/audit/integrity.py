"""Level integrity: is the content of the files what receipts and manifests say? Small files and weights are all read,
of large files a drawn sample, or all of them."""

import math
import random
from collections.abc import Sequence

from datalines.audit.chains import place
from datalines.audit.files import Times, digests, status_of_file
from datalines.audit.receiptforms import stated, untrusted
from datalines.audit.results import Artifact, Results
from datalines.audit.verdicts import Check, Verdict
from datalines.files import LARGE

LEVEL = "integrity"
SHARE = 0.01
FEWEST = 3
WEIGHTS = ".safetensors"


def checks(results: Results, seed: int = 0, full: bool = False, jobs: int = 1) -> list[Check]:
    """Read the chosen files in `jobs` threads and compare them with what is stated."""
    readable = _readable(results)
    there = [artifact for artifact in readable if not results.bloated(artifact.path)]
    large = [artifact for artifact in there if _is_sampled(results, artifact)]
    drawn = large if full else _drawn(results, large, seed)
    chosen = sorted({*(a.path for a in there)} - {a.path for a in large} | {a.path for a in drawn})
    left = (
        f"; {len(large) - len(drawn)} large files were not read (--full reads all)" if len(drawn) < len(large) else ""
    )
    check = Check("integrity", LEVEL, f"The files' contents are what receipts and manifests say{left}.")
    found = digests([place(results, path) for path in chosen], jobs)
    known = {artifact.sha256: artifact.path for artifact in reversed(list(results.artifacts.values()))}
    users = {(path, digest): receipt.path for receipt in results.receipts for path, digest in receipt.inputs.items()}
    altered: dict[str, str] = {}
    for path in chosen:
        digest = found[place(results, path)]
        if isinstance(digest, OSError):
            check.add(path, Verdict.UNVERIFIABLE, f"cannot be read: {digest.strerror or digest}")
        elif digest in stated(results, path):
            check.add(path)
        else:
            artifact = results.artifacts[path]
            user = users.get((path, digest))
            if user is not None:
                altered[artifact.manifest or artifact.receipt] = f"{user} was given the content of {path} that is there"
            check.add(path, Verdict.CORRUPT, _told(artifact, digest, known.get(digest), user))
    for artifact in readable:
        if results.bloated(artifact.path):
            check.add(artifact.path, Verdict.CORRUPT, "is of another size than stated, and was not read")
    for path, user in sorted(altered.items()):
        check.add(path, Verdict.CORRUPT, f"may have been altered: {user}")
    return [check]


def _readable(results: Results) -> list[Artifact]:
    """Artifacts that are there, and that something states which can be believed."""
    doubted = untrusted(results)
    return [
        artifact
        for artifact in results.artifacts.values()
        if artifact.manifest not in doubted and status_of_file(results, artifact.path) is not None
    ]


def _is_sampled(results: Results, artifact: Artifact) -> bool:
    status = status_of_file(results, artifact.path)
    return status is not None and status.st_size >= LARGE and not artifact.path.endswith(WEIGHTS)


def _drawn(results: Results, large: Sequence[Artifact], seed: int) -> list[Artifact]:
    """A share of the large files, and all that were written to since."""
    ordered = sorted(large, key=lambda artifact: artifact.path)
    number = min(len(ordered), max(FEWEST, math.ceil(SHARE * len(ordered))))
    drawn = random.Random(seed).sample(ordered, number)
    times = Times(results)
    return drawn + [artifact for artifact in ordered if artifact not in drawn and _touched(results, times, artifact)]


def _touched(results: Results, times: Times, artifact: Artifact) -> bool:
    status = status_of_file(results, artifact.path)
    return status is not None and bool(times.changed(artifact, status.st_mtime_ns))


def _told(artifact: Artifact, digest: str, other: str | None, user: str | None) -> str:
    names = artifact.manifest or artifact.receipt
    reason = f"has content {digest[:12]}, and {artifact.sha256[:12]} by {names}"
    if user is not None:
        return f"{reason}; {user} was given the content that is there, so {names} may be what was altered"
    return f"{reason}; it is the content of {other}" if other is not None else reason
