"""What an audit says of an artifact, and how bad that is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """From best to worst."""

    IDENTICAL = "identical"
    """The bytes or values are the same."""
    EQUIVALENT = "equivalent"
    """Different, within the tolerance that is declared for it."""
    ACCEPTED = "accepted"
    """Different, and a person has said why that does no harm."""
    EVICTED = "evicted"
    """Deleted on purpose, and can be made again."""
    TOUCHED = "touched"
    """The content is the same, the time of the last change is not."""
    ORPHAN = "orphan"
    """No receipt names the file, or no target needs it."""
    UNVERIFIABLE = "unverifiable"
    """What is needed to check it is not there."""
    STALE = "stale"
    """Made from inputs that have another content now."""
    MIXED = "mixed"
    """Made from inputs of different generations."""
    DRIFTED = "drifted"
    """Recomputed, and outside of the tolerance."""
    CORRUPT = "corrupt"
    """The content is not what the receipt says."""
    MISSING = "missing"
    """Named by a receipt, and not there."""


ORDER = list(Verdict)
SOUND, TO_LOOK_AT, BROKEN = 0, 1, 3
"""Exit statuses; 2 is for a command that was called wrongly."""


def status_of(verdicts: Iterable[Verdict]) -> int:
    """Exit status by the worst verdict: 0 up to evicted, 1 for touched, orphan and unverifiable, 3 from stale on."""
    worst = max((ORDER.index(verdict) for verdict in verdicts), default=0)
    if worst <= ORDER.index(Verdict.EVICTED):
        return SOUND
    return TO_LOOK_AT if worst <= ORDER.index(Verdict.UNVERIFIABLE) else BROKEN


@dataclass(frozen=True)
class Finding:
    """What one check says of one artifact."""

    artifact: str
    """Path relative to the results folder; of a cell of a table `<path>#<row>/<column>`."""
    verdict: Verdict
    reason: str
    """A sentence for a reader; empty where there is nothing to say."""


@dataclass
class Check:
    """One check: how many artifacts it examined, and what it found. An artifact without a finding is identical."""

    name: str
    """A slug: `integrity`, `order-proof`, ..."""
    level: str
    title: str
    """What it shows if it finds nothing, as a sentence."""
    examined: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_run: str = ""
    """Why the check could not be made; empty where it was."""

    def add(self, artifact: str, verdict: Verdict = Verdict.IDENTICAL, reason: str = "") -> None:
        """Count one artifact as examined, with a finding where it is not identical."""
        self.examined.append(artifact)
        if verdict is not Verdict.IDENTICAL:
            self.findings.append(Finding(artifact, verdict, reason))
