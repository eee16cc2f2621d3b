"""Records: one tidy table per experiment, a row for every model or ensemble and shift. A hole in the declared grid is
an error."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import safe_open

from datalines.accuracy import compact, measure
from datalines.errors import CountError
from datalines.files import digest_json, read_json
from datalines.robustness.intervals import clopper_pearson

COLUMNS = [
    "experiment",
    "kind",
    "family",
    "mixture",
    "objective",
    "recipe",
    "size",
    "samples",
    "seed",
    "epoch",
    "samples_seen",
    "weight",
    "shift",
    "classes",
    "n",
    "correct",
    "top1",
    "top1_low",
    "top1_high",
    "mean_per_class",
    "spec",
]


class StoredLogits(Mapping[str, np.ndarray]):
    """The arrays of a .safetensors file, each read when it is asked for: a whole file may be larger than memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with safe_open(path, framework="numpy") as stored:
            self._names = sorted(stored.keys())

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        with safe_open(self._path, framework="numpy") as stored:
            array: np.ndarray = stored.get_tensor(name)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Evaluation:
    """What the evaluation of one run left behind: its JSON, and the logits beside it (read when asked for)."""

    path: Path
    content: dict[str, Any]

    @property
    def run(self) -> tuple[str, str, int]:
        """(family, size, seed)"""
        return self.content["family"], self.content["size"], self.content["seed"]

    def logits(self) -> StoredLogits:
        """Arrays `<epoch>/<shift>` of logits (n, allowed classes), `labels/<shift>` (n,) and `allowed/<shift>`
        (classes,). Files of before masked classes were left out hold logits (n, classes)."""
        return StoredLogits(self.path.with_suffix(".safetensors"))


def read(path: Path) -> Evaluation:
    """Read an evaluation's JSON."""
    return Evaluation(path, read_json(path))


def model_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The rows of one run: every kept epoch on every shift of the suite."""
    common = {
        key: evaluation.content[key]
        for key in ("family", "mixture", "objective", "recipe", "size", "samples", "seed", "spec")
    }
    return [{"kind": "model", **common, **row} for row in evaluation.content["measures"]]


def ensemble_rows(
    name: str, ensemble: dict[str, Any], members: list[Evaluation], shifts: list[str]
) -> list[dict[str, Any]]:
    """Average the raw logits of members of one size and seed for each weight, matched by epoch, and measure the result
    (paper: section 5.2).

    Each model's logits are its cosines times its own scale; two members may have a weight w for the first and 1 - w for
    the second. Memory: the logits of one epoch on one shift.
    """
    arrays = [member.logits() for member in members]
    weights = [None] if ensemble["weights"] == "equal" else ensemble["weights"]
    shares = [np.full(len(members), 1 / len(members)) if w is None else np.array([w, 1 - w]) for w in weights]
    first = members[0].content
    seen = {row["epoch"]: row["samples_seen"] for row in first["measures"]}
    common = {
        "kind": "ensemble",
        "family": name,
        "mixture": "",
        "objective": first["objective"],
        "recipe": first["recipe"],
        "size": first["size"],
        "samples": sum(member.content["samples"] for member in members),
        "seed": first["seed"],
        "spec": digest_json([ensemble, [member.content["spec"] for member in members]]),
    }
    rows = []
    for epoch in ensemble["epochs"]:
        for shift in shifts:
            labels, allowed = arrays[0][f"labels/{shift}"], arrays[0][f"allowed/{shift}"].astype(bool)
            values = [compact(array[f"{epoch:03d}/{shift}"], allowed) for array in arrays]
            for own in shares:
                mixed = sum(share * value.astype(np.float64) for share, value in zip(own, values, strict=True))
                point = {"epoch": epoch, "samples_seen": seen[epoch] * len(members), "weight": float(own[0])}
                rows.append({**common, **point, "shift": shift, **measure(mixed, labels, allowed)})
    return rows


def published_rows(name: str, tidy: pd.DataFrame, reference: str, shifts: dict[str, str]) -> list[dict[str, Any]]:
    """Rows of published models as a baseline: their accuracies on the full reference set and on `shifts` (ours ->
    theirs).

    Every model is a run of its own, called by its name in `size`. Only models that are used there, and rows whose
    horizontal axis is the full set.
    """
    models = {model: place for place, model in enumerate(dict.fromkeys(tidy["model"]))}
    full = tidy[(tidy["x_set"] == "full") & tidy["used"].astype(bool)]
    common = {"kind": "published", "family": name, "mixture": "", "objective": "", "recipe": "", "spec": ""}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for ours, theirs in shifts.items():
        on_shift = full[full["shift"] == theirs]
        if on_shift.empty:
            known = ", ".join(sorted(set(full["shift"])))
            raise CountError(f"published results {name} have no model on {theirs}; write one of {known}")
        for row in on_shift.to_dict("records"):
            point = {"size": row["model"], "samples": 0, "seed": models[row["model"]], "epoch": 0, "samples_seen": 0}
            for shift, n, accuracy in ((reference, row["n_x"], row["x"]), (ours, row["n_y"], row["y"])):
                found[row["model"], shift] = {**common, **point, "shift": shift, **_stated(accuracy, int(n))}
    return list(found.values())


def _stated(accuracy: float, n: int) -> dict[str, Any]:
    """An accuracy that others state of n images, with its exact interval."""
    correct = round(accuracy * n)
    low, high = clopper_pearson(correct, n)
    return {
        "n": n,
        "correct": correct,
        "top1": accuracy,
        "top1_low": float(low),
        "top1_high": float(high),
        "classes": None,
    }


def table(experiment: str, rows: list[dict[str, Any]], shifts: list[str]) -> pd.DataFrame:
    """The experiment's table in a fixed order of rows and columns; rows of other shifts of the suite are left to other
    experiments."""
    frame = pd.DataFrame(rows).assign(experiment=experiment)
    frame = frame[frame["shift"].isin(shifts)]
    frame["weight"] = frame.get("weight", np.nan)
    frame["mean_per_class"] = frame.get("mean_per_class", np.nan)
    frame["classes"] = frame["classes"].astype("Int64")
    keys = ["kind", "family", "size", "seed", "epoch", "weight", "shift"]
    order = {shift: position for position, shift in enumerate(shifts)}
    sorting = frame.assign(shift=frame["shift"].map(order)).sort_values(
        ["kind", "family", "samples", "seed", "epoch", "weight", "shift"], kind="stable"
    )
    frame = frame.loc[sorting.index].reset_index(drop=True)
    if frame.duplicated(keys).any():
        raise CountError(
            f"experiments.{experiment}: the same point was measured twice: "
            f"{frame[frame.duplicated(keys)][keys].iloc[0].to_dict()}"
        )
    return frame[COLUMNS]


def check_grid(
    frame: pd.DataFrame, expected: set[tuple[str, str, int, int]], shifts: list[str], experiment: str
) -> None:
    """Every declared (family, size, seed, epoch) must stand on every shift; what is missing is named."""
    models = frame[frame["kind"] == "model"]
    found = set(zip(models["family"], models["size"], models["seed"], models["epoch"], models["shift"], strict=True))
    wanted = {(*point, shift) for point in expected for shift in shifts}
    missing = sorted(wanted - found)
    if missing:
        raise CountError(
            f"experiments.{experiment}: {len(missing)} points of the declared grid are missing, "
            f"first (family, size, seed, epoch, shift): {missing[0]}"
        )
    extra = sorted(found - wanted)
    if extra:
        raise CountError(
            f"experiments.{experiment}: {len(extra)} points are not in the declared grid, first: {extra[0]}"
        )
