"""The training loop: batches in, weights out, and a state from which a run that is stopped goes on.

Resume equals an uninterrupted run: everything random is keyed by (seed, epoch, position), so the state is the model,
the optimiser, the history and one integer, the step (that is: epoch and position).
"""

import logging
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from datalines.environment import cluster_job
from datalines.errors import StoppedError, TrainingError
from datalines.loading.batches import Batch, Batches
from datalines.loading.seen import Seen
from datalines.objectives import Objective, normalise
from datalines.training.ahead import on_device
from datalines.training.ranks import Ranks
from datalines.training.schedule import Plan, learning_rate
from datalines.training.state import Clock, Folder, History
from datalines.training.step import Engine, Part, one_step
from datalines.training.stopping import Stop

log = logging.getLogger(__name__)
GPU_LOOKS = 50  # steps between two looks at a GPU's losses
TELLING = 60.0  # seconds between two lines of progress


@dataclass
class Speed:
    """Where the time of a run, or of a part of it, goes."""

    began: float = field(default_factory=time.perf_counter)
    waited: float = 0.0
    samples: int = 0

    def rate(self) -> float:
        """Samples a second."""
        return self.samples / max(1e-9, time.perf_counter() - self.began)

    def waiting(self) -> float:
        """Share of the time that was spent waiting for data."""
        return self.waited / max(1e-9, time.perf_counter() - self.began)


class Trainer:
    """A run in progress on one rank."""

    def __init__(self, objective: Objective, run: Plan, machine: Engine, folder: Folder, seen: Seen) -> None:
        self.objective, self.run, self.machine, self.folder = objective, run, machine, folder
        self.seen = seen
        self.segments: list[dict[str, Any]] = []
        self.noted = True
        self.step = 0
        self.history = History(GPU_LOOKS if machine.ranks.device.type == "cuda" else 1)
        self.failed: dict[int, str] = {}
        self.speed = Speed()

    @property
    def ranks(self) -> Ranks:
        """The processes of the run."""
        return self.machine.ranks

    def save(self) -> None:
        """Save the state; every rank has to call it, rank 0 writes."""
        self._settle()
        self._merge_failures()
        self.seen.settle(self.ranks.collect)
        self.segments[-1] |= {"last": self.step, "ended": _now()}
        if self.ranks.main:
            self.folder.save(
                {
                    "model": self.objective.model.state_dict(),
                    "optimizer": self.machine.optimizer.state_dict(),
                    "scaler": self.machine.scaler.state_dict(),
                    "step": self.step,
                    "history": self.history.rows,
                    "failed": self.failed,
                    **({"seen": self.seen.listed(), "segments": self.segments} if self.noted else {}),
                },
                self.step,
            )
        self.ranks.wait()

    def restore(self) -> bool:
        """Go on from the newest sound state, if there is one."""
        content = self.folder.load()
        if content is None:
            return False
        self.objective.model.load_state_dict(content["model"])
        self.machine.optimizer.load_state_dict(content["optimizer"])
        self.machine.scaler.load_state_dict(content["scaler"])
        self.step, self.failed = content["step"], dict(content["failed"])
        self.history.rows = [tuple(row) for row in content["history"]]
        # A state of before this was noted is gone on from; what its run saw cannot be told any more.
        self.noted = "seen" in content
        self.seen.restore(content.get("seen", []))
        self.segments = content.get("segments", [])
        return True

    def train(self, batches: Batches, stop: Stop, clock: Clock) -> Iterator[int]:
        """Run to the end from wherever the state is; yields the number of each epoch that is complete, after whose
        weights are kept the caller saves. Asked to stop, it saves and raises a StoppedError."""
        self.speed = Speed()
        self.segments.append(self._segment())
        told = time.monotonic()
        source = on_device(iter(batches), self.ranks.device)
        self.objective.train()
        while self.step < self.run.steps:
            asked = time.perf_counter()
            batch = next(source)
            self.speed.waited += time.perf_counter() - asked
            self._one(batch)
            ended = self.step % self.run.steps_per_epoch == 0
            stopping, due = self.ranks.any([stop.asked, clock.due()])
            if ended:
                self._tell(batch.epoch)
                yield batch.epoch
                self.objective.train()
            elif stopping or due:
                self.save()
            if ended or due:
                clock.reset()
            if stopping and self.step < self.run.steps:
                raise StoppedError(self._stopped())
            if time.monotonic() - told > TELLING:
                told = time.monotonic()
                self._tell(batch.epoch)

    def _one(self, batch: Batch) -> None:
        recipe, run = self.run.recipe, self.run
        if batch.step != self.step:
            raise TrainingError(
                f"the loader gave batch {batch.step} for step {self.step}: this is a mistake of the program"
            )
        self._count_failures(batch)
        rate = learning_rate(self.step, run.steps, recipe["warmup_steps"], recipe["optimizer"]["lr"])
        for group in self.machine.optimizer.param_groups:
            group["lr"] = rate
        loss = one_step(self.machine, self._parts(batch))
        self.objective.after_step(self.step, run.steps)
        self.seen.add(batch.epoch, self.step, self.ranks.rank * self._micro_batches(batch), batch.rows.numpy())
        self.step += 1
        self.speed.samples += recipe["batch"]
        self.history.add(self.step, batch.epoch, rate, loss)
        if self.history.due:
            self._settle()

    def _settle(self) -> None:
        """Look at the losses that were not looked at yet."""
        try:
            self.history.settle()
        except TrainingError as error:
            raise TrainingError(f"{error}; {self.folder.kept()}") from None

    def _parts(self, batch: Batch) -> list[Part]:
        """This rank's micro-batches."""
        width = self.run.recipe["micro_batch"] or self.run.recipe["batch"]
        images = batch.images.split(width, dim=1)
        targets = batch.targets.split(width)
        first = (self.step * self.ranks.world + self.ranks.rank) * len(targets)
        return [
            Part(normalise(piece), rows, (self.run.seed << 40) + first + place)
            for place, (piece, rows) in enumerate(zip(images, targets, strict=True))
        ]

    def _micro_batches(self, batch: Batch) -> int:
        """How many of them each rank takes of a step."""
        return len(batch.rows) // (self.run.recipe["micro_batch"] or self.run.recipe["batch"])

    def _segment(self) -> dict[str, Any]:
        """Who trains from here on: the steps from `first` to `last`, so far none."""
        where = {"host": platform.node(), "device": self.ranks.device.type, "slurm": cluster_job()}
        times = {"started": _now(), "ended": _now()}
        return {"first": self.step + 1, "last": self.step, "ranks": self.ranks.world, **where, **times}

    def _count_failures(self, batch: Batch) -> None:
        """Note samples that did not decode; more of them than the recipe allows end the run."""
        self.failed.update(dict(batch.failed))
        self._check_failures()

    def _merge_failures(self) -> None:
        """Learn of those that other ranks have seen."""
        for others in self.ranks.collect(self.failed):
            self.failed.update(others)
        self._check_failures()

    def _check_failures(self) -> None:
        allowed = self.run.recipe["undecodable"]
        count = len(self.failed)
        if count > allowed:
            row, reason = list(self.failed.items())[-1]
            raise TrainingError(
                f"{count} sample{'s' * (count > 1)} did not decode and the recipe allows {allowed} (`undecodable`), "
                f"the last in row {row} of the mixture's index: {reason}"
            )

    def _tell(self, epoch: int) -> None:
        self._settle()
        recipe, done = self.run.recipe, (self.step - 1) % self.run.steps_per_epoch + 1
        log.info(
            "epoch %d/%d  loss %.3f  %s images/s  %.0f %% of the time waiting for data",
            epoch,
            recipe["epochs"],
            self.history.mean(done),
            f"{self.speed.rate():,.0f}",
            100 * self.speed.waiting(),
        )

    def _stopped(self) -> str:
        return (
            f"stopped on request after step {self.step} of {self.run.steps}; the state is kept in {self.folder.path}, "
            "and the same command goes on from there"
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
