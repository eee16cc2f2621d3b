"""Score one part of a pool: the cosine of image and caption of every stored pair under a CLIP model."""

import logging
from pathlib import Path
from typing import Any

import torch

from datalines.config.paths import expand
from datalines.devices import check
from datalines.job import run
from datalines.scorer import load_scorer
from datalines.scoring import score_part

log = logging.getLogger(__name__)


def main(
    spec: dict[str, Any],
    pool: str,
    receipt: Path,
    rows: Path,
    scores: Path,
    threads: int,
    resources: dict[str, Any] | None = None,
) -> None:
    log.info("%s", check(int((resources or {}).get("gpu", 0))))
    # One thread within an operation, because the order of a sum must not depend on the machine; batches run beside
    # each other instead.
    torch.set_num_threads(1)
    weights = expand(spec["weights"], f"scorers.{spec['scorer']}.weights")
    scorer = load_scorer({**spec, "weights": weights})
    torch.use_deterministic_algorithms(scorer.device.type == "cpu")
    counts = score_part(scorer, receipt, scores, threads)
    log.info("%s of pool %s: %d stored, %d scored, not scored: %s", rows.name, pool, *counts.values())


if __name__ == "__main__":
    run(main)
