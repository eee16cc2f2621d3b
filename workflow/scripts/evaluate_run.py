"""Evaluate all kept epochs of a run on all shifts of a suite: per-image logits, and what is measured from them."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file

from datalines import shifts
from datalines.accuracy import measure
from datalines.errors import DatalinesError
from datalines.evaluation import logits, pixels
from datalines.files import atomic, read_json, write_json
from datalines.job import run
from datalines.training import load_weights

log = logging.getLogger(__name__)


def main(
    summary: Path, suite: str, recipe: str, sets: list[Path], evaluation: Path, predictions: Path, threads: int
) -> None:
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    record = read_json(summary)
    loaded = [shifts.load(path) for path in sets]
    arrays: dict[str, np.ndarray] = {}
    for shift in loaded:
        arrays[f"labels/{shift.name}"] = shift.labels
        arrays[f"allowed/{shift.name}"] = shift.allowed.astype(np.uint8)
    measures: list[dict[str, Any]] = []
    images: dict[str, torch.Tensor] = {}
    for entry in record["weights"]:
        path = summary.with_name(entry["path"])
        if not path.is_file():
            raise DatalinesError(
                f"{path} is listed in {summary} but missing: delete {summary} and run again to retrain"
            )
        objective, spec = load_weights(path)
        for shift in loaded:
            if shift.name not in images:
                images[shift.name] = pixels(shift, objective.image_size, threads)
            values = logits(objective, images[shift.name], shift.manifest["class_names"], shift.manifest["prompts"])
            arrays[f"{entry['epoch']:03d}/{shift.name}"] = values
            measured = measure(values, shift.labels, shift.allowed)
            measures.append(
                {"epoch": entry["epoch"], "samples_seen": spec["samples_seen"], "shift": shift.name, **measured}
            )
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
                shift.name: {key: shift.manifest[key] for key in ("items", "version", "id_set_sha256", "prompts")}
                for shift in loaded
            },
            "measures": measures,
        },
    )
    last = [row for row in measures if row["epoch"] == record["weights"][-1]["epoch"]]
    log.info("%s", "  ".join(f"{row['shift']} {row['top1']:.1%}" for row in last))


if __name__ == "__main__":
    run(main)
