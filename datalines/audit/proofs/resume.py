"""Resume proof: whoever trained, and however often training was stopped, every step was taken once."""

import csv
import math
from typing import Any

from datalines.audit.proofs.models import carried
from datalines.audit.proofs.study import SUMMARIES, LackingError, Part, Problems, Study, differing, proof, shown
from datalines.audit.verdicts import Check
from datalines.training.schedule import learning_rate, plan

COLUMNS = ["step", "epoch", "samples_seen", "lr", "loss"]
CLOSE = 1e-12  # relative; rates are written with all their digits


def check(study: Study) -> Check:
    """Every run."""
    return proof(
        study,
        "resume-proof",
        "The segments of every run cover its steps once, from the first to the last, and so does its history.",
        "the folder holds no trained runs",
        Part(study.paths(*SUMMARIES), _problems, lambda study, path: _told(_segments(study, path))),
    )


def _problems(study: Study, path: str) -> Problems:
    summary = study.json(path)
    due = plan(summary["recipe"], int(summary["seed"]), int(summary["samples"]))
    yield from differing(summary["steps"], due.steps, "the number of steps")
    yield from differing(summary["samples_seen"], due.steps * summary["recipe"]["batch"], "samples_seen")
    yield from _kept(study, path, summary, due.steps_per_epoch)
    yield from _history(study, path, summary, due.steps_per_epoch)
    yield from _chain(_segments(study, path), due.steps)


def _kept(study: Study, path: str, summary: dict[str, Any], in_epoch: int) -> Problems:
    """Weights are those of the declared epochs, and say how many samples they have seen."""
    epochs = [entry["epoch"] for entry in summary["weights"]]
    yield from differing(epochs, summary["recipe"]["keep"], "the list of kept epochs")
    for entry in summary["weights"]:
        file = f"{path.rpartition('/')[0]}/{entry['path']}"
        if not study.results.file(file).is_file():
            continue  # the model-spec proof says so
        said = carried(study, file)
        due = {"epoch": entry["epoch"], "samples_seen": entry["epoch"] * in_epoch * summary["recipe"]["batch"]}
        yield from differing({key: said[key] for key in due}, due, f"what {entry['path']} carries")


def _history(study: Study, path: str, summary: dict[str, Any], in_epoch: int) -> Problems:
    """A row for every step, with the epoch, samples and learning rate that belong to it."""
    recipe, name = summary["recipe"], f"{path.rpartition('/')[0]}/history.csv"
    with study.file(name).open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        if next(reader, []) != COLUMNS:
            yield f"{name} has other columns than {', '.join(COLUMNS)}"
            return
        steps = 0
        for steps, row in enumerate(reader, start=1):
            due = [steps, (steps - 1) // in_epoch + 1, steps * recipe["batch"]]
            if list(map(int, row[:3])) != due:
                yield f"row {steps} of {name} is of step, epoch and samples {', '.join(row[:3])}, not {shown(due)}"
                return
            rate = learning_rate(steps - 1, summary["steps"], recipe["warmup_steps"], recipe["optimizer"]["lr"])
            if not math.isclose(float(row[3]), rate, rel_tol=CLOSE, abs_tol=0.0):
                yield f"row {steps} of {name} has the learning rate {row[3]}, which the recipe makes {rate!r}"
                return
            if not math.isfinite(float(row[4])):
                yield f"row {steps} of {name} has the loss {row[4]}"
                return
    yield from differing(steps, summary["steps"], f"the number of steps in {name}")


def _segments(study: Study, path: str) -> list[dict[str, Any]]:
    segments = study.receipt(path).said.get("notes", {}).get("segments")
    if segments is None:
        raise LackingError("the receipt does not tell who trained which steps; train it again to have that proved")
    return list(segments)


def _chain(segments: list[dict[str, Any]], steps: int) -> Problems:
    """Each segment begins where the one before it was saved; one that was killed before it saved has no steps."""
    done = 0
    for place, segment in enumerate(segments, start=1):
        if segment["first"] > done + 1:
            yield f"no segment took the steps {done + 1} to {segment['first'] - 1}"
        elif segment["first"] <= done:
            yield f"the steps {segment['first']} to {done} were taken twice, again by segment {place}"
        if segment["last"] < segment["first"] - 1:
            yield f"segment {place} goes from step {segment['first']} back to {segment['last']}"
        done = max(done, segment["last"])
    if done < steps:
        yield f"no segment took the steps {done + 1} to {steps}"
    elif done > steps:
        yield f"the last segment ends with step {done}, but the run has {steps}"


def _told(segments: list[dict[str, Any]]) -> str:
    parts = []
    for segment in segments:
        job = f", Slurm job {segment['slurm']['job']}" if segment["slurm"] else ""
        ranks = f" in {segment['ranks']} processes" if segment["ranks"] > 1 else ""
        parts.append(f"{segment['first']}-{segment['last']} on {segment['host']} ({segment['device']}{job}){ranks}")
    word = "one segment" if len(parts) == 1 else f"{len(parts)} segments"
    return f"{word}: steps {', '.join(parts)}"
