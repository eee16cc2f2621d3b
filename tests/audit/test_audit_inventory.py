"""Level inventory: files against receipts, without reading more than manifests."""

import json
import os
import shutil
from pathlib import Path

import pytest

from datalines.audit import inventory
from datalines.audit.results import read_results
from datalines.audit.sealing import sealed
from datalines.audit.verdicts import Finding, Verdict
from tests.unit.results_folder import Folder

FIGURE = "papers/qnq/fig-01.csv"
WEIGHTS = "runs/felines/full/0/epoch-001.safetensors"
TAR = "mixtures/canines/full/00001.tar"


def findings(folder: Folder) -> dict[str, Finding]:
    """What the level finds, by artifact; each artifact at most once."""
    found = [finding for check in inventory.checks(read_results(folder.root)) for finding in check.findings]
    assert len({finding.artifact for finding in found}) == len(found)
    return {finding.artifact: finding for finding in found}


def verdicts(folder: Folder) -> dict[str, Verdict]:
    return {path: finding.verdict for path, finding in findings(folder).items()}


def test_an_untouched_folder_has_no_findings_and_every_file_is_examined(folder: Folder) -> None:
    assert verdicts(folder) == {}
    present, receipts, *_ = inventory.checks(read_results(folder.root))
    assert {FIGURE, WEIGHTS, TAR, "pools/cats/0.tar"} <= set(present.examined)
    assert len(receipts.examined) == len(list((folder.root / "receipts").rglob("*.json")))


@pytest.mark.parametrize("path", [FIGURE, WEIGHTS, TAR, "records/lines.csv"])
def test_a_deleted_file_is_missing(folder: Folder, path: str) -> None:
    (folder.root / path).unlink()
    assert verdicts(folder) == {path: Verdict.MISSING}


@pytest.mark.parametrize("path", [FIGURE, WEIGHTS, "pools/cats/0.tar"])
def test_a_file_of_another_size_is_corrupt_and_both_sizes_are_told(folder: Folder, path: str) -> None:
    before = (folder.root / path).stat().st_size
    (folder.root / path).write_bytes(b"short")
    found = findings(folder)
    assert found[path].verdict is Verdict.CORRUPT
    assert "5 bytes" in found[path].reason and f"{before:,}" in found[path].reason


def test_a_file_with_another_time_than_those_made_with_it_is_touched(folder: Folder) -> None:
    later = (folder.root / FIGURE).stat().st_mtime + 5
    os.utime(folder.root / FIGURE, (later, later))
    assert verdicts(folder) == {FIGURE: Verdict.TOUCHED}


@pytest.mark.parametrize("seconds", [-60, 7200])
def test_a_file_with_a_time_before_or_long_after_its_job_is_touched(folder: Folder, seconds: int) -> None:
    time = (folder.root / "fits/lines.csv").stat().st_mtime + seconds
    os.utime(folder.root / "fits/lines.csv", (time, time))
    assert verdicts(folder) == {"fits/lines.csv": Verdict.TOUCHED}


def test_a_file_that_only_a_manifest_names_is_touched_if_it_is_younger_than_the_manifest(folder: Folder) -> None:
    os.utime(folder.root / WEIGHTS, (folder.now, folder.now))
    found = findings(folder)
    assert found[WEIGHTS].verdict is Verdict.TOUCHED
    assert "runs/felines/full/0/summary.json" in found[WEIGHTS].reason


def test_times_that_an_archive_cut_to_seconds_are_the_same(folder: Folder) -> None:
    for path in folder.root.rglob("*"):
        time = int(path.stat().st_mtime)
        os.utime(path, (time, time))
    assert verdicts(folder) == {}


def test_a_folder_copied_without_its_times_is_told_once(folder: Folder, tmp_path: Path) -> None:
    copy = shutil.copytree(folder.root, tmp_path / "copy", copy_function=shutil.copyfile)
    found = [finding for check in inventory.checks(read_results(copy)) for finding in check.findings]
    assert [(finding.artifact, finding.verdict) for finding in found] == [(".", Verdict.TOUCHED)]


def test_a_file_that_nothing_names_is_an_orphan(folder: Folder) -> None:
    folder.put("papers/qnq/fig-99.csv", b"1")
    folder.put("mixtures/felines/full/99999.tar", b"1")
    assert verdicts(folder) == {
        "papers/qnq/fig-99.csv": Verdict.ORPHAN,
        "mixtures/felines/full/99999.tar": Verdict.ORPHAN,
    }


@pytest.mark.parametrize(
    "path",
    [
        ".x.csv.12.tmp",
        "papers/qnq/.fig-01.csv.77.tmp",
        "accepted.json",
        "audit/audit.json",
        "report/.pages.7.old.tmp/a.html",
    ],
)
def test_files_that_no_receipt_needs_to_name_are_no_orphans(folder: Folder, path: str) -> None:
    folder.put(path, b"1")
    assert verdicts(folder) == {}


@pytest.mark.parametrize(
    "path", ["papers/x.tmp", "papers/.hidden", "shards/.shards.jsonl", "evals/accepted.json", "report/pages/a.html"]
)
def test_files_that_only_look_alike_are_orphans(folder: Folder, path: str) -> None:
    folder.put(path, b"1")
    assert verdicts(folder) == {path: Verdict.ORPHAN}


def test_a_lost_receipt_leaves_orphans_and_is_named_by_its_log(folder: Folder) -> None:
    folder.receipt("collect_records", "lines").unlink()
    found = findings(folder)
    assert found["records/lines.csv"].verdict is Verdict.ORPHAN
    assert "receipts/draw_figure/qnq-fig-01.json" in found["records/lines.csv"].reason
    assert found["receipts/collect_records/lines.json"].verdict is Verdict.UNVERIFIABLE


def test_tables_and_figures_whose_chain_breaks_are_unverifiable(folder: Folder) -> None:
    folder.receipt("write_shards", "cats-web").unlink()
    *_, sources = inventory.checks(read_results(folder.root))
    assert {finding.artifact for finding in sources.findings} == set(sources.examined)
    assert "shards/cats/web/index.parquet" in sources.findings[0].reason


def test_a_receipt_that_cannot_be_read_is_corrupt(folder: Folder) -> None:
    receipt = folder.receipt("make_table", "qnq-tab-01")
    receipt.write_bytes(receipt.read_bytes()[:100])
    found = verdicts(folder)
    assert found["receipts/make_table/qnq-tab-01.json"] is Verdict.CORRUPT
    assert found["papers/qnq/tab-01.csv"] is Verdict.ORPHAN


def test_receipts_of_two_runs_that_were_swapped_are_both_corrupt(folder: Folder) -> None:
    first, second = (folder.receipt("train_model", f"{family}-full-0") for family in ("felines", "canines"))
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    assert verdicts(folder) == {
        "receipts/train_model/felines-full-0.json": Verdict.CORRUPT,
        "receipts/train_model/canines-full-0.json": Verdict.CORRUPT,
    }


def test_a_receipt_that_lacks_what_its_form_has_is_corrupt(folder: Folder) -> None:
    receipt = folder.receipt("make_table", "qnq-tab-01")
    said = json.loads(receipt.read_text())
    del said["environment"]
    receipt.write_text(json.dumps(said))
    found = findings(folder)["receipts/make_table/qnq-tab-01.json"]
    assert found.verdict is Verdict.CORRUPT and "environment" in found.reason


def test_a_sealed_receipt_that_says_anything_else_is_corrupt(folder: Folder) -> None:
    receipt = folder.receipt("make_table", "qnq-tab-01")
    said = sealed({**json.loads(receipt.read_text()), "params": {"sizes": {10: "a", 9: "ü"}}})
    receipt.write_text(json.dumps(said, ensure_ascii=False))
    assert verdicts(folder) == {}
    for key, value in {"host": "another", "seconds": 0.5, "params": {}, "seal": "0" * 64}.items():
        receipt.write_text(json.dumps({**said, key: value}))
        assert verdicts(folder) == {"receipts/make_table/qnq-tab-01.json": Verdict.CORRUPT}


def test_a_receipt_of_a_later_form_is_unverifiable(folder: Folder) -> None:
    receipt = folder.receipt("make_table", "qnq-tab-01")
    said = {**json.loads(receipt.read_text()), "schema": 99}
    receipt.write_text(json.dumps(said))
    assert verdicts(folder) == {"receipts/make_table/qnq-tab-01.json": Verdict.UNVERIFIABLE}


def test_files_of_a_manifest_that_was_altered_are_unverifiable_and_the_manifest_corrupt(folder: Folder) -> None:
    manifest = folder.root / "mixtures/felines/full/manifest.json"
    said = manifest.read_text()
    os.utime(manifest, (folder.now, folder.now))
    manifest.write_text(said.replace('"samples": 2', '"samples": 3', 1))
    found = verdicts(folder)
    assert found.pop("mixtures/felines/full/manifest.json") is Verdict.CORRUPT
    assert set(found) == {f"mixtures/felines/full/0000{number}.tar" for number in range(3)}
    assert set(found.values()) == {Verdict.UNVERIFIABLE}


def test_a_truncated_manifest_leaves_its_files_unverifiable_not_orphans(folder: Folder) -> None:
    manifest = folder.root / "runs/felines/full/0/summary.json"
    manifest.write_bytes(manifest.read_bytes()[:50])
    results = read_results(folder.root)
    found = {f.artifact: f.verdict for check in inventory.checks(results) for f in check.findings}
    assert found["runs/felines/full/0/summary.json"] is Verdict.CORRUPT
    assert found[WEIGHTS] is Verdict.UNVERIFIABLE


def test_a_file_that_two_receipts_claim_is_mixed_and_both_are_named(folder: Folder) -> None:
    receipt = folder.receipt("fit_lines", "lines")
    other = folder.root / "receipts" / "measure_robustness" / "lines.json"
    other.parent.mkdir()
    said = {**json.loads(receipt.read_text()), "rule": "measure_robustness"}
    other.write_text(json.dumps({key: value for key, value in said.items() if key != "seal"}))
    found = findings(folder)["fits/lines.csv"]
    assert found.verdict is Verdict.MIXED
    assert "receipts/fit_lines/lines.json" in found.reason and "measure_robustness" in found.reason


def test_bulk_of_a_kind_that_was_left_out_whole_is_evicted(folder: Folder) -> None:
    tars = sorted(path.relative_to(folder.root).as_posix() for path in folder.root.glob("mixtures/*/*/*.tar"))
    weights = sorted(path.relative_to(folder.root).as_posix() for path in folder.root.glob("runs/**/*.safetensors"))
    for path in [*tars, *weights]:
        (folder.root / path).unlink()
    assert verdicts(folder) == dict.fromkeys([*tars, *weights], Verdict.EVICTED)


def test_bulk_that_cannot_be_made_again_is_missing(folder: Folder) -> None:
    for path in folder.root.glob("mixtures/*/*/*.tar"):
        path.unlink()
    folder.receipt("write_shards", "dogs-web").unlink()
    found = verdicts(folder)
    assert found["mixtures/canines/full/00000.tar"] is Verdict.MISSING
    assert found["mixtures/felines/full/00000.tar"] is Verdict.EVICTED


def test_bulk_that_came_from_other_hosts_is_missing(folder: Folder) -> None:
    for pool in ("cats", "dogs"):
        receipt = folder.receipt("download_pool", f"{pool}-0")
        said = {**json.loads(receipt.read_text()), "rule": "fetch_pool"}
        other = folder.root / "receipts" / "fetch_pool" / f"{pool}-0.json"
        other.parent.mkdir(exist_ok=True)
        other.write_text(json.dumps({key: value for key, value in said.items() if key != "seal"}))
        receipt.unlink()
        (folder.root / f"pools/{pool}/0.tar").unlink()
    assert verdicts(folder) == {f"pools/{pool}/0.tar": Verdict.MISSING for pool in ("cats", "dogs")}


def test_what_is_no_plain_file_is_corrupt_and_never_opened(folder: Folder) -> None:
    (folder.root / FIGURE).unlink()
    os.mkfifo(folder.root / FIGURE)
    assert findings(folder)[FIGURE].verdict is Verdict.CORRUPT


def test_a_kept_digest_of_a_large_file_that_differs_from_its_receipt_is_corrupt(folder: Folder) -> None:
    entry = read_results(folder.root).artifacts["pools/cats/0.tar"]
    kept = {"bytes": entry.bytes, "mtime_ns": entry.mtime_ns, "sha256": "0" * 64}
    folder.put("receipts/large/pools/cats/0.tar.json", json.dumps(kept).encode())
    assert verdicts(folder) == {"receipts/large/pools/cats/0.tar.json": Verdict.CORRUPT}
