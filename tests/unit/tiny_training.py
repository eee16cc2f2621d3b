"""What the tests of training share: runs of a few steps on a few dozen pictures, and single steps on noise."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from datalines.loading.batches import Batch
from datalines.objectives import Objective
from datalines.training.launch import train
from datalines.training.loop import Trainer
from datalines.training.numerics import Numerics
from datalines.training.optimizer import optimizer
from datalines.training.ranks import Ranks
from datalines.training.run import Run
from datalines.training.state import SPEC, Folder
from datalines.training.step import Engine, Part, engine
from tests.unit.tiny_objectives import targets, views
from tests.unit.tiny_runs import SPEC as NETWORK

ALONE = Ranks(0, 1, torch.device("cpu"))
# A network without batch norms: no statistic of it depends on how a batch is cut.
PLAIN: dict[str, Any] = {
    **NETWORK,
    "vision_cfg": {"image_size": 16, "patch_size": 8, "width": 16, "layers": 1, "head_width": 8},
}
OFTEN, NEVER = 0.0, 1e9  # seconds between two states: after every step, or at the ends of epochs only


class PowerError(Exception):
    """The power goes off."""


def run_of(
    manifest: Path, folder: Path, recipe: dict[str, Any], seed: int = 1, workers: int = 0, seconds: float = OFTEN
) -> Run:
    """A run whose state lies in `folder`."""
    identity = {"family": "photo", "size": "full", "seed": seed, "recipe": recipe, "data": "digest"}
    return Run(identity, str(manifest), str(folder), {}, workers, seconds)


def left(folder: Path) -> dict[str, bytes]:
    """What a run is wanted for: kept weights and history."""
    return {
        path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in (".safetensors", ".csv")
    }


def newest(run: Run) -> int | None:
    """The step of a run's newest state, which must be sound."""
    kept = Folder(Path(run.folder), run.identity)
    content = kept.load()
    if content is not None:
        assert all(torch.isfinite(value).all() for value in content["model"].values())
        assert content["step"] == kept.newest() == len(content["history"])
    return kept.newest()


def watch(monkeypatch: pytest.MonkeyPatch, look: Any) -> None:
    """Have `look(trainer, batch)` called before every step."""
    sound = Trainer._one

    def one(trainer: Trainer, batch: Batch) -> None:
        look(trainer, batch)
        sound(trainer, batch)

    monkeypatch.setattr(Trainer, "_one", one)


def interrupt(run: Run, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train until the power goes off in step `step`, counted from 1."""

    def cut_power(trainer: Trainer, batch: Batch) -> None:
        if batch.step + 1 == step:
            raise PowerError

    with monkeypatch.context() as patch:
        watch(patch, cut_power)
        with pytest.raises(PowerError):
            train(run, 1)
    assert (Path(run.folder) / SPEC).is_file()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system refuses to write beyond so many bytes of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def engine_of(of: Objective, recipe: dict[str, Any]) -> Engine:
    """What takes a recipe's steps in this process alone."""
    arithmetic = Numerics(ALONE.device, recipe["precision"])
    return engine(of, optimizer(of.model, recipe["optimizer"]), arithmetic, ALONE, recipe)


def parts(of: Objective, count: int, micro: int, seed: int = 0) -> list[Part]:
    """A batch of noise, cut into micro-batches."""
    pieces = zip(views(of, count, seed).split(micro, dim=1), targets(of, count).split(micro), strict=True)
    return [Part(images, wanted, 100 * seed + place) for place, (images, wanted) in enumerate(pieces)]


def gradients(of: Objective) -> dict[str, torch.Tensor]:
    """The gradients that a backward pass has left."""
    return {name: value.grad.clone() for name, value in of.model.named_parameters() if value.grad is not None}
