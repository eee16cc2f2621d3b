"""Level integrity: contents against receipts and manifests."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalines.audit import integrity
from datalines.audit.results import read_results
from datalines.audit.verdicts import Check, Finding, Verdict
from tests.unit.results_folder import Folder

MANIFEST = "mixtures/canines/full/manifest.json"


def checked(folder: Folder, **options: int) -> Check:
    (check,) = integrity.checks(read_results(folder.root), **options)
    return check


def found(folder: Folder) -> dict[str, Finding]:
    return {finding.artifact: finding for finding in checked(folder).findings}


def flip(path: Path, place: int = 10) -> None:
    """Change one bit of a file, and neither its size nor its time; files that are linked with it stay."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.unlink()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def swap(first: Path, second: Path) -> None:
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def test_an_untouched_folder_is_read_whole_without_findings(folder: Folder) -> None:
    check = checked(folder)
    assert check.findings == []
    assert set(check.examined) == set(read_results(folder.root).artifacts)


def test_one_flipped_bit_is_found_in_every_file(folder: Folder) -> None:
    """Manifests are another matter: with them go the digests of their files."""
    artifacts = read_results(folder.root).artifacts
    altered = artifacts.keys() - {artifact.manifest for artifact in artifacts.values()}
    for path in altered:
        flip(folder.root / path)
    assert {path for path, finding in found(folder).items() if finding.verdict is Verdict.CORRUPT} == altered


def test_a_flipped_bit_in_a_manifest_is_found_and_its_files_are_not_judged_by_it(folder: Folder) -> None:
    flip(folder.root / MANIFEST, place=(folder.root / MANIFEST).read_bytes().index(b'"samples"') + 2)
    check = checked(folder)
    assert [(finding.artifact, finding.verdict) for finding in check.findings] == [(MANIFEST, Verdict.CORRUPT)]
    assert "mixtures/canines/full/00000.tar" not in check.examined


@pytest.mark.parametrize(
    "name", ["epoch-001.safetensors", "summary.json", "history.csv"], ids=["weights", "manifest", "history"]
)
def test_files_of_two_runs_that_were_swapped_are_both_corrupt(folder: Folder, name: str) -> None:
    first, second = (f"runs/{family}/full/0/{name}" for family in ("felines", "canines"))
    swap(folder.root / first, folder.root / second)
    assert {path for path, finding in found(folder).items() if finding.verdict is Verdict.CORRUPT} >= {first, second}


def test_a_swap_says_whose_content_it_is(folder: Folder) -> None:
    first, second = (f"evals/{family}/full/0/natural.safetensors" for family in ("felines", "canines"))
    swap(folder.root / first, folder.root / second)
    findings = found(folder)
    assert set(findings) == {first, second}
    assert f"the content of {second}" in findings[first].reason
    assert f"the content of {first}" in findings[second].reason


def test_a_receipt_whose_digest_was_altered_is_named_too(folder: Folder) -> None:
    receipt = folder.receipt("collect_records", "lines")
    said = json.loads(receipt.read_text())
    said["outputs"]["results/tiny/records/lines.csv"]["sha256"] = "0" * 64
    receipt.write_text(json.dumps({key: value for key, value in said.items() if key != "seal"}))
    findings = found(folder)
    assert set(findings) == {"records/lines.csv", "receipts/collect_records/lines.json"}
    assert "receipts/collect_records/lines.json may be what was altered" in findings["records/lines.csv"].reason


def test_a_touched_file_with_the_same_content_is_no_finding_here(folder: Folder) -> None:
    os.utime(folder.root / "fits/lines.csv", (folder.now, folder.now))
    assert found(folder) == {}


def test_what_is_no_plain_file_is_not_opened(folder: Folder) -> None:
    path = folder.root / "fits/lines.csv"
    path.unlink()
    os.mkfifo(path)
    assert found(folder)["fits/lines.csv"].verdict is Verdict.UNVERIFIABLE


@pytest.fixture
def bulky(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """The same folder, where files of 60 bytes count as large: all tars, and some others."""
    monkeypatch.setattr(integrity, "LARGE", 60)
    yield folder


def tars(check: Check) -> set[str]:
    return {path for path in check.examined if path.endswith(".tar")}


def test_of_large_files_a_few_are_drawn_by_the_seed_and_the_check_says_so(bulky: Folder) -> None:
    drawn = [frozenset(checked(bulky, seed=seed).examined) for seed in range(6)]
    assert drawn[0] == frozenset(checked(bulky, seed=0).examined)
    assert len(set(drawn)) > 1
    large = {p for p, a in read_results(bulky.root).artifacts.items() if (a.bytes or 0) >= 60 and p.endswith(".tar")}
    assert all(len(chosen & large) <= 3 for chosen in drawn)
    assert "--full" in checked(bulky).title


def test_all_large_files_are_read_if_asked(bulky: Folder) -> None:
    check = checked(bulky, full=True, jobs=3)
    assert set(check.examined) == set(read_results(bulky.root).artifacts)
    assert "--full" not in check.title


def test_weights_are_always_read(bulky: Folder) -> None:
    weights = {path for path in read_results(bulky.root).artifacts if path.endswith(".safetensors")}
    assert weights <= set(checked(bulky).examined)


def test_large_files_that_were_written_to_are_always_read(bulky: Folder) -> None:
    for number in range(4):
        path = bulky.root / f"shards/cats/web/0000{number}.tar"
        path.unlink()
        path.write_bytes(f"shard {number} of cots".encode() * 40)
    touched = {f"shards/cats/web/0000{number}.tar" for number in range(4)}
    check = checked(bulky)
    assert touched <= tars(check)
    assert touched == {finding.artifact for finding in check.findings}
