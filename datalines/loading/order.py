"""The order of the samples: a pure function of (shards, digest, seed, window), whoever reads them.

Two levels keep reads sequential and memory bounded: the shards of an epoch are permuted, and consecutive shards form
blocks, in which all samples are permuted. Shards are permuted by pool and merged evenly, so that every stretch of
shards holds the mixture's shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datalines.errors import DatalinesError
from datalines.loading.keys import fractions, permutation

KEPT_EPOCHS = 2  # a reader looks one block ahead, over the end of an epoch
KEPT_BLOCKS = 3


@dataclass(frozen=True)
class Shard:
    """A mixture's shard: its file name, the pool that its samples are from, and how many they are."""

    name: str
    pool: str
    samples: int


def listed(manifest: dict[str, Any]) -> tuple[Shard, ...]:
    """The shards that a mixture's manifest lists; where it names no pools, all are of the mixture."""
    return tuple(
        Shard(entry["path"], entry.get("pool", manifest["mixture"]), entry["samples"]) for entry in manifest["shards"]
    )


@dataclass(frozen=True)
class Block:
    """Consecutive shards of an epoch: positions first..first+samples hold their samples, permuted.

    `shards` are places in the list of shards.
    """

    first: int
    samples: int
    shards: tuple[int, ...]

    @property
    def end(self) -> int:
        """The position after the last."""
        return self.first + self.samples


class Order:
    """Which sample stands at which position of an epoch.

    `digest` names the data (a mixture's `order_sha256`), `window` is the least number of samples in a block, the last
    block's too unless there is only one. Memory: 8 bytes for each sample of a few blocks.
    """

    def __init__(self, shards: Sequence[Shard], digest: str, seed: int, window: int) -> None:
        if window < 1:
            raise DatalinesError(f"shuffle_window is {window}: write at least 1")
        self.shards, self.digest, self.seed, self.window = tuple(shards), digest, seed, window
        self._firsts = np.cumsum([0, *(shard.samples for shard in self.shards)])
        self.samples = int(self._firsts[-1])
        self._blocks: dict[int, list[Block]] = {}
        self._permuted: dict[tuple[int, int], npt.NDArray[np.int64]] = {}

    def blocks(self, epoch: int) -> list[Block]:
        """The blocks of an epoch (from 1), in their order."""
        if epoch not in self._blocks:
            if len(self._blocks) >= KEPT_EPOCHS:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[epoch] = self._grouped(self._shard_order(epoch))
        return self._blocks[epoch]

    def rows(self, epoch: int, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Rows of the index at positions start..stop of an epoch (from 1); they may span blocks."""
        if not 0 <= start <= stop <= self.samples:
            raise ValueError(f"positions {start}..{stop} of {self.samples}")
        blocks = self.blocks(epoch)
        found = [np.empty(0, dtype=np.int64)]
        place = int(np.searchsorted([block.first for block in blocks], start, side="right")) - 1
        while start < stop:
            block = blocks[place]
            end = min(stop, block.end)
            found.append(self._block_rows(epoch, place)[start - block.first : end - block.first])
            start, place = end, place + 1
        return np.concatenate(found)

    def shards_of(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The shards, as places in the list, that hold rows of the index."""
        return np.searchsorted(self._firsts, rows, side="right") - 1

    def _shard_order(self, epoch: int) -> list[int]:
        """All shards that hold samples; those of each pool at even distances, measured in samples."""
        pools: dict[str, list[int]] = {}
        for place, shard in enumerate(self.shards):
            if shard.samples:
                pools.setdefault(shard.pool, []).append(place)
        found: list[tuple[float, int]] = []
        for pool, places in pools.items():
            key = (self.digest, self.seed, epoch, pool)
            permuted = [places[entry] for entry in permutation("shards", *key, count=len(places))]
            shift = float(fractions("shift", *key, count=1)[0])
            sizes = np.array([self.shards[place].samples for place in permuted])
            ends = np.cumsum(sizes)
            found += zip(((ends - (1 - shift) * sizes) / ends[-1]).tolist(), permuted, strict=True)
        return [place for _, place in sorted(found)]

    def _grouped(self, shards: list[int]) -> list[Block]:
        """Blocks of at least `window` samples; what is left at the end joins the block before it."""
        groups: list[list[int]] = []
        size = self.window
        for place in shards:
            if size >= self.window:
                groups.append([])
                size = 0
            groups[-1].append(place)
            size += self.shards[place].samples
        if size < self.window and len(groups) > 1:
            tail = groups.pop()
            groups[-1] += tail
        blocks: list[Block] = []
        for group in groups:
            first = blocks[-1].end if blocks else 0
            blocks.append(Block(first, sum(self.shards[place].samples for place in group), tuple(group)))
        return blocks

    def _block_rows(self, epoch: int, place: int) -> npt.NDArray[np.int64]:
        """All rows of a block in their order."""
        if (epoch, place) not in self._permuted:
            if len(self._permuted) >= KEPT_BLOCKS:
                del self._permuted[next(iter(self._permuted))]
            block = self.blocks(epoch)[place]
            rows = np.concatenate([np.arange(*self._firsts[shard : shard + 2]) for shard in block.shards])
            order = permutation("samples", self.digest, self.seed, epoch, place, count=len(rows))
            self._permuted[epoch, place] = rows[order]
        return self._permuted[epoch, place]


def shares(order: Order, shards: Sequence[Shard], steps: int, batch: int) -> npt.NDArray[np.float64]:
    """Shares of the pools in each of a run's first `steps` global batches: shape (steps, pools), rows sum to 1.

    Pools stand in the order in which the shards name them first. Errors: fewer samples than one batch.
    """
    in_epoch = batches_in(order.samples, batch)
    pools = list(dict.fromkeys(shard.pool for shard in shards))
    numbers = np.array([pools.index(shard.pool) for shard in shards])
    found = np.empty((steps, len(pools)))
    for step in range(steps):
        start = step % in_epoch * batch
        rows = order.rows(step // in_epoch + 1, start, start + batch)
        found[step] = np.bincount(numbers[order.shards_of(rows)], minlength=len(pools)) / batch
    return found


def batches_in(samples: int, batch: int) -> int:
    """Steps of an epoch. All batches are full: the remainder is left out, another one each epoch."""
    if samples < batch:
        raise DatalinesError(
            f"the mixture holds {samples} samples, fewer than one batch of {batch}: lower `batch` or enlarge it"
        )
    return samples // batch
