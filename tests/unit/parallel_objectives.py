"""One rank of a data-parallel training of every kind of objective: `python -m tests.unit.parallel_objectives RANK WORLD
FOLDER`. Rank 0 leaves losses and weights in the folder."""

import sys
from pathlib import Path

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from tests.unit.test_objectives_base import KINDS
from tests.unit.tiny_objectives import spend
from tests.unit.tiny_runs import objective


def main(rank: int, world: int, folder: Path) -> None:
    """Train for some steps of a batch that is the same on all ranks."""
    distributed.init_process_group("gloo", f"file://{folder / 'meeting'}", rank=rank, world_size=world)
    for name, of in KINDS.items():
        ours = objective(of())
        losses = spend(ours, model=DistributedDataParallel(ours.model))
        if rank == 0:
            torch.save({"losses": losses, "state": ours.model.state_dict()}, folder / f"{name}.pt")
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
