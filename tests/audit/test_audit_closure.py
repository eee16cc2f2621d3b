"""Level closure: receipts against each other."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datalines.audit import closure
from datalines.audit.acceptances import Changed
from datalines.audit.results import read_results
from datalines.audit.verdicts import Check, Finding, Verdict
from tests.unit.results_folder import SCALE, SCRIPT, Folder, sha256

FIGURES = {f"papers/qnq/fig-01.{suffix}" for suffix in ("pdf", "png", "svg", "csv", "md")}
RECORDS = "records/lines.csv"


def checked(folder: Folder) -> tuple[Check, Check]:
    contents, order = closure.checks(read_results(folder.root))
    return contents, order


def found(folder: Folder) -> dict[str, Finding]:
    return {finding.artifact: finding for finding in checked(folder)[0].findings}


def rewrite(receipt: Path, **said: Any) -> None:
    """Say something else in a receipt, without a seal."""
    content = {**json.loads(receipt.read_text()), **said}
    receipt.write_text(json.dumps({key: value for key, value in content.items() if key != "seal"}))


def remake_records(folder: Folder, data: bytes) -> None:
    """Make the records again with another content, as a job does it."""
    evals = [f"{SCALE}/evals/{family}/full/0/natural.json" for family in ("felines", "canines")]
    records = folder.put(RECORDS, data)
    folder.job("collect_records", "lines", {"evals": evals}, {"records": records}, {"experiment": "lines"})


def test_an_untouched_folder_is_closed_and_in_order(folder: Folder) -> None:
    contents, order = checked(folder)
    assert contents.findings == order.findings == []
    assert FIGURES | {RECORDS, "runs/felines/full/0/summary.json"} <= set(contents.examined)


def test_what_was_made_from_another_content_is_stale(folder: Folder) -> None:
    before = sha256((folder.root / RECORDS).read_bytes())
    remake_records(folder, b"family,accuracy\nfelines,0.5\n")
    stale = {path for path, finding in found(folder).items() if finding.verdict is Verdict.STALE}
    assert stale == FIGURES | {"fits/lines.csv"} | {f"papers/qnq/tab-01.{suffix}" for suffix in ("csv", "md", "tex")}
    finding = found(folder)["fits/lines.csv"]
    assert isinstance(finding, Changed)
    assert finding.found == sha256(b"family,accuracy\nfelines,0.5\n")
    assert before[:12] in finding.reason and RECORDS in finding.reason


def test_a_script_that_changed_makes_its_figure_stale(folder: Folder) -> None:
    (folder.checkout / SCRIPT).write_text("changed\n")
    assert {path: finding.verdict for path, finding in found(folder).items()} == dict.fromkeys(FIGURES, Verdict.STALE)


def test_a_script_that_is_not_on_this_machine_is_a_source_by_its_digest(folder: Folder) -> None:
    (folder.checkout / SCRIPT).unlink()
    assert found(folder) == {}


def test_two_generations_of_one_file_meet_in_a_mixed_artifact(folder: Folder) -> None:
    """Figures are drawn from new records and from fits of the old ones."""
    remake_records(folder, b"family,accuracy\nfelines,0.5\n")
    rewrite_input(folder.receipt("draw_figure", "qnq-fig-01"), f"{SCALE}/{RECORDS}", folder.root / RECORDS)
    findings = found(folder)
    assert {path for path, finding in findings.items() if finding.verdict is Verdict.MIXED} == FIGURES
    assert RECORDS in findings["papers/qnq/fig-01.csv"].reason
    assert findings["fits/lines.csv"].verdict is Verdict.STALE


def rewrite_input(receipt: Path, path: str, file: Path) -> None:
    inputs = json.loads(receipt.read_text())["inputs"]
    rewrite(receipt, inputs={**inputs, path: sha256(file.read_bytes())})


def test_files_of_two_runs_of_one_job_make_mixed_artifacts(folder: Folder) -> None:
    receipt = folder.receipt("train_model", "felines-full-0")
    inputs = json.loads(receipt.read_text())["inputs"]
    rewrite(receipt, inputs={**inputs, f"{SCALE}/mixtures/felines/full/index.parquet": "0" * 64})
    mixed = [finding for finding in checked(folder)[0].findings if finding.verdict is Verdict.MIXED]
    assert {finding.artifact for finding in mixed} == {
        "runs/felines/full/0/summary.json",
        "runs/felines/full/0/history.csv",
    }
    assert "receipts/mix_shards/felines-full.json" in mixed[0].reason


def test_an_input_without_a_receipt_is_unverifiable(folder: Folder) -> None:
    folder.receipt("fit_lines", "lines").unlink()
    findings = found(folder)
    assert {path: finding.verdict for path, finding in findings.items()} == dict.fromkeys(FIGURES, Verdict.UNVERIFIABLE)
    assert "fits/lines.csv" in findings["papers/qnq/fig-01.csv"].reason


def test_an_input_without_receipt_and_file_is_missing(folder: Folder) -> None:
    folder.receipt("fit_lines", "lines").unlink()
    (folder.root / "fits/lines.csv").unlink()
    assert found(folder)["fits/lines.csv"].verdict is Verdict.MISSING


def test_an_input_without_a_receipt_that_changed_makes_stale(folder: Folder) -> None:
    folder.receipt("fit_lines", "lines").unlink()
    (folder.root / "fits/lines.csv").write_bytes(b"another")
    assert set(found(folder)) == FIGURES
    assert found(folder)["papers/qnq/fig-01.csv"].verdict is Verdict.STALE


@pytest.mark.parametrize("path", ["/elsewhere/data.tar", "../../elsewhere/data.tar"])
def test_a_path_outside_of_the_checkout_that_is_not_here_is_unverifiable(folder: Folder, path: str) -> None:
    receipt = folder.receipt("make_table", "qnq-tab-01")
    rewrite(receipt, inputs={**json.loads(receipt.read_text())["inputs"], path: "0" * 64})
    findings = found(folder)
    assert {finding.verdict for finding in findings.values()} == {Verdict.UNVERIFIABLE}
    assert "elsewhere/data.tar" in findings["papers/qnq/tab-01.csv"].reason


def test_a_path_outside_of_the_checkout_that_is_here_counts_by_its_digest(folder: Folder, tmp_path: Path) -> None:
    data = tmp_path / "data.tar"
    data.write_bytes(b"images")
    receipt = folder.receipt("make_table", "qnq-tab-01")
    rewrite(receipt, inputs={**json.loads(receipt.read_text())["inputs"], str(data): sha256(b"images")})
    assert found(folder) == {}
    data.write_bytes(b"others")
    assert {finding.verdict for finding in found(folder).values()} == {Verdict.STALE}


def test_jobs_that_need_each_other_are_corrupt(folder: Folder) -> None:
    receipt = folder.receipt("collect_records", "lines")
    fits = {f"{SCALE}/fits/lines.csv": sha256((folder.root / "fits/lines.csv").read_bytes())}
    rewrite(receipt, inputs=fits)
    (finding,) = found(folder).values()
    assert finding.verdict is Verdict.CORRUPT
    assert {finding.artifact, "receipts/fit_lines/lines.json"} <= {
        "receipts/collect_records/lines.json",
        "receipts/fit_lines/lines.json",
    }


def test_a_job_that_began_before_its_inputs_were_made_is_touched(folder: Folder) -> None:
    receipt = folder.receipt("fit_lines", "lines")
    made = datetime.fromisoformat(json.loads(folder.receipt("collect_records", "lines").read_text())["ended"])
    rewrite(receipt, started=(made - timedelta(hours=1)).isoformat())
    (finding,) = checked(folder)[1].findings
    assert (finding.artifact, finding.verdict) == ("fits/lines.csv", Verdict.TOUCHED)
    assert "receipts/collect_records/lines.json" in finding.reason


@pytest.mark.parametrize("said", ["yesterday", 5, None, "2020-01-01T00:00:00"])
def test_times_that_cannot_be_read_are_no_reason_to_break_off(folder: Folder, said: object) -> None:
    rewrite(folder.receipt("fit_lines", "lines"), started=said)
    assert checked(folder)[1].findings == []
