"""Evaluate all kept epochs of a run on all shifts of a suite: per-image logits, and what is measured from them."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from datalines import shifts
from datalines.accuracy import measure
from datalines.devices import check
from datalines.errors import DatalinesError
from datalines.evaluation import logits
from datalines.files import atomic, digest_json, read_json, sha256_file, write_json
from datalines.images import DECODER
from datalines.job import run
from datalines.objectives.pixels import MEAN, STD
from datalines.training import numerics
from datalines.training.numerics import device
from datalines.training.weights import load_weights

log = logging.getLogger(__name__)
PREPROCESSING = {"resize": "bicubic", "side": "shorter", "crop": "centre", "mean": MEAN, "std": STD}
LABELLING = ("class_names", "class_texts", "subset", "mapping", "crop")
"""What a set's manifest says of its classes and borders, beside its prompts."""


def main(
    summary: Path,
    suite: str,
    recipe: str,
    sets: list[Path],
    evaluation: Path,
    predictions: Path,
    threads: int = 1,
    resources: dict[str, Any] | None = None,
) -> None:
    log.info("%s", check(int((resources or {}).get("gpu", 0))))
    record, where = read_json(summary), device()
    numerics.prepare({**record["recipe"], "determinism": "deterministic", "precision": "fp32"}, where)
    models = [load_weights(path, where) for path in weights(summary, record)]
    arrays: dict[str, np.ndarray] = {}
    found: dict[tuple[int, str], dict[str, Any]] = {}
    loaded = [shifts.load(path) for path in sets]
    for shift in loaded:
        arrays[f"labels/{shift.name}"] = shift.labels
        arrays[f"allowed/{shift.name}"] = shift.allowed.astype(np.uint8)
        for (_, spec), values in zip(
            models, logits([model for model, _ in models], shift, where, threads), strict=True
        ):
            arrays[f"{spec['epoch']:03d}/{shift.name}"] = values
            found[spec["epoch"], shift.name] = {
                "epoch": spec["epoch"],
                "samples_seen": spec["samples_seen"],
                "shift": shift.name,
                **measure(values, shift.labels, shift.allowed),
            }
    measures = [found[spec["epoch"], shift.name] for _, spec in models for shift in loaded]
    with atomic(predictions) as temporary:
        save_file(arrays, temporary)
    write_json(
        evaluation,
        {
            **{key: record[key] for key in ("family", "size", "seed", "mixture", "samples", "spec")},
            "objective": record["recipe"]["objective"],
            "recipe": recipe,
            "suite": suite,
            "weights": record["weights"],
            "sets": {
                shift.name: {
                    **{key: shift.manifest[key] for key in ("items", "version", "id_set_sha256", "prompts")},
                    "order_sha256": shift.manifest["order_sha256"],
                    "labelling": digest_json({key: shift.manifest.get(key) for key in LABELLING}),
                }
                for shift in loaded
            },
            "models": [
                {"epoch": spec["epoch"], "spec": digest_json(spec), "image_size": model.image_size}
                for model, spec in models
            ],
            "preprocessing": {**PREPROCESSING, "decoder": DECODER},
            "measures": measures,
        },
    )
    last = [row for row in measures if row["epoch"] == record["weights"][-1]["epoch"]]
    log.info("%s", "  ".join(f"{row['shift']} {row['top1']:.1%}" for row in last))


def weights(summary: Path, record: dict[str, Any]) -> list[Path]:
    """The weights files that a summary names; one that is missing or altered is an error that says what to delete."""
    paths = [summary.with_name(entry["path"]) for entry in record["weights"]]
    for path, entry in zip(paths, record["weights"], strict=True):
        fault = "missing" if not path.is_file() else "altered" if sha256_file(path) != entry["sha256"] else ""
        if fault:
            raise DatalinesError(
                f"{path} is listed in {summary} but {fault}: delete {summary} and run again to retrain"
            )
    return paths


if __name__ == "__main__":
    run(main)
