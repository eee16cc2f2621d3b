"""One run of the training script, in this process or as a command."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.unit.tiny_runs import recipe
from tests.unit.tiny_training import OFTEN
from workflow.scripts import train_model

ROOT = Path(__file__).parents[2]


class Run:
    """One run in a folder of its own."""

    def __init__(self, root: Path, mixture: Path) -> None:
        self.root, self.mixture = root, mixture
        self.summary, self.states = root / "run" / "summary.json", root / "state"

    def arguments(self, of: dict[str, Any], seconds: float = OFTEN) -> dict[str, Any]:
        """The rule's arguments."""
        paths = {"mixture": self.mixture, "summary": self.summary, "history": self.summary.with_name("history.csv")}
        return {
            "family": "photo",
            "size": "full",
            "seed": 1,
            "spec": {"mixture": "photo", "recipe": of},
            **paths,
            "states": self.states,
            "threads": 1,
            "config": {"checkpointing": {"checkpoint_seconds": seconds}},
        }

    def start(self, of: dict[str, Any] | None = None, **changes: Any) -> None:
        """Train in this process; as before a retry by Snakemake, the declared outputs are gone."""
        for name in ("summary.json", "history.csv"):
            self.summary.with_name(name).unlink(missing_ok=True)
        train_model.main(**{**self.arguments(of or recipe()), **changes})

    def command(self, of: dict[str, Any], **changes: Any) -> list[str]:
        """The script's command line."""
        flags = []
        for name, value in {**self.arguments(of), **changes}.items():
            flags += [f"--{name}", json.dumps(value) if isinstance(value, dict) else str(value)]
        return [sys.executable, "-m", "workflow.scripts.train_model", *flags]

    def bytes(self) -> dict[str, bytes]:
        """Everything in the run's folder."""
        return {path.name: path.read_bytes() for path in sorted(self.summary.parent.iterdir())}

    def left_over(self) -> list[str]:
        """What lies in the states' folder beside locks and what finished runs leave for the next time."""
        return [path.name for path in self.states.iterdir() if path.suffix not in (".lock", ".done")]
