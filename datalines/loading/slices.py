"""Who takes which part of a run: global batches are cut into ranks' slices, and a rank's steps are dealt to workers.

Everything here is arithmetic on (step, rank, worker), so every process knows what every other one takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from datalines.errors import DatalinesError
from datalines.loading.order import Block, batches_in


@dataclass(frozen=True)
class Slice:
    """One rank's part of every global batch of a run: `batch` samples in all, `micro_batch` in one forward pass.

    A batch is cut into batch / micro_batch micro-batches, of which each of `world` ranks takes equally many, in a row.
    """

    batch: int
    micro_batch: int
    rank: int
    world: int
    epochs: int

    def __post_init__(self) -> None:
        if min(self.batch, self.micro_batch, self.world, self.epochs) < 1 or not 0 <= self.rank < self.world:
            raise DatalinesError(f"{self}: batch, micro_batch, world and epochs must be at least 1, rank below world")
        if self.batch % self.micro_batch:
            raise DatalinesError(
                f"batch is {self.batch}, which is no multiple of micro_batch {self.micro_batch}: "
                "write a micro_batch that divides it"
            )
        parts = self.batch // self.micro_batch
        if parts % self.world:
            raise DatalinesError(
                f"a batch of {self.batch} is {parts} micro-batches of {self.micro_batch}, which {self.world} ranks "
                f"cannot share equally: write a micro_batch that divides {self.batch}/{self.world}, or use other ranks"
            )

    @property
    def own(self) -> int:
        """Samples of each global batch that this rank takes."""
        return self.batch // self.world

    def steps_in(self, samples: int) -> int:
        """Steps of one epoch; fewer samples than one batch is an error."""
        return batches_in(samples, self.batch)

    def positions(self, step: int) -> tuple[int, int]:
        """First position of this rank in step `step` of an epoch (from 0), and the one after its last."""
        start = step * self.batch + self.rank * self.own
        return start, start + self.own


@dataclass(frozen=True)
class Part:
    """What one of a rank's workers takes of a run: every `workers`-th step from `first + worker` on.

    `samples` are those of the mixture. Steps count from 0 over all epochs.
    """

    cut: Slice
    samples: int
    first: int = 0
    worker: int = 0
    workers: int = 1

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch."""
        return self.cut.steps_in(self.samples)

    def steps(self) -> range:
        """The steps that this worker makes, in their order."""
        return range(self.first + self.worker, self.steps_per_epoch * self.cut.epochs, self.workers)

    def within(self, epoch: int, block: Block) -> Iterator[tuple[int, int]]:
        """Positions (start, stop) inside a block of an epoch that this worker's steps hold, ascending."""
        in_epoch = self.steps_per_epoch
        before = (epoch - 1) * in_epoch
        last = min((block.end - 1) // self.cut.batch, in_epoch - 1)
        own = self.steps()
        for step in range(block.first // self.cut.batch, last + 1):
            if before + step in own:
                start, stop = self.cut.positions(step)
                start, stop = max(start, block.first), min(stop, block.end)
                if start < stop:
                    yield start, stop
