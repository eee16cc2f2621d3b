"""Acceptances: findings of which a person has said why they do no harm, in accepted.json of the results folder."""

from dataclasses import dataclass, replace
from typing import Any

from datalines.acceptances import FILE, KEYS, Acceptance, parsed
from datalines.audit.chains import place
from datalines.audit.files import digests
from datalines.audit.results import Results, read_plain
from datalines.audit.verdicts import Check, Finding, Verdict

WANTED = KEYS[:5]
"""What an entry must say to count."""


@dataclass(frozen=True)
class Changed(Finding):
    """A finding about content other than the artifact's own: `found` is the digest that it has now."""

    found: str


def fits(entry: Acceptance, finding: Finding, digest: str | None) -> bool:
    """True if this is said of the finding, and of the content that is there now."""
    named = any(entry.covers(path) for path in (finding.artifact, finding.artifact.partition("#")[0]))
    return named and entry.verdict == finding.verdict and entry.to == (digest or "")


def read(results: Results) -> tuple[list[Acceptance], Check]:
    """The acceptances of a folder, and a check of the file itself: an entry without a reason or a name counts as
    nothing."""
    check = Check("acceptances", "inventory", "What people accepted says who, when, why, and of which content.")
    path = results.file(FILE)
    if not path.exists():
        check.not_run = "nothing has been accepted"
        return [], check
    try:
        entries = read_plain(path)
        if not isinstance(entries, list):
            raise ValueError("it is not a list")
    except (OSError, ValueError, RecursionError) as error:
        check.add(FILE, Verdict.CORRUPT, f"cannot be read: {error}")
        return [], check
    accepted = []
    for number, entry in enumerate(entries):
        lacking = _lacking(entry)
        where = f"{FILE}#{number}"
        check.add(where, Verdict.UNVERIFIABLE if lacking else Verdict.IDENTICAL, lacking)
        if not lacking:
            accepted.append(parsed(entry))
    return accepted, check


def _lacking(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "is no entry with artifact, verdict, reason, who and when, and counts as nothing"
    lacking = [key for key in WANTED if not isinstance(entry.get(key), str) or not entry[key].strip()]
    if lacking:
        return f"does not say {', '.join(lacking)}, and counts as nothing"
    wrong = [key for key in KEYS[5:] if not isinstance(entry.get(key), str | None)]
    return f"says something in {wrong[0]} that is no digest, and counts as nothing" if wrong else ""


def apply(results: Results, checks: list[Check], accepted: list[Acceptance]) -> list[int]:
    """Turn the findings that are accepted into verdict `accepted`, with the person's words. Returns how many findings
    each acceptance covers."""
    used = [0] * len(accepted)
    for check in checks:
        for place_, finding in enumerate(check.findings):
            number = _fitting(results, finding, accepted)
            if number is not None:
                used[number] += 1
                entry = accepted[number]
                words = f"{entry.who}, {entry.when}: {entry.reason} (was {finding.verdict}: {finding.reason})"
                check.findings[place_] = replace(finding, verdict=Verdict.ACCEPTED, reason=words)
    return used


def _fitting(results: Results, finding: Finding, accepted: list[Acceptance]) -> int | None:
    candidates = [number for number, entry in enumerate(accepted) if entry.verdict == finding.verdict]
    if not candidates:
        return None
    now = {finding.found} if isinstance(finding, Changed) and finding.found else set[str | None]()
    digest = digests([file := place(results, finding.artifact.partition("#")[0])])[file]
    now |= {digest if isinstance(digest, str) else None}
    return next(
        (number for number in candidates if any(fits(accepted[number], finding, digest) for digest in now)), None
    )
