"""Completeness of the grid, comparison with the publication, and all proofs together."""

import shutil

import pandas as pd
import pytest

from datalines.audit.verdicts import Verdict
from datalines.files import write_csv, write_json
from tests.proofs.proof_folder import RECORDS, RUN, SUMMARY, TABLE, Folder


def test_a_sound_study_has_no_findings(folder: Folder) -> None:
    checks = folder.checks()
    assert folder.fits()
    for name, check in checks.items():
        assert check.examined and not check.not_run, name
        assert {finding.verdict for finding in check.findings} <= {Verdict.IDENTICAL}, check.findings


def records(folder: Folder) -> pd.DataFrame:
    return pd.read_csv(folder.root / RECORDS)


def test_a_hole_in_the_records_is_found_and_cells_of_one_seed_are_named(folder: Folder) -> None:
    assert folder.words("grid-completeness") == {RECORDS: "one seed only: red (full)"}
    rows = records(folder)
    gone = (rows["family"] == "both") & (rows["seed"] == 1) & (rows["epoch"] == 3) & (rows["shift"] == "sketch")
    write_csv(folder.root / RECORDS, rows[~gone])
    cell = f"{RECORDS}#both/full/1/3/sketch"
    assert folder.found("grid-completeness") == {cell: (Verdict.MISSING, "declared, but not in the records")}
    assert folder.fits()


def test_an_ensemble_that_is_gone_is_found(folder: Folder) -> None:
    rows = records(folder)
    write_csv(folder.root / RECORDS, rows[(rows["kind"] == "model") | (rows["weight"] != 0.25)])
    expected = {f"{RECORDS}#pair/full/0/3/0.25/{name}" for name in ("reference", "sketch")}
    assert set(folder.found("grid-completeness")) == expected


def test_cells_that_nobody_declared_or_that_come_twice_are_found(folder: Folder) -> None:
    rows = records(folder)
    more = rows[:1].assign(seed=9)
    write_csv(folder.root / RECORDS, pd.concat([rows, more, rows[1:2]]))
    reasons = {reason for _, reason in folder.found("grid-completeness").values()}
    assert reasons == {"in the records, but not declared", "2 rows for one cell"}


def test_a_run_that_was_cut_out_of_the_declaration_is_found(folder: Folder) -> None:
    """A seed that did not please is gone from declaration, inputs and records; its evaluation is left."""
    rows = records(folder)
    write_csv(folder.root / RECORDS, rows[~((rows["family"] == "both") & (rows["seed"] == 1))])
    job = folder.job("collect_records", "sources")
    job["params"]["families"]["both"]["seeds"] = [0]
    inputs = {path: digest for path, digest in job["inputs"].items() if "/both/full/1/" not in path}
    folder.change_job("collect_records", "sources", params=job["params"], inputs=inputs)
    assert folder.found("grid-completeness") == {
        "evals/both/full/1/natural.json": (Verdict.ORPHAN, "the run was evaluated, but no records take it in")
    }


def table(folder: Folder) -> pd.DataFrame:
    return pd.read_csv(folder.root / TABLE, dtype=str, keep_default_na=False)


def test_numbers_of_the_document_are_counted_by_verdict(folder: Folder) -> None:
    expected = "3 numbers of the document: 1 cannot be recomputed here, 1 differs, 1 equal"
    assert folder.words("publication-proof") == {TABLE: expected}
    later = folder.checks(checkout=False)["publication-proof"].findings
    assert later[0].reason == f"{expected}; the document's own list of cells was not at hand"


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        (1, "Verdict", "equal", "called 'equal', but 0.70 and 0.8 are 'differs'"),
        (1, "Reason", "", "say why in column 'reason'"),
        (1, "Difference", "0.01", "the difference is 0.1, not 0.01"),
        (1, "Published", "0.80", "called 'differs', but 0.80 and 0.8 are 'equal'"),
        (2, "Verdict", "equal", "called 'equal'"),
        (0, "Published", "0.51", "published is '0.51', but paper-cells.csv has '0.50'"),
        (0, "Published", "", "the document prints no number"),
    ],
)
def test_a_comparison_that_was_made_up_is_found(folder: Folder, row: int, column: str, value: str, reason: str) -> None:
    rows = table(folder)
    rows.loc[row, column] = value
    write_csv(folder.root / TABLE, rows)
    verdict, text = folder.found("publication-proof")[TABLE]
    assert verdict is Verdict.DRIFTED and reason in text
    assert folder.fits()


def test_a_number_that_was_left_out_is_found(folder: Folder) -> None:
    write_csv(folder.root / TABLE, table(folder).drop(1))
    assert "1 cells of the document are not in the table (Table 1 | dog)" in folder.found("publication-proof")[TABLE][1]


def test_an_empty_folder_says_what_was_not_run(folder: Folder) -> None:
    folder.sign()
    for name in ("runs", "mixtures", "shards", "evals", "shifts", "papers", "records", "receipts"):
        shutil.rmtree(folder.root / name)
    write_json(
        folder.root / "receipts" / "x" / "y.json",
        {"rule": "x", "wildcards": {}, "params": {}, "inputs": {}, "outputs": {}},
    )
    checks = folder.checks_as_signed()
    assert all(check.not_run and not check.examined for check in checks.values())


def test_headers_that_are_none_are_corrupt(folder: Folder) -> None:
    for content in (b"", b"\xff" * 16, b"\x02\0\0\0\0\0\0\0[]"):
        folder.sign()
        (folder.root / RUN / "epoch-001.safetensors").write_bytes(content)
        found = {finding.artifact: finding for finding in folder.checks_as_signed()["model-spec-proof"].findings}
        assert found[SUMMARY].verdict is Verdict.CORRUPT and "epoch-001.safetensors" in found[SUMMARY].reason


def test_nothing_is_written(folder: Folder) -> None:
    folder.sign()
    before = {path: path.stat().st_mtime_ns for path in sorted(folder.checkout.rglob("*"))}
    folder.checks_as_signed()
    assert before == {path: path.stat().st_mtime_ns for path in sorted(folder.checkout.rglob("*"))}
