"""What differs between a receipt and a job: parameters by place, inputs by content, acceptances by digest."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datalines.acceptances import Acceptance, record
from datalines.reruns.graph import Step, inside
from datalines.reruns.why import NOT_SET, Cause, Kind, Reader, differences, params_digest

ROOT = Path("results/tiny")
BEFORE = {"spec": {"level": 0.9}, "code": "aaaaaaaaaaaa"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one job's receipt: fits from records."""
    monkeypatch.chdir(tmp_path)
    put("records/a.csv", "1\n")
    put("fits/a.csv", "2\n")
    said = {
        "schema": 2,
        "root": str(ROOT),
        "rule": "fit_lines",
        "wildcards": {"experiment": "a"},
        "params": BEFORE,
        "inputs": {str(ROOT / "records/a.csv"): digest("1\n"), "/data/gone.csv": "d" * 64},
        "outputs": {str(ROOT / "fits/a.csv"): {"kind": "fits", "bytes": 2, "mtime_ns": 1, "sha256": digest("2\n")}},
    }
    put("receipts/fit_lines/a.json", json.dumps(said))
    return tmp_path


def put(path: str, text: str) -> None:
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / path).write_text(text)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def step(**given: Any) -> Step:
    """The job as it is asked for now; by default as it was."""
    whole = {
        "rule": "fit_lines",
        "wildcards": {"experiment": "a"},
        "inputs": (str(ROOT / "records/a.csv"), "/data/gone.csv"),
        "ancient": frozenset(),
        "outputs": (str(ROOT / "fits/a.csv"),),
        "params": BEFORE,
        "receipt": str(ROOT / "receipts/fit_lines/a.json"),
        "needs": (),
        "runs": True,
        "reasons": frozenset(),
        "updated": frozenset(),
        "missing": frozenset(),
        "unfinished": frozenset(),
    }
    return Step(**{**whole, **given})


def causes(**given: Any) -> list[Cause]:
    return Reader(SimpleNamespace(root=ROOT)).causes(step(**given))  # type: ignore[arg-type]


def test_nothing_differs_from_a_receipt_that_agrees(folder: Path) -> None:
    assert causes() == []


def test_a_parameter_is_named_by_its_place(folder: Path) -> None:
    changed = {"spec": {"level": 0.95, "axis": "logit"}, "code": "aaaaaaaaaaaa"}
    assert causes(params=changed) == [
        Cause(Kind.PARAM, "spec.level", 0.9, 0.95),
        Cause(Kind.PARAM, "spec.axis", NOT_SET, "logit"),
    ]


def test_an_input_with_another_content_has_both_digests(folder: Path) -> None:
    put("records/a.csv", "3\n")
    path = str(ROOT / "records/a.csv")
    assert causes() == [Cause(Kind.INPUT, path, digest("1\n"), digest("3\n"))]
    assert causes(ancient=frozenset([path])) == []


def test_inputs_that_come_and_go_are_named(folder: Path) -> None:
    put("records/b.csv", "4\n")
    found = causes(inputs=(str(ROOT / "records/a.csv"), str(ROOT / "records/b.csv")))
    assert [(cause.kind, cause.what) for cause in found] == [
        (Kind.ADDED, "results/tiny/records/b.csv"),
        (Kind.GONE, "/data/gone.csv"),
    ]


def test_a_newer_time_alone_is_told_from_another_content(folder: Path) -> None:
    path = str(ROOT / "records/a.csv")
    assert causes(updated=frozenset([path])) == [Cause(Kind.TIME, path)]


def test_what_is_not_there_was_lost_or_never_made(folder: Path) -> None:
    path = str(ROOT / "fits/a.csv")
    (ROOT / "fits/a.csv").unlink()
    assert causes(missing=frozenset([path])) == [Cause(Kind.MISSING, path)]
    assert causes(missing=frozenset([path]), receipt=str(ROOT / "receipts/fit_lines/b.json")) == [Cause(Kind.NEVER)]


def test_an_interrupted_job_is_told_from_one_that_was_asked_for(folder: Path) -> None:
    path = str(ROOT / "fits/a.csv")
    unfinished = {"unfinished": frozenset([path]), "reasons": frozenset(["forced"])}
    assert causes(**unfinished) == [Cause(Kind.INTERRUPTED, path)]
    assert causes(reasons=frozenset(["forced"])) == [Cause(Kind.ASKED)]


def test_snakemakes_notes_may_differ_where_the_receipt_does_not(folder: Path) -> None:
    assert causes(reasons=frozenset(["params"])) == [Cause(Kind.NOTES, "params")]


@pytest.mark.parametrize(("to", "accepted"), [(True, True), (False, False)])
def test_an_acceptance_holds_for_the_digest_that_it_names(folder: Path, to: bool, accepted: bool) -> None:
    changed = {**BEFORE, "spec": {"level": 0.95}}
    digests = (params_digest(BEFORE), params_digest(changed if to else {**BEFORE, "spec": {"level": 0.99}}))
    record(ROOT, [Acceptance("fits/a.csv", "stale", "rounding", "Ann", "today", *digests)])
    (cause,) = causes(params=changed)
    assert cause.accepted == ("Ann, today: rounding" if accepted else "")


def test_an_acceptance_of_another_file_holds_for_nothing_here(folder: Path) -> None:
    changed = {**BEFORE, "code": "bbbbbbbbbbbb"}
    record(ROOT, [Acceptance("fits/b.csv", "stale", "rounding", "Ann", "today", "aaaaaaaaaaaa", "bbbbbbbbbbbb")])
    (cause,) = causes(params=changed)
    assert cause.kind is Kind.CODE and cause.accepted == ""


def test_differences_tell_types_and_lists_apart() -> None:
    assert list(differences({"a": [1, 2]}, {"a": [1, 3]})) == [("a[1]", 2, 3)]
    assert list(differences({"a": [1]}, {"a": [1, 2]})) == [("a", [1], [1, 2])]
    assert list(differences({"a": 1}, {"a": 1.0})) == [("a", 1, 1.0)]
    assert list(differences({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}})) == []


def test_paths_outside_of_the_results_are_those_of_receipts() -> None:
    assert inside("results/tiny/fits/a.csv", ROOT) == "fits/a.csv"
    assert inside("results/downloads/x", ROOT) == "../downloads/x"
    assert inside("/data/a.tar", ROOT) == "/data/a.tar"
