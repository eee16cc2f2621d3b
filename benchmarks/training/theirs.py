"""Run open_clip's own trainer, as it is published, on a job; needs the environment `open-clip` (envs/README.md).

Its command line gets the job's settings. Around it are put only the clock, and the registration of the job's network.

Usage: python -m benchmarks.training.theirs JOB.json RESULT.json
"""

import gzip
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import open_clip
import open_clip_train.main as trainer  # type: ignore[import-untyped]
import torch
import webdataset
from open_clip.tokenizer import default_bpe

from benchmarks.training.job import Job
from benchmarks.training.watch import Watch, repeated
from datalines import models

NAME = "benchmarked"
LOSS = re.compile(r"Train Epoch: .* Loss: (\S+) \(")


class Followed:
    """A data loader of theirs under the clock; one iteration is one epoch."""

    def __init__(self, loader: Any, watch: Watch, resident: bool) -> None:
        self._loader, self._watch, self._resident = loader, watch, resident

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def __iter__(self) -> Iterator[Any]:
        assert self._loader.num_batches == self._watch.steps
        return self._watch.follow(repeated(self._loader, self._watch.steps) if self._resident else self._loader)


def register(job: Job, folder: Path) -> None:
    """Make the job's network known by `NAME`, with the vocabulary that ours has; the tokens must be equal."""
    spec = json.loads(json.dumps(job.model_spec))
    merges = spec["text_cfg"]["vocab_size"] - models.SYMBOLS_BESIDE_MERGES
    with gzip.open(default_bpe()) as stream:
        lines = stream.read().decode().split("\n")
    vocabulary = folder / "merges.txt.gz"
    vocabulary.write_bytes(gzip.compress("\n".join(lines[: 1 + merges]).encode()))
    spec["text_cfg"]["tokenizer_kwargs"] = {"bpe_path": str(vocabulary)}
    (folder / f"{NAME}.json").write_text(json.dumps(spec))
    open_clip.add_model_config(folder / f"{NAME}.json")
    probe = ["a drawing of an umbrella, 1962", "Zwölf Bücher; antidisestablishmentarianism"]
    assert torch.equal(open_clip.get_tokenizer(NAME)(probe), models.build_tokenizer(job.model_spec)(probe))


def arguments(job: Job, folder: Path) -> list[str]:
    """The job as open_clip's command line."""
    options: dict[str, object] = {
        "model": NAME,
        "train-data": "::".join(map(str, job.shards)),
        "dataset-type": "webdataset",
        "train-num-samples": job.samples,
        "batch-size": job.batch,
        "epochs": job.epochs,
        "workers": job.workers,
        "precision": {"fp32": "fp32", "bf16": "amp_bf16"}[job.precision],
        "device": job.device,
        "seed": job.seed,
        "lr": job.optimizer["lr"],
        "beta1": job.optimizer["betas"][0],
        "beta2": job.optimizer["betas"][1],
        "eps": job.optimizer["eps"],
        "wd": job.optimizer["weight_decay"],
        "warmup": job.warmup_steps,
        "save-frequency": 0,
        "logs": folder,
        "name": "run",
    }
    # Its loss is looked at when it is logged. Where the loss is wanted, every step; else as seldom as by default.
    options |= {"resume": job.initial, "log-every-n-steps": 1} if job.initial else {}
    found = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [*found, *(["--torchcompile"] if job.compile else [])]


def main(job: Job, result: Path) -> None:
    """Train, and leave the marks and, where they were logged, the losses."""
    torch.set_num_threads(job.threads)
    watch, get_data = Watch(job.steps), trainer.get_data

    def followed(*given: Any, **named: Any) -> Any:
        data = get_data(*given, **named)
        data["train"].dataloader = Followed(data["train"].dataloader, watch, job.resident)
        return data

    trainer.get_data = followed
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        register(job, folder)
        trainer.main(arguments(job, folder))
        text = (folder / "run" / "out.log").read_text()
    losses = [float(found) for found in LOSS.findall(text)] if job.initial else []
    versions = {"open_clip_torch": open_clip.__version__, "webdataset": webdataset.__version__}
    watch.write(result, losses, {**versions, "torch": torch.__version__})


if __name__ == "__main__":
    main(Job.read(Path(sys.argv[1])), Path(sys.argv[2]))
