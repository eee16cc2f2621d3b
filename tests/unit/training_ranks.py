"""Trains by several recipes on some ranks of this machine: `python -m tests.unit.training_ranks WORLD MANIFEST FOLDER`.

Each case of CASES leaves its run in the folder under its name, and a second one under `<name>, stopped` where it was
interrupted and gone on with. The ranks are forked from one process, so that torch is loaded once.
"""

import json
import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from datalines.errors import TrainingError
from datalines.loading.batches import Batch
from datalines.training.loop import Trainer
from datalines.training.numerics import Numerics
from datalines.training.optimizer import optimizer
from datalines.training.ranks import Ranks, joined
from datalines.training.run import execute
from datalines.training.step import engine, one_step
from tests.unit.test_objectives_base import SimClr
from tests.unit.tiny_runs import recipe, supervised
from tests.unit.tiny_training import NEVER, OFTEN, PLAIN, PowerError, parts, run_of

SHORT: dict[str, Any] = {"epochs": 2, "keep": [2]}
STOPPED = ", stopped"
DROPOUT: dict[str, Any] = {**PLAIN, "vision_cfg": {**PLAIN["vision_cfg"], "patch_dropout": 0.5}}
CASES: dict[int, dict[str, Callable[[], dict[str, Any]]]] = {
    2: {
        "clip": lambda: recipe(**SHORT, micro_batch=4),
        "supervised": lambda: supervised(**SHORT, micro_batch=4, head="prototype"),
        "clip, bf16": lambda: recipe(**SHORT, micro_batch=4, precision="bf16"),
        "clip, dropout": lambda: {**recipe(**SHORT, micro_batch=4), "model_spec": DROPOUT},
        "clip, locked image": lambda: recipe(**SHORT, micro_batch=4, frozen=["image"]),
        "supervised, locked": lambda: supervised(**SHORT, micro_batch=4, frozen=["image"]),
        "clip, local loss": lambda: recipe(**SHORT, micro_batch=4, local_loss=True),
        "clip, only own gradients": lambda: recipe(
            **SHORT, micro_batch=4, local_loss=True, gather_with_grad=False, grad_clip=None
        ),
        "clip, four parts": lambda: recipe(**SHORT, micro_batch=2),
        "supervised, four parts": lambda: supervised(**SHORT, micro_batch=2),
    },
    4: {
        "clip, four parts": lambda: recipe(**SHORT, micro_batch=2),
        "supervised, four parts": lambda: supervised(**SHORT, micro_batch=2),
    },
}
INTERRUPTED = {2: ("clip",), 4: ("clip, four parts", "supervised, four parts")}


def case(name: str, ranks: Ranks, manifest: Path, folder: Path) -> None:
    """Train by a recipe without a pause, and where it is asked for with one in the fifth step."""
    of = CASES[ranks.world][name]()
    execute(run_of(manifest, folder / name, of, seconds=NEVER), ranks)
    if name in INTERRUPTED[ranks.world]:
        run = run_of(manifest, folder / f"{name}{STOPPED}", of, seconds=OFTEN)
        with patch.object(Trainer, "_one", interrupted), suppress(PowerError):
            execute(run, ranks)
        execute(run, ranks)


def interrupted(trainer: Trainer, batch: Batch, one: Callable[[Trainer, Batch], None] = Trainer._one) -> None:
    """A step, but for the fifth."""
    if batch.step == 4:
        raise PowerError
    one(trainer, batch)


def spoilt(ranks: Ranks, manifest: Path, folder: Path) -> dict[str, Any]:
    """Train on a mixture with two samples that do not decode, which two ranks meet in the first step."""
    found = {}
    for allowed in (1, 2):
        of = recipe(epochs=1, keep=[1], micro_batch=4, undecodable=allowed)
        try:
            execute(run_of(manifest, folder / f"allowed {allowed}", of, seconds=NEVER), ranks)
        except TrainingError as error:
            found[str(allowed)] = str(error)
    return {"spoilt": ranks.collect(found)}


def told(ranks: Ranks) -> dict[str, Any]:
    """What the ranks tell each other."""
    mine = torch.full((2, 3), float(ranks.rank), requires_grad=True)
    gathered = ranks.gather(mine)
    return {
        "gathered": gathered.tolist(),
        "with gradient": gathered.requires_grad,
        "sum": ranks.add(torch.tensor([1.0, float(ranks.rank)])).tolist(),
        "any": ranks.any([False, ranks.rank == ranks.world - 1, True]),
        "collected": ranks.collect({"rank": ranks.rank}),
        "main": ranks.collect(ranks.main),
    }


def two_views(ranks: Ranks) -> dict[str, Any]:
    """Losses of an objective of two views on the same batch; each rank has its share of the micro-batches."""
    torch.manual_seed(0)
    ours = SimClr()
    of = recipe(grad_clip=None)
    machine = engine(ours, optimizer(ours.model, of["optimizer"]), Numerics(ranks.device, "fp32"), ranks, of)
    ours.train()
    pieces = parts(ours, 8, 4)
    share = len(pieces) // ranks.world
    own = pieces[ranks.rank * share : (ranks.rank + 1) * share]
    return {"two views": [one_step(machine, own).item() for _ in range(3)]}


def work(manifest: Path, bad: Path, folder: Path) -> None:
    """Everything that one rank does."""
    torch.set_num_threads(1)
    with joined() as ranks:
        for name in CASES[ranks.world]:
            case(name, ranks, manifest, folder)
        found = told(ranks)
        if ranks.world == 2:
            found |= two_views(ranks) | spoilt(ranks, bad, folder)
        if ranks.main:
            (folder / "told.json").write_text(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # as the ranks of a run do


def rank(number: int, world: int, port: int, *paths: Path) -> None:
    """Be one of the ranks."""
    os.environ |= {"RANK": str(number), "WORLD_SIZE": str(world), "LOCAL_RANK": str(number)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    work(*paths)


def main(world: int, *paths: Path) -> int:
    """Fork the ranks and wait for them; the exit status of the worst."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("fork")
    ranks = [context.Process(target=rank, args=(number, world, port, *paths)) for number in range(world)]
    for one in ranks:
        one.start()
    for one in ranks:
        one.join(timeout=240)
        one.kill()
    return max(abs(one.exitcode or 0) for one in ranks)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *map(Path, sys.argv[2:])))
