"""Accuracies, their intervals and the mean over classes, measured again from the stored logits of every run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from datalines import shifts
from datalines.accuracy import measure
from datalines.audit.cells import near
from datalines.audit.results import Results
from datalines.audit.verdicts import Check, Finding, Verdict
from datalines.records import Evaluation, StoredLogits, read

RULE = "evaluate_run"
INTERVALS = 1e-9
"""Tolerance of everything but counts: bounds come from a special function, which libraries compute in several ways."""
NAMED = 20


def accuracies(results: Results) -> Check:
    """Every measure that an evaluation states, from the logits beside it and the labels of the evaluation set."""
    check = Check(
        "accuracies",
        "recompute",
        "Every accuracy that is stated of a model follows from the logits that are stored for it.",
    )
    paths = sorted(
        path for path, made in results.artifacts.items() if made.kind == "predictions" and path.endswith(".json")
    )
    if not paths:
        check.not_run = "the results hold no predictions"
    for path in paths:
        _judge(check, results, path)
    return check


def _judge(check: Check, results: Results, path: str) -> None:
    file = results.file(path)
    lacking = [part.name for part in (file, file.with_suffix(".safetensors")) if not part.is_file()]
    if lacking:
        check.add(path, Verdict.UNVERIFIABLE, f"{' and '.join(lacking)} is not there to be measured from")
        return
    try:
        apart = list(_differences(results, read(file)))
    except Exception as error:  # whatever was done to the file, the others are still looked at
        check.add(path, Verdict.CORRUPT, f"cannot be measured again: {type(error).__name__}: {error}")
        return
    verdict = Verdict.DRIFTED if any(text for _, text in apart) else Verdict.EQUIVALENT if apart else Verdict.IDENTICAL
    bad = [(place, text) for place, text in apart if text]
    reason = f"{len(bad)} values are others than those that follow from the stored logits"
    check.add(path, verdict, reason if bad else f"{len(apart)} values differ by at most {INTERVALS:.0e} of themselves")
    check.findings += [Finding(f"{path}#{place}", Verdict.DRIFTED, text) for place, text in bad[:NAMED]]


def _differences(results: Results, evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """(place, what differs), with nothing said of what differs within the tolerance."""
    logits = evaluation.logits()
    for name in {row["shift"]: None for row in evaluation.content["measures"]}:
        yield from _labels(results, name, logits)
    for row in evaluation.content["measures"]:
        at = f"{row['epoch']},{row['shift']}"
        name = f"{row['epoch']:03d}/{row['shift']}"
        if name not in logits:
            yield at, f"no logits are stored as {name}"
            continue
        allowed = logits[f"allowed/{row['shift']}"].astype(bool)
        for key, wanted in measure(logits[name], logits[f"labels/{row['shift']}"], allowed).items():
            yield from _value(f"{at}/{key}", row.get(key), wanted)


def _value(place: str, said: Any, found: Any) -> Iterator[tuple[str, str]]:
    if said == found:
        return
    close = near(json.dumps(said), json.dumps(found), INTERVALS)
    yield place, "" if close else f"{json.dumps(said)} stated, {json.dumps(found)} measured"


def _labels(results: Results, name: str, logits: StoredLogits) -> Iterator[tuple[str, str]]:
    """Labels and allowed classes beside the logits must be those of the evaluation set, where that is there."""
    manifest = results.root / "shifts" / name / "manifest.json"
    if not manifest.is_file() or not manifest.with_name("index.parquet").is_file():
        return
    shift = shifts.load(Path(manifest))
    for kind, wanted in (("labels", shift.labels), ("allowed", shift.allowed.astype(np.uint8))):
        if not np.array_equal(logits[f"{kind}/{name}"], wanted):
            yield f"{kind}/{name}", "is not that of the evaluation set"
