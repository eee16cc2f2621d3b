"""The processes of one training run: what they tell each other. One process alone needs no group."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

from datalines.training.numerics import device

# A rank that waits longer than this for the others has lost them. Rank 0 hashes all shards while the others wait.
PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class Ranks:
    """This process among those of its run."""

    rank: int
    world: int
    device: torch.device

    @property
    def main(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """The rows (n, ...) of all ranks in their order (world x n, ...), without gradients."""
        if self.world == 1:
            return rows.detach()
        found = [torch.empty_like(rows) for _ in range(self.world)]
        distributed.all_gather(found, rows.detach().contiguous())
        return torch.cat(found)

    def add(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all ranks, in place."""
        if self.world > 1:
            distributed.all_reduce(values)
        return values

    def any(self, flags: Sequence[bool]) -> list[bool]:
        """For each flag, whether any rank has set it. It goes through the CPU and waits for no GPU."""
        if self.world == 1:
            return list(flags)
        raised = torch.tensor(flags, dtype=torch.int32)
        distributed.all_reduce(raised, distributed.ReduceOp.MAX)
        return [bool(flag) for flag in raised]

    def collect(self, value: Any) -> list[Any]:
        """The values (plain data) of all ranks in their order."""
        if self.world == 1:
            return [value]
        found: list[Any] = [None] * self.world
        distributed.all_gather_object(found, value)
        return found

    def wait(self) -> None:
        """Wait until all ranks are here."""
        if self.world > 1:
            self.any([False])


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes that torchrun started with this one (its RANK, WORLD_SIZE and LOCAL_RANK), or be alone."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks(0, 1, device())
        return
    where = device(int(os.environ["LOCAL_RANK"]))
    if where.type == "cuda":
        torch.cuda.set_device(where)
    backend = "cpu:gloo,cuda:nccl" if where.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=PATIENCE)
    # An error leaves the group as it is: the process ends, and with it the others' waiting.
    yield Ranks(distributed.get_rank(), world, where)
    distributed.barrier()
    distributed.destroy_process_group()
