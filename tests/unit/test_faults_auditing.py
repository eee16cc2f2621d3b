"""How the campaign of faults asks the audit, and what it deletes then."""

from pathlib import Path

import pytest

from datalines.audit.verdicts import Verdict
from tests.campaigns.faults.auditing import audit, delete
from tests.unit.results_folder import Folder, build


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A small finished study."""
    return build(tmp_path / "checkout")


def alter(path: Path) -> None:
    """One bit is another."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))


def test_nothing_is_named_where_nothing_is_wrong(folder: Folder) -> None:
    assert audit(folder.root, "integrity", folder.checkout).named() == []


def test_a_file_of_a_manifest_goes_with_the_manifest(folder: Folder) -> None:
    weights = folder.root / "runs/felines/full/0/epoch-001.safetensors"
    alter(weights)
    said = audit(folder.root, "integrity", folder.checkout)
    assert said.named() == ["runs/felines/full/0/epoch-001.safetensors"]
    assert said.verdicts[said.named()[0]] is Verdict.CORRUPT
    assert delete(said, folder.root) == ["runs/felines/full/0/summary.json"]
    assert not weights.exists() and not (weights.parent / "summary.json").exists()
    assert (weights.parent / "history.csv").exists() and (weights.parent / "epoch-002.safetensors").exists()


def test_a_declared_file_goes_alone(folder: Folder) -> None:
    (folder.root / "fits/lines.csv").write_text("")
    said = audit(folder.root, "integrity", folder.checkout)
    assert delete(said, folder.root) == ["fits/lines.csv"]
    assert (folder.root / "records/lines.csv").exists()
    assert "fits/lines.csv: corrupt (" in said.words(["fits/lines.csv"])


def test_a_receipt_goes_with_what_its_job_made(folder: Folder) -> None:
    receipt = folder.receipt("fit_lines", "lines")
    other = folder.receipt("collect_records", "lines").read_bytes()
    receipt.write_bytes(receipt.read_bytes()[:-40])
    said = audit(folder.root, "integrity", folder.checkout)
    assert said.names("receipts/fit_lines/lines.json")
    delete(said, folder.root)
    assert not receipt.exists() and not (folder.root / "fits/lines.csv").exists()
    assert folder.receipt("collect_records", "lines").read_bytes() == other


def test_a_new_time_alone_asks_for_nothing(folder: Folder) -> None:
    (folder.root / "fits/lines.csv").touch()
    said = audit(folder.root, "integrity", folder.checkout)
    assert said.verdicts["fits/lines.csv"] is Verdict.TOUCHED and said.named() == []
