"""Files that go into an export, each compared with its receipt on the way."""

import hashlib
from pathlib import Path

from datalines.audit.results import Artifact
from datalines.exchange.errors import ExchangeError

CHUNK = 1 << 20


def digest_of(path: Path) -> str:
    """Hex sha256 of a small file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def copy_checked(source: Path, target: Path, artifact: Artifact) -> str:
    """Copy a file and compare it with its receipt; returns its digest.

    Raises ExchangeError where it is another one: an export states digests, and these would be wrong.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(CHUNK):
            digest.update(chunk)
            writer.write(chunk)
    if digest.hexdigest() != artifact.sha256:
        raise ExchangeError(
            f"{source} is not what {artifact.receipt} says (sha256 {digest.hexdigest()[:12]}, not "
            f"{artifact.sha256[:12]}); `datalines audit` says what else is, and running the workflow again mends it"
        )
    return artifact.sha256
