"""Level recompute: accuracies from logits, and records, fits and figures again, on results that were tampered with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from datalines.audit.accuracies import accuracies
from datalines.audit.recompute import checks, same_packages
from datalines.audit.results import Receipt, read_results
from datalines.audit.verdicts import Verdict
from datalines.files import sha256_file
from tests.unit.replayed_study import ROOT, Replayed, copied, found, pool, records, snapshot, train

EVALUATION, RECORDS, FITS = "evals/photos/full/0/natural.json", "records/toy.csv", "fits/toy.csv"
FIGURE = "papers/toy/fig-02"
HERE = {"installed": "all of this", "locks": {"demo": "a lock"}, "versions": {"python": "3.11.7"}}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """One run, its records, fits and a figure."""
    made = Replayed(tmp_path_factory.mktemp("study"))
    pool(made)
    train(made)
    records(made)
    return made


@pytest.fixture
def root(study: Replayed, tmp_path: Path) -> Path:
    """A copy of the results elsewhere."""
    return copied(study, tmp_path / "elsewhere")


def forge(root: Path, rule: str, path: str) -> None:
    """Make a receipt tell of a file as it is now, as somebody would who hides a change."""
    (receipt,) = (root / "receipts" / rule).glob("*.json")
    said = json.loads(receipt.read_text())
    said["outputs"][f"results/tiny/{path}"]["sha256"] = sha256_file(root / path)
    receipt.write_text(json.dumps(said))


def replace(path: Path, edit: Callable[[str], str]) -> None:
    """Edit a text."""
    new = edit(path.read_text())
    assert new != path.read_text()
    path.write_text(new)


def test_untouched_results_come_out_again_and_are_only_read(root: Path) -> None:
    before = snapshot(root)
    given = checks(read_results(root), ROOT, 0)
    assert found(*given) == {}
    assert snapshot(root) == before
    examined = {check.name: check.examined for check in given}
    assert examined["recomputed-records"] == [RECORDS]
    assert examined["recomputed-fits"] == [FITS]
    assert examined["recomputed-figures"] == [f"{FIGURE}.{ending}" for ending in ("csv", "md", "pdf", "png", "svg")]
    assert examined["accuracies"] == [EVALUATION]
    not_run = {check.name for check in given if check.not_run}
    unmade = ("theory", "claims", "tables", "report")
    assert not_run == {f"recomputed-{name}" for name in unmade}


def test_tampered_cells_and_pictures_are_named(root: Path) -> None:
    header, first, *rest = (root / RECORDS).read_text().splitlines()
    place = header.split(",").index("correct")
    cells = first.split(",")
    cells[place] = str(int(cells[place]) + 1)
    (root / RECORDS).write_text("\n".join([header, ",".join(cells), *rest]) + "\n")
    for path in (f"{FIGURE}.png", f"{FIGURE}.md"):
        (root / path).write_bytes((root / path).read_bytes() + b"\n.")
    forge(root, "draw_figure", f"{FIGURE}.md")
    given = found(*checks(read_results(root), ROOT, 0))
    verdict, reason = given[RECORDS]
    assert verdict is Verdict.DRIFTED
    assert reason.startswith("1 of ")
    assert "the file was changed since" in reason
    (cell,) = (artifact for artifact in given if artifact.startswith(f"{RECORDS}#"))
    assert cell.endswith("/correct")
    for path in (FITS, f"{FIGURE}.png", f"{FIGURE}.md"):
        assert given[path][0] is Verdict.UNVERIFIABLE
        assert "records/toy.csv is altered" in given[path][1]


def test_forged_outputs_are_drifted_even_where_their_receipt_agrees(root: Path) -> None:
    replace(root / FITS, lambda text: text.replace("0.", "0.1", 1))
    forge(root, "fit_lines", FITS)
    shutil.copy(root / f"{FIGURE}.png", root / "other.png")
    (root / f"{FIGURE}.png").write_bytes((root / "other.png").read_bytes() + b"more")
    given = found(*checks(read_results(root), ROOT, 0))
    assert given[FITS][0] is Verdict.DRIFTED
    assert any(artifact.startswith(f"{FITS}#") for artifact in given)
    assert given[f"{FIGURE}.png"][0] is Verdict.UNVERIFIABLE


def test_a_picture_is_judged_by_its_points_and_by_where_it_was_drawn(root: Path) -> None:
    (root / f"{FIGURE}.png").write_bytes((root / f"{FIGURE}.png").read_bytes() + b"more")
    forge(root, "draw_figure", f"{FIGURE}.png")
    (receipt,) = (root / "receipts" / "draw_figure").glob("*.json")
    given = found(*checks(read_results(root), ROOT, 0))
    assert given == {
        f"{FIGURE}.png": (Verdict.DRIFTED, "is another picture than that of the points in the csv beside it")
    }
    said = json.loads(receipt.read_text())
    receipt.write_text(json.dumps({**said, "environment": {**said["environment"], "installed": "other", "locks": {}}}))
    verdict, reason = found(*checks(read_results(root), ROOT, 0))[f"{FIGURE}.png"]
    assert (verdict, "drawn otherwise" in reason) == (Verdict.EQUIVALENT, True)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"host": "elsewhere"}, True),
        ({"environment": {**HERE, "installed": "with more"}}, True),
        ({"environment": {**HERE, "locks": {"demo": "another"}}}, True),
        ({"environment": {**HERE, "installed": "with more", "locks": {"demo": "another"}}}, False),
        ({"environment": {**HERE, "installed": "with more", "versions": {"python": "3.12.1"}}}, False),
        ({"environment": {}}, False),
        ({"machine": "aarch64"}, False),
    ],
)  # fmt: skip
def test_packages_are_the_same_where_the_lock_is_or_all_that_is_installed(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], same: bool
) -> None:
    monkeypatch.setattr("datalines.audit.recompute.environment", lambda: HERE)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    said = {"environment": HERE, "machine": "x86_64", "host": "here", **change}
    assert same_packages(Receipt("receipts/draw.json", "draw_figure", {}, {}, {}, {}, said)) is same


def test_a_last_digit_of_a_fit_is_equivalent_and_a_missing_file_is_missing(root: Path) -> None:
    lines = (root / FITS).read_text().splitlines()
    values = lines[1].split(",")
    place = next(place for place, text in enumerate(values) if "." in text and len(text) > 12)
    values[place] = repr(float(np.nextafter(float(values[place]), 2.0)))
    (root / FITS).write_text("\n".join([lines[0], ",".join(values), *lines[2:]]) + "\n")
    (root / f"{FIGURE}.csv").unlink()
    given = found(*checks(read_results(root), ROOT, 0))
    assert given[FITS][0] is Verdict.EQUIVALENT
    assert "allowed: 1e-09" in given[FITS][1]


def logits_of(root: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """The file of logits, and what is in it."""
    path = (root / EVALUATION).with_suffix(".safetensors")
    return path, load_file(path)


def test_an_accuracy_that_was_edited_is_named(root: Path) -> None:
    said = json.loads((root / EVALUATION).read_text())
    said["measures"][0]["correct"] += 1
    said["measures"][1]["top1_low"] += 1e-13
    (root / EVALUATION).write_text(json.dumps(said))
    given = found(accuracies(read_results(root)))
    assert given[EVALUATION] == (Verdict.DRIFTED, "1 values are others than those that follow from the stored logits")
    assert given[f"{EVALUATION}#1,reference/correct"][1].endswith("measured")


def test_a_bound_in_other_last_digits_is_equivalent(root: Path) -> None:
    said = json.loads((root / EVALUATION).read_text())
    said["measures"][1]["top1_low"] += 1e-13
    (root / EVALUATION).write_text(json.dumps(said))
    assert found(accuracies(read_results(root)))[EVALUATION][0] is Verdict.EQUIVALENT


def test_logits_and_labels_that_were_edited_are_named(root: Path) -> None:
    path, arrays = logits_of(root)
    labels = arrays["labels/sketch"].copy()
    labels[0] = (labels[0] + 1) % 3
    save_file({**arrays, "labels/sketch": labels}, path)
    given = found(accuracies(read_results(root)))
    assert given[f"{EVALUATION}#labels/sketch"][0] is Verdict.DRIFTED
    save_file({key: value for key, value in arrays.items() if key != "002/sketch"}, path)
    assert f"{EVALUATION}#2,sketch" in found(accuracies(read_results(root)))
    perfect = np.eye(3, dtype=np.float32)[arrays["labels/reference"]]
    save_file({**arrays, "001/reference": perfect}, path)
    assert found(accuracies(read_results(root)))[EVALUATION][0] is Verdict.DRIFTED


def test_logits_that_are_gone_or_broken(root: Path) -> None:
    path, _ = logits_of(root)
    path.write_bytes(path.read_bytes()[:100])
    assert found(accuracies(read_results(root)))[EVALUATION][0] is Verdict.CORRUPT
    path.unlink()
    assert found(accuracies(read_results(root)))[EVALUATION][0] is Verdict.UNVERIFIABLE
