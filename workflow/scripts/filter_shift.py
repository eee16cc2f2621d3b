"""Filter candidates adversarially: keep images that a reference model gets wrong, as ImageNet-A was made."""

import logging
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from datalines import shifts
from datalines.accuracy import predict
from datalines.files import read_json, sha256_file
from datalines.job import run
from datalines.shards import Sample, image_bytes

log = logging.getLogger(__name__)


def main(shift: str, spec: dict[str, Any], candidates: Path, evaluation: Path, manifest: Path) -> None:
    where = f"shifts.{shift}"
    source = shifts.load(candidates)
    key = f"{spec['model']['epoch']:03d}/{source.name}"
    logits = load_file(evaluation.with_suffix(".safetensors"))[key]
    chosen = shifts.misclassified(source, predict(logits, source.allowed), spec["items"], where)
    images = image_bytes(chosen, source.folder)
    samples = [
        Sample(str(row.id), str(row.extension), image, str(row.caption), str(row.label))
        for row, image in zip(chosen.itertuples(), images, strict=True)
    ]
    weights = next(entry for entry in read_json(evaluation)["weights"] if entry["epoch"] == spec["model"]["epoch"])
    origin = {
        "candidates": source.manifest["id_set_sha256"],
        "candidate_items": len(source.index),
        "model": spec["model"],
        "weights": weights,
    }
    shifts.write(
        manifest.parent,
        shift,
        samples,
        spec,
        where,
        {
            **({"crop": source.manifest["crop"]} if source.border else {}),
            "adversarial": {**origin, "evaluation_sha256": sha256_file(evaluation)},
        },
    )
    log.info("%d of %d candidates kept", len(samples), len(source.index))


if __name__ == "__main__":
    run(main)
