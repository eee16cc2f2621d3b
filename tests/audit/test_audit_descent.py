"""What rests on something stale, at any distance."""

import json
from pathlib import Path

from datalines.audit import closure, descent
from datalines.audit.acceptances import Changed
from datalines.audit.engine import Options, run
from datalines.audit.results import read_results
from datalines.audit.verdicts import Check, Verdict
from tests.unit.results_folder import FAMILIES, Folder, sha256

OWN = {f"evals/{family}/full/0/natural.{suffix}" for family in FAMILIES for suffix in ("json", "safetensors")}
FIGURE = {f"papers/qnq/fig-01.{suffix}" for suffix in ("pdf", "png", "svg", "csv", "md")}
TABLE = {f"papers/qnq/tab-01.{suffix}" for suffix in ("csv", "md", "tex")}
AFTER = FIGURE | TABLE | {"records/lines.csv", "fits/lines.csv"}


def given_another_set(folder: Folder) -> None:
    """Let receipts tell that all evaluations were given another content of a set's manifest than the one that was
    made."""
    for receipt in (folder.root / "receipts" / "evaluate_run").glob("*.json"):
        said = json.loads(receipt.read_text())
        name = next(path for path in said["inputs"] if path.endswith("manifest.json"))
        said["inputs"][name] = "0" * 64
        receipt.write_text(json.dumps({key: value for key, value in said.items() if key != "seal"}))


def checked(root: Path) -> Check:
    results = read_results(root)
    return descent.check(results, closure.checks(results))


def test_nothing_rests_on_anything_stale_in_an_untouched_folder(folder: Folder) -> None:
    found = checked(folder.root)
    assert found.findings == [] and set(found.examined) >= AFTER | OWN


def test_all_that_was_made_from_something_stale_is_stale_too(folder: Folder) -> None:
    given_another_set(folder)
    results = read_results(folder.root)
    assert {finding.artifact for finding in closure.checks(results)[0].findings} == OWN
    findings = {finding.artifact: finding for finding in checked(folder.root).findings}
    assert set(findings) == AFTER
    assert {finding.verdict for finding in findings.values()} == {Verdict.STALE}
    reasons = {finding.reason for finding in findings.values()}
    assert all(reason.split(", which is ")[0].removeprefix("rests on ") in OWN for reason in reasons)


def test_what_was_accepted_is_passed_on_no_more(folder: Folder) -> None:
    given_another_set(folder)
    words = {"reason": "the same images", "who": "A. Person", "when": "2026-11-22", "from": "0" * 64}
    entries = []
    for finding in closure.checks(read_results(folder.root))[0].findings:
        assert isinstance(finding, Changed)
        now = finding.found or sha256((folder.root / finding.artifact).read_bytes())
        entries.append({"artifact": finding.artifact, "verdict": finding.verdict, "to": now, **words})
    assert {entry["verdict"] for entry in entries} == {"stale", "mixed"}
    assert after_acceptances(folder, entries) == {}
    others = [entry for entry in entries if entry["artifact"] != "evals/felines/full/0/natural.json"]
    assert after_acceptances(folder, others).keys() == AFTER


def after_acceptances(folder: Folder, entries: list[dict[str, str]]) -> dict[str, Verdict]:
    """What an audit finds to rest on something stale where this is accepted."""
    (folder.root / "accepted.json").write_text(json.dumps(entries))
    done = run(folder.root, "closure", Options())
    (found,) = (check for check in done.checks if check.name == descent.NAME)
    assert set(found.examined) >= AFTER
    return {finding.artifact: finding.verdict for finding in found.findings}
