"""What the audit says of a study, and what a person does about it: delete what is named, and run again."""

from dataclasses import dataclass
from pathlib import Path

from datalines.audit.engine import Options, run
from datalines.audit.results import Artifact, Results
from datalines.audit.verdicts import ORDER, Finding, Verdict

HARMLESS = (Verdict.IDENTICAL, Verdict.EQUIVALENT, Verdict.ACCEPTED, Verdict.TOUCHED)
"""Verdicts after which nothing needs to be done: the content is what it should be."""


@dataclass(frozen=True)
class Said:
    """The worst verdict of each artifact that an audit names, with its reasons, and the folder as the audit read it."""

    verdicts: dict[str, Verdict]
    reasons: dict[str, str]
    results: Results
    findings: frozenset[Finding]

    def names(self, path: str) -> bool:
        """Whether a file is named with a verdict that asks for something to be done."""
        return path in self.named()

    def named(self) -> list[str]:
        """Every file that something is to be done about."""
        return sorted(path for path, verdict in self.verdicts.items() if verdict not in HARMLESS)

    def words(self, paths: list[str], most: int = 5) -> str:
        """The verdicts and reasons of some files, for a message."""
        shown = [f"{path}: {self.verdicts[path]} ({self.reasons[path]})" for path in paths[:most]]
        return "; ".join(shown) + (f"; and {len(paths) - most} more" if len(paths) > most else "")


def audit(results: Path, level: str, checkout: Path, known: frozenset[Finding] = frozenset()) -> Said:
    """Audit a study; every file is read. `known` is what the audit says of the undisturbed run too."""
    done = run(results, level, Options(full=True, checkout=checkout))
    findings = [finding for check in done.checks for finding in check.findings if finding not in known]
    verdicts: dict[str, Verdict] = {}
    reasons: dict[str, str] = {}
    for finding in sorted(findings, key=lambda finding: ORDER.index(finding.verdict)):
        path = finding.artifact.split("#")[0]
        verdicts[path], reasons[path] = finding.verdict, finding.reason
    return Said(verdicts, reasons, done.results, frozenset(findings))


def delete(said: Said, root: Path) -> list[str]:
    """Delete what an audit names; the declared outputs among it, which are to be asked for again.

    A file that a manifest names goes with the manifest, and a receipt with what its job made: Snakemake knows neither
    of the former nor of the latter.
    """
    gone: set[str] = set()
    for path in said.named():
        gone |= {path, *belonging(said.results, path)}
    for path in gone:
        if (root / path).is_file():
            (root / path).unlink()
    return sorted(path for path in gone if said.results.artifacts.get(path, NOTHING).manifest is None)


NOTHING = Artifact("", "", "", None, None, "", "")


def belonging(results: Results, path: str) -> set[str]:
    """What goes with a file that is deleted."""
    if path in results.artifacts:
        manifest = results.artifacts[path].manifest
        return set() if manifest is None else {manifest}
    return {output for receipt in results.receipts if receipt.path == path for output in receipt.outputs}
