"""What both trainers are asked to do, as one JSON file, so that neither gets other settings than its peer."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

OPTIMIZER = {"lr": 1.0e-3, "betas": [0.9, 0.999], "eps": 1.0e-8, "weight_decay": 0.1}


@dataclass(frozen=True)
class Job:
    """One training run.

    `mixture` is a manifest as workflow/scripts/mix_shards.py writes it; its tars lie beside it. `precision` is fp32 or
    bf16 (mixed). `threads` compute in the trainer's own process, and `workers` processes load (0: it loads by itself).
    `initial` is a state dict that both begin with; empty: each draws its own. `resident` feeds the first few batches
    again and again, so that no loader is in the way. `channels_last` and `decoder` are options that only ours has.
    """

    model_spec: dict[str, Any]
    mixture: str
    samples: int
    batch: int
    epochs: int
    warmup_steps: int = 50
    precision: str = "fp32"
    device: str = "cpu"
    threads: int = 1
    workers: int = 0
    seed: int = 0
    initial: str = ""
    compile: bool = False
    channels_last: bool = True
    decoder: str = "pillow"
    resident: bool = False
    optimizer: dict[str, Any] = field(default_factory=lambda: dict(OPTIMIZER))

    def write(self, path: Path) -> None:
        """Save for the process that runs it."""
        path.write_text(json.dumps(asdict(self)))

    @staticmethod
    def read(path: Path) -> "Job":
        """What `write` saved."""
        return Job(**json.loads(path.read_text()))

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return self.samples // self.batch

    @property
    def shards(self) -> list[Path]:
        """The mixture's tars in order."""
        manifest = Path(self.mixture)
        return [manifest.parent / entry["path"] for entry in json.loads(manifest.read_text())["shards"]]
