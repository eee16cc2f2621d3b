"""Folders that somebody made to mislead or to stop an audit: it ends, names what is wrong, and reads nothing else."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from datalines.audit.engine import Options, run
from datalines.audit.sealing import sealed
from datalines.audit.verdicts import Verdict
from tests.unit.results_folder import Folder

RECORDS = "records/lines.csv"
TAR = "mixtures/canines/full/00001.tar"
MANIFEST = "mixtures/canines/full/manifest.json"
WEIGHTS = "runs/felines/full/0/epoch-001.safetensors"
TERABYTE = 10**12


def reasons(folder: Folder, verdict: Verdict) -> dict[str, list[str]]:
    """What an audit of all files up to level closure says with one verdict, by artifact."""
    found: dict[str, list[str]] = {}
    for check in run(folder.root, "closure", Options(full=True, checkout=folder.checkout)).checks:
        for finding in check.findings:
            if finding.verdict is verdict:
                found.setdefault(finding.artifact, []).append(finding.reason)
    return found


def receipt_of(folder: Folder, output: str) -> Path:
    """The receipt that names a file as made."""
    name = f"{folder.scale}/{output}"
    paths = (folder.root / "receipts").rglob("*.json")
    return next(path for path in paths if name in json.loads(path.read_text()).get("outputs", {}))


@pytest.mark.parametrize("path", [RECORDS, TAR, MANIFEST, WEIGHTS])
def test_a_file_without_end_is_not_read(folder: Folder, path: str) -> None:
    with (folder.root / path).open("r+b") as stream:
        stream.truncate(TERABYTE)
    assert any("1,000,000,000,000 bytes" in reason for reason in reasons(folder, Verdict.CORRUPT)[path])


def test_a_receipt_without_end_is_not_read(folder: Folder) -> None:
    receipt = receipt_of(folder, RECORDS)
    with receipt.open("r+b") as stream:
        stream.truncate(TERABYTE)
    (reason,) = reasons(folder, Verdict.CORRUPT)[receipt.relative_to(folder.root).as_posix()]
    assert "more than any receipt or manifest" in reason


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("put", [_pipe, Path.mkdir, _loop])
@pytest.mark.parametrize("path", [RECORDS, MANIFEST, WEIGHTS])
def test_what_stands_in_the_place_of_a_file_is_named_and_not_opened(
    folder: Folder, path: str, put: Callable[[Path], None]
) -> None:
    (folder.root / path).unlink()
    put(folder.root / path)
    assert path in reasons(folder, Verdict.CORRUPT) | reasons(folder, Verdict.MISSING)


@pytest.mark.parametrize("path", ["receipts/train_model/zz.json", "receipts/large/x.json"])
def test_a_pipe_among_the_receipts_is_corrupt(folder: Folder, path: str) -> None:
    (folder.root / path).parent.mkdir(exist_ok=True)
    os.mkfifo(folder.root / path)
    (reason,) = reasons(folder, Verdict.CORRUPT)[path]
    assert "not a plain file" in reason


def test_a_pipe_of_acceptances_is_corrupt(folder: Folder) -> None:
    os.mkfifo(folder.root / "accepted.json")
    assert "accepted.json" in reasons(folder, Verdict.CORRUPT)


def test_a_receipt_that_names_files_elsewhere_as_made_is_corrupt_and_they_are_not_read(folder: Folder) -> None:
    private = folder.checkout / "private.txt"
    private.write_text("nobody's business")
    receipt = receipt_of(folder, RECORDS)
    said = json.loads(receipt.read_text())
    said["outputs"][private.name] = next(iter(said["outputs"].values()))
    receipt.write_text(json.dumps(sealed(said)))
    found = reasons(folder, Verdict.CORRUPT)
    assert not [path for path in found if path.endswith(private.name)]
    (reason,) = found[receipt.relative_to(folder.root).as_posix()]
    assert "../../private.txt, where no job makes anything" in reason


def test_a_manifest_that_names_files_elsewhere_is_corrupt_and_they_are_not_read(folder: Folder) -> None:
    manifest = folder.root / MANIFEST
    said = json.loads(manifest.read_text())
    said["shards"][0]["path"] = "../../../../../private.txt"
    manifest.write_text(json.dumps(said))
    found = reasons(folder, Verdict.CORRUPT)
    assert not [path for path in found if path.endswith("private.txt")]
    assert any("where no job makes anything" in reason for reason in found[MANIFEST])


def test_a_link_to_a_folder_is_an_orphan_unless_artifacts_lie_there(folder: Folder, tmp_path: Path) -> None:
    (folder.root / "fits" / "again").symlink_to("../records")
    elsewhere = tmp_path / "disk"
    shutil.move(folder.root / "pools", elsewhere)
    (folder.root / "pools").symlink_to(elsewhere)
    assert set(reasons(folder, Verdict.ORPHAN)) == {"fits/again"}
    assert reasons(folder, Verdict.MISSING) == {}
