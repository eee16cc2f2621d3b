"""What rests on something stale: a job whose own inputs are as it was given them, made from what has changed since."""

from collections.abc import Sequence

from datalines.audit.results import Receipt, Results
from datalines.audit.verdicts import Check, Finding, Verdict

NAME = "descent"
ORIGIN = "closure"
PASSED_ON = (Verdict.STALE, Verdict.MIXED)


def check(results: Results, made: Sequence[Check]) -> Check:
    """Everything that was made from what the check `closure` among those made calls stale or mixed; what a person has
    accepted there is passed on no more than it is."""
    found = Check(NAME, "closure", "Nothing rests on what is stale or mixed.")
    origins = {
        finding.artifact: finding
        for entry in made
        if entry.name == ORIGIN
        for finding in entry.findings
        if finding.verdict in PASSED_ON
    }
    rests = _resting(results, origins)
    for receipt in results.receipts:
        for path in receipt.outputs:
            origin = rests.get(path)
            if origin is None:
                found.add(path)
            else:
                found.add(path, Verdict.STALE, f"rests on {origin.artifact}, which is {origin.verdict}")
    return found


def _resting(results: Results, origins: dict[str, Finding]) -> dict[str, Finding]:
    """{file: what it rests on} for all that was made from the origins, at any distance, but for these themselves."""
    users: dict[str, list[Receipt]] = {}
    for receipt in results.receipts:
        for path in receipt.inputs:
            users.setdefault(path, []).append(receipt)
    rests: dict[str, Finding] = {}
    waiting = sorted(origins)
    while waiting:
        path = waiting.pop()
        origin = origins.get(path) or rests[path]
        new = {out for user in users.get(path, ()) for out in user.outputs} - origins.keys() - rests.keys()
        rests.update(dict.fromkeys(new, origin))
        waiting += sorted(new)
    return rests
