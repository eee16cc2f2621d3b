"""How long a run is and how fast it learns: everything is stated for the global batch, whatever number of GPUs there
is."""

import math
from dataclasses import dataclass
from typing import Any

from datalines.loading.order import batches_in


@dataclass(frozen=True)
class Plan:
    """A run's length. All batches are full: an epoch has floor(samples / batch) steps."""

    recipe: dict[str, Any]
    seed: int
    steps_per_epoch: int

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.steps_per_epoch * int(self.recipe["epochs"])


def plan(recipe: dict[str, Any], seed: int, samples: int) -> Plan:
    """A run's plan; fewer samples than one batch is an error."""
    return Plan(recipe, seed, batches_in(samples, recipe["batch"]))


def learning_rate(step: int, steps: int, warmup: int, peak: float) -> float:
    """Linear warm-up to `peak`, then half a cosine that reaches zero one step after the last (OpenCLIP's schedule)."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return 0.5 * peak * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
