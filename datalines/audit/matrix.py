"""The matrix of an audit: each table and figure against each check, what it was made from included."""

from typing import Any

from datalines.audit.chains import Chains, papers
from datalines.audit.engine import Audit
from datalines.audit.results import Receipt
from datalines.audit.verdicts import ORDER, Check, Finding, Verdict


def matrix(audit: Audit) -> list[dict[str, Any]]:
    """A row for each table and figure. A cell holds the worst verdict of one check on the item and all behind it, the
    file that it is about, and how many files were examined; a check that examined none of them has no cell."""
    chains = Chains(audit.results)
    sides = [(check, _worst(check), {_file(path) for path in check.examined}) for check in audit.checks]
    rows = []
    for item, files in papers(audit.results).items():
        makers = [receipt for file in files if (receipt := audit.results.maker(file.path)) is not None]
        upstream = chains.upstream(makers)
        behind = set().union(*(_named(chains, receipt) for receipt in upstream))
        cells = {check.name: _cell(worst, examined & behind) for check, worst, examined in sides if examined & behind}
        rows.append({"item": item, "jobs": len(upstream), "files": len(behind), "cells": dict(sorted(cells.items()))})
    return rows


def _named(chains: Chains, receipt: Receipt) -> set[str]:
    """What a job made and was given, and its receipt."""
    return {receipt.path, *receipt.inputs, *(artifact.path for artifact in chains.made.get(receipt.path, []))}


def _file(artifact: str) -> str:
    """The file of an artifact that may be a cell of a table."""
    return artifact.partition("#")[0]


def _worst(check: Check) -> dict[str, Finding]:
    """The worst finding of a check on each file."""
    found: dict[str, Finding] = {}
    for finding in check.findings:
        file = _file(finding.artifact)
        if file not in found or ORDER.index(finding.verdict) > ORDER.index(found[file].verdict):
            found[file] = finding
    return found


def _cell(worst: dict[str, Finding], examined: set[str]) -> dict[str, Any]:
    found = [worst[path] for path in sorted(examined & worst.keys())]
    if not found:
        return {"verdict": Verdict.IDENTICAL.value, "artifact": None, "examined": len(examined)}
    finding = max(found, key=lambda finding: ORDER.index(finding.verdict))
    return {"verdict": finding.verdict.value, "artifact": finding.artifact, "examined": len(examined)}
