"""The report of a finished study is made again by an audit, and compared with the recorded pages."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from datalines.audit import reported
from datalines.audit.results import read_results
from datalines.audit.sealing import sealed
from datalines.audit.verdicts import Check, Verdict
from datalines.files import sha256_file
from tests.workflow.checkout import ROOT, Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

PAGES = "report/pages.json"
FAMILY = "report/pages/family-photos.html"


@pytest.fixture
def results(finished: Checkout, tmp_path: Path) -> Path:
    """A copy of the results on another machine, as it were."""
    shutil.copytree(finished.results, tmp_path / "elsewhere" / "tiny", ignore=shutil.ignore_patterns("state"))
    return tmp_path / "elsewhere" / "tiny"


def rewrite(results: Path, path: str, edit: Callable[[str], str]) -> None:
    """Change a page, and every digest of it, as somebody would who wants to be believed."""
    file, listed = results / path, results / PAGES
    digests = {path: sha256_file(file), PAGES: sha256_file(listed)}
    new = edit(file.read_text())
    assert new != file.read_text()
    file.write_text(new)
    listed.write_text(listed.read_text().replace(digests[path], sha256_file(file)))
    (receipt,) = (results / "receipts" / "write_report").glob("*.json")
    said = json.loads(receipt.read_text())
    for name, digest in digests.items():
        text = json.dumps(said["outputs"]).replace(digest, sha256_file(results / name))
        said["outputs"] = json.loads(text)
    del said["seal"]
    receipt.write_text(json.dumps(sealed(said)))


def findings(results: Path, tmp_path: Path) -> dict[str, tuple[Verdict, str]]:
    """What the check says of the results."""
    found = reported.check(read_results(results), ROOT, tmp_path / "again")
    assert not found.not_run and found.examined
    return {finding.artifact: (finding.verdict, finding.reason) for finding in found.findings}


def test_a_copied_report_comes_out_again(results: Path, tmp_path: Path) -> None:
    found: Check = reported.check(read_results(results), ROOT, tmp_path / "again")
    assert found.findings == [] and not found.not_run
    written = {path.relative_to(results).as_posix() for path in (results / "report").rglob("*") if path.is_file()}
    assert set(found.examined) == written - {PAGES}


@pytest.mark.parametrize("path", ["report/index.html", FAMILY])
def test_a_page_that_was_rewritten_with_its_digests_drifted(results: Path, tmp_path: Path, path: str) -> None:
    rewrite(results, path, lambda text: text.replace("</h1>", " All claims hold.</h1>"))
    found = findings(results, tmp_path)
    assert found == {path: (Verdict.DRIFTED, "is another page than the one that was made again")}


def test_where_a_job_ran_later_its_pages_prove_nothing(results: Path, tmp_path: Path) -> None:
    receipt = results / "receipts" / "train_model" / "photos-full-0.json"
    said = json.loads(receipt.read_text())
    del said["seal"]
    receipt.write_text(json.dumps(sealed({**said, "seeds": {"order": 7}, "ended": "2999-01-01T00:00:00+00:00"})))
    found = findings(results, tmp_path)
    assert {verdict for verdict, _ in found.values()} == {Verdict.UNVERIFIABLE}
    assert "report/index.html" not in found and FAMILY not in found
    assert all("a later receipts/train_model/photos-full-0.json" in reason for _, reason in found.values())


def test_other_scripts_than_those_of_the_checkout_are_said_to_be_that(results: Path, tmp_path: Path) -> None:
    rewrite(results, "report/pages/job-train_model--photos-full-0.html", lambda text: text.replace("import", "imp0rt"))
    (found,) = findings(results, tmp_path).values()
    assert found == (Verdict.UNVERIFIABLE, "shows other scripts than those of this checkout")


def test_a_report_that_cannot_be_made_again_is_unverifiable(results: Path, tmp_path: Path) -> None:
    (results / "fits" / "sources.csv").write_text("altered\n")
    found = findings(results, tmp_path)
    assert {verdict for verdict, _ in found.values()} == {Verdict.UNVERIFIABLE} and "report/index.html" in found
    assert all("fits/sources.csv is altered" in reason for _, reason in found.values())
