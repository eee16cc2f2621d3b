"""Run this project's trainer on a job: a whole run as the workflow's rule makes it, on one rank, under the clock.

Usage: python -m benchmarks.training.ours JOB.json RESULT.json
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.training.job import Job
from benchmarks.training.watch import Watch, repeated
from datalines.config.recipes import Recipe
from datalines.devices import CHOICE
from datalines.files import sha256_file
from datalines.training import loop
from datalines.training.ranks import joined
from datalines.training.run import Run, execute


def recipe(job: Job) -> dict[str, Any]:
    """The job as a resolved recipe."""
    settings = {
        "objective": "clip",
        "model": "benchmarked",
        "epochs": job.epochs,
        "keep": [job.epochs],
        "batch": job.batch,
        "optimizer": job.optimizer,
        "warmup_steps": job.warmup_steps,
        # What open_clip's trainer does with images, and has no option against.
        "augmentation": {"scale": [0.9, 1.0], "ratio": [3 / 4, 4 / 3], "flip": False},
        "precision": job.precision,
        "channels_last": job.channels_last,
        "compile": job.compile,
        "determinism": "fast",
        "cpu_threads": job.threads,
        "decoder": job.decoder,
    }
    initial = {"model": {"sha256": sha256_file(Path(job.initial))}} if job.initial else {}
    return Recipe.model_validate(settings).model_dump(mode="json") | {"model_spec": job.model_spec, "initial": initial}


def main(job: Job, result: Path) -> None:
    """Train, and leave the marks and the losses."""
    os.environ[CHOICE] = job.device
    watch, on_device = Watch(job.steps), loop.on_device

    def followed(batches: Iterator[Any], device: torch.device) -> Iterator[Any]:
        if job.resident:
            again = enumerate(repeated(batches, job.steps * job.epochs))
            batches = (replace(batch, step=step, epoch=1 + step // job.steps) for step, batch in again)
        return watch.follow(on_device(batches, device))

    loop.on_device = followed
    with tempfile.TemporaryDirectory() as name, joined() as ranks:
        settings = recipe(job)
        identity = {"family": "benchmark", "size": "full", "seed": job.seed, "recipe": settings, "data": ""}
        weights = {"model": job.initial} if job.initial else {}
        trainer = execute(Run(identity, job.mixture, name, weights, job.workers, 1e9), ranks)
    watch.write(result, [row[3] for row in trainer.history.rows], {"torch": torch.__version__})


if __name__ == "__main__":
    main(Job.read(Path(sys.argv[1])), Path(sys.argv[2]))
