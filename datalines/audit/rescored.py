"""Some models on some images once more, on the CPU: do the stored weights and images give the stored logits?"""

import dataclasses
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from datalines import shifts
from datalines.accuracy import compact, predict
from datalines.artifacts import Vouched, vouched
from datalines.audit.replay import damaged
from datalines.audit.results import Results
from datalines.audit.verdicts import Check, Verdict
from datalines.errors import DatalinesError
from datalines.evaluation import logits
from datalines.files import read_json
from datalines.records import Evaluation, read
from datalines.training import numerics
from datalines.training.weights import load_weights

LOGITS = 1e-3
"""Tolerance of a logit, as a share of it, or as a difference below 1: other machines add up in another order."""
FLIPS = 0.002
"""Share of the images whose predicted class may be another one, rounded up: those between two classes."""


class RescoringError(DatalinesError):
    """Something that is needed to evaluate a model again is not there, or not the same."""


@dataclass(frozen=True)
class Model:
    """The weights of one epoch behind an evaluation, the file of that in the results, and where the results are."""

    results: Results
    path: str
    evaluation: Evaluation
    epoch: int
    entry: dict[str, Any]
    """Of its weights file, in the evaluation."""

    @property
    def weights(self) -> Vouched:
        """The weights file, as the evaluation names it. Its place follows from that of the evaluation."""
        run = Path("runs", *Path(self.path).parts[1:-1])
        return Vouched(self.results.root / run / Path(self.entry["path"]).name, self.entry["sha256"], None, None)

    @property
    def sets(self) -> list[str]:
        """The evaluation sets."""
        return list(self.evaluation.content["sets"])

    def manifest(self, shift: str) -> Path:
        """The manifest of an evaluation set, which must be the one that was evaluated on, with its images."""
        path = self.results.root / "shifts" / shift / "manifest.json"
        if not path.is_file():
            raise RescoringError(f"shifts/{shift}/manifest.json is missing")
        content = shifts.load(path).manifest
        said = self.evaluation.content["sets"][shift]["id_set_sha256"]
        if content["id_set_sha256"] != said:
            raise RescoringError(f"shifts/{shift} holds other images than the model was evaluated on")
        bad = damaged(held(path))
        if bad:
            raise RescoringError(bad)
        return path


def held(manifest: Path) -> list[Vouched]:
    """The images of an evaluation set and their index. An adversarial set also names weights, which are a run's."""
    content = read_json(manifest)
    return vouched(manifest, [content["images"], content["index"]])


def rescored(results: Results, seed: int, models: int, images: int) -> Check:
    """`models` weights files, drawn by `seed`, on `images` images of every evaluation set that they were evaluated
    on."""
    check = Check(
        "rescored",
        "sample",
        "Weights and images that were drawn by chance give the logits and the classes that are stored.",
    )
    found = candidates(results, check)
    if not found and not check.findings:
        check.not_run = "the results hold no predictions"
    chance = random.Random(f"{seed}/rescored")
    for model in sorted(chance.sample(found, min(models, len(found))), key=lambda model: (model.path, model.epoch)):
        _rescore(check, model, images, chance)
    return check


def candidates(results: Results, check: Check) -> list[Model]:
    """Every epoch of every evaluation that can be read."""
    found = []
    paths = [path for path, made in results.artifacts.items() if made.kind == "predictions" and path.endswith(".json")]
    for path in sorted(paths):
        try:
            evaluation = read(results.file(path))
            own = [Model(results, path, evaluation, int(kept["epoch"]), kept) for kept in evaluation.content["weights"]]
            found += [model for model in own if model.sets]
        except (OSError, ValueError, KeyError, TypeError) as error:
            check.add(path, Verdict.UNVERIFIABLE, f"cannot be read: {type(error).__name__}: {error}")
    return found


def _rescore(check: Check, model: Model, images: int, chance: random.Random) -> None:
    for shift in model.sets:
        at = f"{model.path.removesuffix('.json')}.safetensors#{model.epoch:03d}/{shift}"
        try:
            check.add(at, *_judged(model, shift, images, chance))
        except DatalinesError as error:
            check.add(at, Verdict.UNVERIFIABLE, f"could not be evaluated again: {error}")
        except Exception as error:  # whatever was done to the files, the others are still looked at
            check.add(at, Verdict.UNVERIFIABLE, f"could not be evaluated again: {type(error).__name__}: {error}")


def _judged(model: Model, shift: str, images: int, chance: random.Random) -> tuple[Verdict, str]:
    """The verdict on one model and one evaluation set."""
    bad = damaged([model.weights])
    if bad:
        raise RescoringError(bad)
    whole = shifts.load(model.manifest(shift))
    rows = sorted(chance.sample(range(len(whole.index)), min(images, len(whole.index))))
    new = evaluate(model.weights.path, dataclasses.replace(whole, index=whole.index.iloc[rows].reset_index(drop=True)))
    stored = compact(model.evaluation.logits()[f"{model.epoch:03d}/{shift}"], whole.allowed)
    if len(stored) != len(whole.index):
        return Verdict.DRIFTED, f"logits of {len(stored)} images are stored, of {len(whole.index)} in the set"
    return compared(stored[rows], new, whole.allowed)


def evaluate(weights: Path, shift: shifts.EvaluationSet) -> np.ndarray:
    """Logits of a model on a set, on the CPU as at first."""
    where = torch.device("cpu")
    objective, spec = load_weights(weights, where)
    numerics.prepare({**spec, "determinism": "deterministic", "precision": "fp32"}, where)
    (values,) = logits([objective], shift, where, 1)
    return values


def compared(stored: np.ndarray, new: np.ndarray, allowed: np.ndarray) -> tuple[Verdict, str]:
    """The verdict on stored logits and those that were computed again, both (n, allowed classes)."""
    count = len(stored)
    if not count or np.array_equal(stored, new):
        return Verdict.IDENTICAL, ""
    apart = float((np.abs(stored - new) / np.maximum(1.0, np.abs(stored))).max())
    flips, most = int((predict(stored, allowed) != predict(new, allowed)).sum()), math.ceil(FLIPS * count)
    reason = (
        f"of {count} images {flips} get another class (allowed: {most}), logits differ by at most {apart:.1e} "
        f"(allowed: {LOGITS:.0e})"
    )
    within = apart <= LOGITS and flips <= most
    return (Verdict.EQUIVALENT if within else Verdict.DRIFTED), reason
