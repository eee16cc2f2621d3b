"""Acceptances: what a person has said about changes that do no harm. The audit lists them."""

import fnmatch
import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datalines.errors import DatalinesError
from datalines.files import read_json, write_json

FILE = "accepted.json"
KEYS = ("artifact", "verdict", "reason", "who", "when", "from", "to")


class AcceptanceError(DatalinesError):
    """A change that cannot be accepted, or acceptances that cannot be read."""


@dataclass(frozen=True)
class Acceptance:
    """One change of one artifact (a path or a pattern): `before` and `to` are digests of the content, input, code or
    params that changed, and empty where none is stated."""

    artifact: str
    verdict: str
    reason: str
    who: str
    when: str
    before: str
    to: str

    def covers(self, path: str) -> bool:
        """Whether it speaks of a file, given from the results folder; a glob may speak of several."""
        return path == self.artifact or fnmatch.fnmatchcase(path, self.artifact)

    def content(self) -> dict[str, str]:
        """As it stands in the file."""
        values = (self.artifact, self.verdict, self.reason, self.who, self.when, self.before, self.to)
        return dict(zip(KEYS, values, strict=True))


def accepted(root: Path) -> list[Acceptance]:
    """The acceptances of a results folder; none where nobody accepted anything."""
    try:
        return [parsed(entry) for entry in _entries(root)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AcceptanceError(
            f"{root / FILE} cannot be read ({type(error).__name__}: {error}); it is a list of entries with "
            f"{', '.join(KEYS)}"
        ) from error


def record(root: Path, entries: Sequence[Acceptance]) -> None:
    """Add acceptances to those of a results folder; one of the same artifact and digests is replaced."""
    same = {(entry.artifact, entry.before, entry.to) for entry in entries}
    before = list(zip(accepted(root), _entries(root), strict=True))
    kept = [entry for told, entry in before if (told.artifact, told.before, told.to) not in same]
    write_json(root / FILE, [*kept, *(entry.content() for entry in entries)])


def _entries(root: Path) -> list[dict[str, Any]]:
    return list(read_json(root / FILE)) if (root / FILE).exists() else []


def parsed(entry: dict[str, Any]) -> Acceptance:
    """One entry; a person who wrote it may have left out the digests."""
    artifact, verdict, reason, who, when = (str(entry[key]) for key in KEYS[:-2])
    return Acceptance(artifact, verdict, reason, who, when, entry.get("from") or "", entry.get("to") or "")


def whoever() -> str:
    """The name of the person at this machine, as far as it is known."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise AcceptanceError("this machine does not know who you are; write --who NAME") from None


def moment() -> str:
    """Now, as receipts say it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
