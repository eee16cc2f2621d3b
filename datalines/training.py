"""The training loop: AdamW, cosine with warm-up, weights kept at declared epochs, and a state from which a killed run
goes on.

Resume equals an uninterrupted run: everything random is keyed by (seed, epoch, step), so the state is the model, the
optimiser, the history and one integer. The state lives outside the declared outputs, which Snakemake deletes before a
retry.
"""

import json
import logging
import math
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from datalines.errors import DatalinesError, TrainingError
from datalines.files import atomic
from datalines.loader import augment, batch_positions, epoch_order
from datalines.objectives import Objective, build, normalise

log = logging.getLogger(__name__)
SPEC_KEY = "datalines"


@dataclass(frozen=True)
class Data:
    """Training pairs in memory: images uint8 (N, 3, S, S), the objective's targets (N, ...), and the digest of the ids
    in order."""

    images: torch.Tensor
    targets: torch.Tensor
    digest: str


@dataclass(frozen=True)
class Plan:
    """How long a run is. All batches are full: an epoch has floor(samples / batch) steps."""

    recipe: dict[str, Any]
    seed: int
    steps_per_epoch: int

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.steps_per_epoch * int(self.recipe["epochs"])


def plan(recipe: dict[str, Any], seed: int, samples: int) -> Plan:
    """A run's plan; fewer samples than one batch is an error."""
    if samples < recipe["batch"]:
        raise DatalinesError(
            f"the mixture holds {samples} samples, fewer than one batch of {recipe['batch']}: "
            "lower `batch` or enlarge it"
        )
    return Plan(recipe, seed, samples // int(recipe["batch"]))


def learning_rate(step: int, steps: int, warmup: int, peak: float) -> float:
    """Linear warm-up to `peak`, then half a cosine that reaches zero one step after the last (OpenCLIP's schedule)."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return 0.5 * peak * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def optimizer(model: nn.Module, options: dict[str, Any]) -> torch.optim.AdamW:
    """AdamW without weight decay on gains, biases and the logit scale (parameters of fewer than two dimensions)."""
    named = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    plain = [value for name, value in named if value.ndim < 2]
    decayed = [value for name, value in named if value.ndim >= 2]
    groups = [{"params": plain, "weight_decay": 0.0}, {"params": decayed, "weight_decay": options["weight_decay"]}]
    return torch.optim.AdamW(groups, lr=options["lr"], betas=tuple(options["betas"]), eps=options["eps"], fused=True)


class State:
    """A run in progress: what is saved, and how it is found again."""

    def __init__(self, folder: Path, objective: Objective, recipe: dict[str, Any]) -> None:
        self.folder = folder
        self.model = objective.model
        self.optimizer = optimizer(objective.model, recipe["optimizer"])
        self.step = 0
        self.history: list[tuple[int, int, float, float]] = []
        self._saved = time.monotonic()

    def save(self) -> None:
        """Write the state to a temporary name and rename it: a kill at any moment leaves a whole state behind."""
        content = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "history": self.history,
        }
        with atomic(self.folder / "state.pt") as temporary:
            torch.save(content, temporary)
        self._saved = time.monotonic()

    def due(self, seconds: float) -> bool:
        """Whether the last save is longer ago than `seconds`."""
        return time.monotonic() - self._saved >= seconds

    def restore(self) -> bool:
        """Go on from a saved state, if there is one."""
        path = self.folder / "state.pt"
        if not path.is_file():
            return False
        content = torch.load(path, map_location="cpu", weights_only=True)
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.step = content["step"]
        self.history = [tuple(row) for row in content["history"]]
        return True


def prepare(recipe: dict[str, Any], seed: int) -> Objective:
    """The objective with weights initialised from the seed, in the memory format that convolutions are fastest in."""
    torch.manual_seed(seed)
    objective = build(recipe)
    objective.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return objective


def train(objective: Objective, data: Data, run: Plan, state: State) -> Iterator[int]:
    """Run to the end from wherever `state` is; yields the number of each epoch that is complete, after its weights can
    be kept."""
    recipe, began = run.recipe, time.monotonic()
    first = state.step
    while state.step < run.steps:
        epoch = state.step // run.steps_per_epoch + 1
        order = epoch_order(data.digest, run.seed, epoch, len(data.images))
        objective.model.train()
        for step in range(state.step % run.steps_per_epoch, run.steps_per_epoch):
            _one_step(objective, data, run, state, epoch, batch_positions(order, step, recipe["batch"]))
            # An epoch's last step is saved by the caller, after its weights: a state beyond the epoch says that they
            # are kept.
            if step + 1 < run.steps_per_epoch and state.due(recipe["checkpoint_seconds"]):
                state.save()
        speed = (state.step - first) * recipe["batch"] / (time.monotonic() - began)
        losses = [row[3] for row in state.history[-run.steps_per_epoch :]]
        log.info(
            "epoch %d/%d  loss %.3f  %s images/s", epoch, recipe["epochs"], sum(losses) / len(losses), f"{speed:,.0f}"
        )
        yield epoch


def _one_step(objective: Objective, data: Data, run: Plan, state: State, epoch: int, positions: Any) -> None:
    recipe = run.recipe
    rate = learning_rate(state.step, run.steps, recipe["warmup_steps"], recipe["optimizer"]["lr"])
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    torch.manual_seed((run.seed << 32) + state.step)
    chosen = torch.from_numpy(positions)
    images = augment(normalise(data.images[chosen]), recipe["augmentation"], (run.seed, epoch, state.step))
    loss = objective.loss(images.contiguous(memory_format=torch.channels_last), data.targets[chosen])
    if not torch.isfinite(loss):
        raise TrainingError(
            f"the loss is {loss.item()} in step {state.step + 1} of epoch {epoch}; "
            f"the last good state is kept in {state.folder}"
        )
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if recipe["grad_clip"] is not None:
        nn.utils.clip_grad_norm_(objective.model.parameters(), recipe["grad_clip"])
    state.optimizer.step()
    objective.after_step()
    state.step += 1
    state.history.append((state.step, epoch, rate, loss.item()))


def weights_name(epoch: int) -> str:
    """File name of the weights kept after an epoch."""
    return f"epoch-{epoch:03d}.safetensors"


def save_weights(path: Path, model: nn.Module, spec: dict[str, Any]) -> None:
    """Weights in safetensors with everything that is needed to rebuild the model inside, so that no evaluation can take
    a wrong one."""
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={SPEC_KEY: json.dumps(spec, sort_keys=True)})


def load_weights(path: Path) -> tuple[Objective, dict[str, Any]]:
    """The objective rebuilt from a weights file alone, in evaluation mode, and the spec that the file carries."""
    with path.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    spec = json.loads(header["__metadata__"][SPEC_KEY])
    objective = build(spec)
    objective.model.load_state_dict(load_file(path))
    objective.model.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    return objective, spec


def history_frame(state: State, batch: int) -> pd.DataFrame:
    """One row per step: step, epoch, samples_seen, lr, loss."""
    frame = pd.DataFrame(state.history, columns=["step", "epoch", "lr", "loss"])
    frame.insert(2, "samples_seen", frame["step"] * batch)
    return frame


def publish(state: State, keep: list[int], target: Path) -> None:
    """Move the kept weights from the state's folder to the run's folder; called again after a kill, it finishes the
    work."""
    target.mkdir(parents=True, exist_ok=True)
    names = {weights_name(epoch) for epoch in keep}
    for stale in target.glob("*.safetensors"):
        if stale.name not in names:
            stale.unlink()
    for name in sorted(names):
        with atomic(target / name) as temporary:
            shutil.copyfile(state.folder / name, temporary)


def discard(state: State) -> None:
    """Remove the state of a finished run; first what names the step, so that a kill in between leaves nothing to go on
    from."""
    (state.folder / "state.pt").unlink()
    for entry in os.scandir(state.folder):
        Path(entry.path).unlink()
    state.folder.rmdir()
