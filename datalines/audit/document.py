"""What an audit writes down: audit.json, whose form audit.schema.json in this folder describes."""

from collections import Counter
from typing import Any

from datalines.audit.engine import Audit
from datalines.audit.matrix import matrix
from datalines.audit.results import Receipt
from datalines.audit.verdicts import ORDER, Check, Finding, Verdict, status_of
from datalines.environment import environment

SCHEMA = 1


def document(audit: Audit, when: str) -> dict[str, Any]:
    """An audit as plain data: equal audits of equal folders on equal machines differ in `when` alone."""
    verdicts = worst(audit)
    results = audit.results
    said = {
        "schema": SCHEMA,
        "folder": results.root.resolve().name,
        "when": when,
        "level": audit.level,
        "seed": audit.options.seed,
        "full": audit.options.full,
        "environment": environment(),
        "made_on": _made_on(results.receipts),
        "receipts": len(results.receipts),
        "verdict": _most(verdicts.values()).value,
        "status": status_of(verdicts.values()),
        "counts": _counts(verdicts.values()),
        "checks": [_check(check) for check in audit.checks],
        "artifacts": [_artifact(audit, path, verdict) for path, verdict in sorted(verdicts.items())],
        "papers": matrix(audit),
        "acceptances": [{**entry.content(), "findings": used} for entry, used in audit.accepted],
    }
    writable: dict[str, Any] = _writable(said)
    return writable


def _writable(value: Any) -> Any:
    """The same data with text that can be written as UTF-8: names of files may hold any bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_writable(key): _writable(inner) for key, inner in value.items()}
    return [_writable(inner) for inner in value] if isinstance(value, list) else value


def worst(audit: Audit) -> dict[str, Verdict]:
    """The verdict of every artifact that was made or examined: the worst that any check found."""
    found = dict.fromkeys(audit.results.artifacts, Verdict.IDENTICAL)
    for check in audit.checks:
        found |= {file: found.get(file, Verdict.IDENTICAL) for file in map(_file, check.examined)}
        for finding in check.findings:
            file = _file(finding.artifact)
            found[file] = _most([found.get(file, Verdict.IDENTICAL), finding.verdict])
    return found


def _file(artifact: str) -> str:
    return artifact.partition("#")[0]


def _most(verdicts: Any) -> Verdict:
    return max(verdicts, key=ORDER.index, default=Verdict.IDENTICAL)


def _counts(verdicts: Any) -> dict[str, int]:
    """How many of which verdict, from best to worst."""
    found = Counter(verdicts)
    return {verdict.value: found[verdict] for verdict in ORDER if found[verdict]}


def _check(check: Check) -> dict[str, Any]:
    found: dict[str, Verdict] = dict.fromkeys(check.examined, Verdict.IDENTICAL)
    for finding in check.findings:
        found[finding.artifact] = _most([found.get(finding.artifact, Verdict.IDENTICAL), finding.verdict])
    return {
        "name": check.name,
        "level": check.level,
        "title": check.title,
        "examined": len(found),
        "counts": _counts(found.values()),
        "not_run": check.not_run,
        "findings": [
            {"artifact": finding.artifact, "verdict": finding.verdict.value, "reason": finding.reason}
            for finding in sorted(set(check.findings), key=_place)
        ],
    }


def _place(finding: Finding) -> tuple[int, str, str]:
    """Worst first, then by name."""
    return -ORDER.index(finding.verdict), finding.artifact, finding.reason


def _artifact(audit: Audit, path: str, verdict: Verdict) -> dict[str, Any]:
    made = audit.results.artifacts.get(path)
    said = {"kind": made.kind, "sha256": made.sha256, "receipt": made.receipt} if made is not None else {}
    return {"path": path, "verdict": verdict.value, **said}


def _made_on(receipts: list[Receipt]) -> list[dict[str, Any]]:
    """The environments that jobs ran in, each with the number of its jobs, most jobs first."""
    found: dict[str, dict[str, Any]] = {}
    for receipt in receipts:
        said = receipt.said.get("environment")
        said = said if isinstance(said, dict) else {"versions": receipt.said.get("versions")}
        known = {key: said.get(key) for key in ("installed", "versions", "decoder", "driver", "gpus")}
        entry = found.setdefault(repr(sorted(known.items(), key=str)), {**known, "hosts": set(), "jobs": 0})
        entry["jobs"] += 1
        entry["hosts"].add(str(receipt.said.get("host")))
    ordered = sorted(found.items(), key=lambda item: (-item[1]["jobs"], item[0]))
    return [{**entry, "hosts": sorted(entry["hosts"])} for _, entry in ordered]
