"""One training run on one rank, from a description that can be handed to other processes as JSON."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import torch

from datalines.errors import NO_SPACE, TrainingError
from datalines.files import read_json, write_csv, write_json
from datalines.loading.batches import Batches, Slice
from datalines.loading.decoders import decoder
from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.loading.seen import Seen
from datalines.objectives import Objective, build
from datalines.training import numerics
from datalines.training.loop import Trainer
from datalines.training.optimizer import optimizer
from datalines.training.ranks import Ranks
from datalines.training.schedule import plan
from datalines.training.state import Clock, Folder
from datalines.training.step import engine
from datalines.training.stopping import listening
from datalines.training.weights import save_weights, weights_name

log = logging.getLogger(__name__)
OUTCOME, HISTORY, CHECKED, SEGMENTS = "outcome.json", "history.csv", "checked.json", "segments.json"


@dataclass(frozen=True)
class Run:
    """What a run is (`identity` with recipe, seed and digest of the data), where things lie, and how many workers each
    rank's loader has. `weights` are initial weights by part."""

    identity: dict[str, Any]
    manifest: str
    folder: str
    weights: dict[str, str]
    workers: int
    checkpoint_seconds: float

    @property
    def recipe(self) -> dict[str, Any]:
        """How it is trained."""
        return dict(self.identity["recipe"])

    def as_json(self) -> dict[str, Any]:
        """Plain data, from which `Run(**data)` is the same again."""
        return asdict(self)


def prepare(recipe: dict[str, Any], seed: int, weights: dict[str, str], device: torch.device) -> Objective:
    """The objective on a device, its random weights drawn from the seed (on the CPU, so that they are the same for
    every device)."""
    torch.manual_seed(seed)
    objective = build(recipe, {part: Path(path) for part, path in weights.items()})
    memory = torch.channels_last if recipe["channels_last"] else torch.contiguous_format
    objective.model.to(device=device, memory_format=memory)  # type: ignore[call-overload]
    return objective


def execute(run: Run, ranks: Ranks) -> Trainer:
    """Train to the end from wherever the state is. Kept weights, history and outcome are left in the run's folder.

    Raises a StoppedError after a request to stop, and a TrainingError for data, weights or losses that are not as they
    should be; in any case the last good state stays.
    """
    recipe, seed = run.recipe, int(run.identity["seed"])
    manifest, folder = Path(run.manifest), Folder(Path(run.folder), run.identity)
    if ranks.main:
        folder.claim()
    contents = checked(manifest, folder.path, ranks)
    length = plan(recipe, seed, contents.samples)
    arithmetic = numerics.prepare(recipe, ranks.device)
    objective = prepare(recipe, seed, run.weights, ranks.device)
    if ranks.main and "class_names" in recipe:
        check_labels(objective, manifest)
    machine = engine(objective, optimizer(objective.model, recipe["optimizer"]), arithmetic, ranks, recipe)
    order = Order(contents.shards, contents.digest, seed, recipe["shuffle_window"])
    trainer = Trainer(objective, length, machine, folder, Seen(order, recipe["micro_batch"] or recipe["batch"]))
    if trainer.restore() and ranks.main:
        log.info("continuing after step %d of %d", trainer.step, length.steps)
    elif ranks.main:
        log.info("%d samples, %d steps of %d", contents.samples, length.steps, recipe["batch"])
    with enough_space(folder):
        with listening() as stop:
            for epoch in trainer.train(batches(run, contents, order, trainer), stop, Clock(run.checkpoint_seconds)):
                if epoch in recipe["keep"] and ranks.main:
                    keep(run, trainer, epoch)
                trainer.save()
        if ranks.main:
            write_csv(folder.path / HISTORY, trainer.history.frame(recipe["batch"]))
            if trainer.noted:
                write_json(folder.path / SEGMENTS, trainer.segments)
            write_json(folder.path / OUTCOME, outcome(contents, trainer))
    ranks.wait()
    return trainer


def checked(manifest: Path, folder: Path, ranks: Ranks) -> Contents:
    """The mixture, every byte of which rank 0 has compared with the manifest; what it objects to ends all ranks.

    A run that goes on looks only at files whose size, time or inode are others than when it began: hashing a terabyte
    again after each preemption would keep GPUs waiting for minutes.
    """
    stamp, seen = folder / CHECKED, {}
    if ranks.main:
        content = read_json(manifest)
        entries = [content["index"], *content["shards"]]
        seen = {entry["path"]: _looks(manifest.parent / entry["path"]) for entry in entries}
    known = ranks.main and stamp.is_file() and read_json(stamp) == seen
    contents = Contents.open(manifest, check=ranks.main and not known)
    if ranks.main and not known:
        write_json(stamp, seen)
    ranks.wait()
    return contents


def check_labels(objective: Objective, manifest: Path) -> None:
    """A label that a supervised objective does not know is its error now, and not in the step that meets it."""
    labels = pq.read_table(manifest.with_name("index.parquet"), columns=["label"])["label"].unique().to_pylist()
    objective.targets([""] * len(labels), labels)


def _looks(path: Path) -> list[int]:
    found = path.stat() if path.is_file() else None
    return [] if found is None else [found.st_size, found.st_mtime_ns, found.st_ino]


def batches(run: Run, contents: Contents, order: Order, trainer: Trainer) -> Batches:
    """The batches of a rank from the trainer's step on."""
    recipe, seed, objective, ranks = run.recipe, int(run.identity["seed"]), trainer.objective, trainer.ranks
    return Batches(
        contents,
        order,
        Slice(recipe["batch"], recipe["micro_batch"] or recipe["batch"], ranks.rank, ranks.world, recipe["epochs"]),
        objective.image_size,
        recipe["augmentation"],
        seed,
        objective.views,
        objective.targets,
        recipe["decoder"],
        run.workers,
        trainer.step,
        pin=ranks.device.type == "cuda",
    )


def keep(run: Run, trainer: Trainer, epoch: int) -> None:
    """Write the weights of an epoch that the recipe keeps."""
    content = {**run.recipe, "run": run.identity, "epoch": epoch, "samples_seen": trainer.step * run.recipe["batch"]}
    save_weights(Path(run.folder) / weights_name(epoch), trainer.objective.model, content)


def outcome(contents: Contents, trainer: Trainer) -> dict[str, Any]:
    """What the run's summary is told by the ranks."""
    length = trainer.run
    return {
        "samples": contents.samples,
        "samples_seen": length.steps * length.recipe["batch"],
        "steps": length.steps,
        "ranks": trainer.ranks.world,
        **numerics.declared(length.recipe, trainer.ranks.device),
        "parameters": sum(value.numel() for value in trainer.objective.model.parameters()),
        "decoder": decoder(length.recipe["decoder"]).identity,
        "seen": trainer.seen.listed() if trainer.noted else None,
        "undecodable": [{"row": row, "reason": reason} for row, reason in sorted(trainer.failed.items())],
    }


def finished(folder: Path) -> dict[str, Any] | None:
    """The outcome of a run that came to its end; None if it did not."""
    path = folder / OUTCOME
    return dict(read_json(path)) if path.is_file() else None


@contextmanager
def enough_space(folder: Folder) -> Iterator[None]:
    """A full disk is a TrainingError that says what is kept."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise TrainingError(
            f"no space is left on the disk of {folder.path}; {folder.kept()}. Free some and run the same command, "
            "which goes on from there"
        ) from error
