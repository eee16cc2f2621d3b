"""What people accepted: said of a finding, and of the content that is there."""

import json
from typing import Any

import pytest

from datalines.audit.engine import Audit, Options, run
from datalines.audit.verdicts import Finding, Verdict
from tests.unit.results_folder import SCRIPT, Folder, sha256

FITS = "fits/lines.csv"
FIGURE = "papers/qnq/fig-01.csv"


def entry(**said: Any) -> dict[str, Any]:
    words = {"reason": "only a comment changed", "who": "A. Person", "when": "2026-11-22"}
    return {"artifact": FITS, "verdict": "corrupt", **words, "from": "0" * 64, "to": None, **said}


def audited(folder: Folder, *entries: object, level: str = "integrity") -> Audit:
    (folder.root / "accepted.json").write_text(json.dumps(list(entries)))
    return run(folder.root, level, Options())


def of(audit: Audit, check: str, artifact: str) -> list[Finding]:
    return [f for found in audit.checks if found.name == check for f in found.findings if f.artifact == artifact]


@pytest.mark.parametrize("pattern", [FITS, "fits/*"])
def test_a_finding_on_the_accepted_content_is_accepted_in_the_persons_words(folder: Folder, pattern: str) -> None:
    (folder.root / FITS).write_bytes(b"family,slope\nfelines,1.5\n")
    audit = audited(folder, entry(artifact=pattern, to=sha256(b"family,slope\nfelines,1.5\n")))
    (finding,) = of(audit, "integrity", FITS)
    assert finding.verdict is Verdict.ACCEPTED
    assert "A. Person, 2026-11-22: only a comment changed (was corrupt: " in finding.reason
    assert [used for _, used in audit.accepted] == [1]


@pytest.mark.parametrize(
    "other",
    [{"to": "0" * 64}, {"artifact": "fits/other.csv"}, {"verdict": "touched"}, {"who": " "}, {"to": None}],
    ids=["other content", "other file", "other verdict", "nobody", "no content"],
)
def test_what_was_accepted_of_something_else_does_not_count(folder: Folder, other: dict[str, Any]) -> None:
    (folder.root / FITS).write_bytes(b"family,slope\nfelines,1.5\n")
    audit = audited(folder, entry(**{"to": sha256(b"family,slope\nfelines,1.5\n"), **other}))
    (finding,) = of(audit, "integrity", FITS)
    assert finding.verdict is Verdict.CORRUPT


def test_a_stale_artifact_is_accepted_by_the_digest_of_the_input_that_changed(folder: Folder) -> None:
    (folder.checkout / SCRIPT).write_text("# a comment\n")
    audit = audited(folder, entry(artifact=FIGURE, verdict="stale", to=sha256(b"# a comment\n")), level="closure")
    assert [finding.verdict for finding in of(audit, "closure", FIGURE)] == [Verdict.ACCEPTED]
    assert [f.verdict for f in of(audit, "closure", "papers/qnq/fig-01.pdf")] == [Verdict.STALE]


def test_that_a_file_is_gone_can_be_accepted(folder: Folder) -> None:
    (folder.root / FITS).unlink()
    audit = audited(folder, entry(verdict="missing", to=None), level="inventory")
    assert [finding.verdict for finding in of(audit, "inventory", FITS)] == [Verdict.ACCEPTED]


@pytest.mark.parametrize("text", ["{", "{}", "3", '["a'])
def test_a_file_that_cannot_be_read_is_corrupt(folder: Folder, text: str) -> None:
    (folder.root / "accepted.json").write_text(text)
    audit = run(folder.root, "inventory", Options())
    assert [finding.verdict for finding in of(audit, "acceptances", "accepted.json")] == [Verdict.CORRUPT]


def test_an_entry_that_does_not_say_who_or_why_is_told(folder: Folder) -> None:
    audit = audited(folder, entry(), entry(reason=""), "nonsense", level="inventory")
    assert len(audit.accepted) == 1
    assert "reason" in of(audit, "acceptances", "accepted.json#1")[0].reason
    assert of(audit, "acceptances", "accepted.json#2")[0].verdict is Verdict.UNVERIFIABLE
