"""What a run has seen: for each epoch the samples of each source, and a digest of all samples in their order.

The digest is the sum, modulo 2^256, of one sha256 for each micro-batch: of the step in the run, the micro-batch's place
in that step, and its rows of the mixture's index in their order. A sum can be taken by several ranks, each of its own
micro-batches, and go on after a stop, and does not depend on how many ranks there are. Rows stand for ids: the index is
fixed by the mixture's `order_sha256`.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from datalines.loading.order import Order

Rows = npt.NDArray[np.int64]
_MODULUS = 1 << 256


class Seen:
    """A tally of samples. `micro_batch` is the number of samples in one forward pass."""

    def __init__(self, order: Order, micro_batch: int) -> None:
        self._order, self._size = order, micro_batch
        self._pools = list(dict.fromkeys(shard.pool for shard in order.shards))
        self._numbers = np.array([self._pools.index(shard.pool) for shard in order.shards], dtype=np.int64)
        self._own: dict[int, dict[str, Any]] = {}
        self._all: dict[int, dict[str, Any]] = {}

    def add(self, epoch: int, step: int, first: int, rows: Rows) -> None:
        """Take in the rows of whole micro-batches of step `step` (from 0 over the run), the first of them micro-batch
        `first` of that step."""
        digest = 0
        for place, start in enumerate(range(0, len(rows), self._size), first):
            part = np.ascontiguousarray(rows[start : start + self._size], dtype="<i8")
            digest += int.from_bytes(hashlib.sha256(b"%d %d\n" % (step, place) + part.tobytes()).digest(), "big")
        counts = np.bincount(self._numbers[self._order.shards_of(rows)], minlength=len(self._pools)).tolist()
        _add(self._own, epoch, len(rows), dict(zip(self._pools, counts, strict=True)), digest)

    def settle(self, collect: Callable[[Any], list[Any]]) -> None:
        """Add up what all ranks have taken in since the last call; `collect` gives the value of each of them."""
        for part in collect(_plain(self._own)):
            self.restore(part)
        self._own = {}

    def restore(self, listed: Iterable[dict[str, Any]]) -> None:
        """Take in what `listed` gave before."""
        for entry in listed:
            _add(self._all, entry["epoch"], entry["samples"], entry["sources"], int(entry["order_sha256"], 16))

    def listed(self) -> list[dict[str, Any]]:
        """For each epoch, as of the last `settle`: epoch, samples, sources {pool: samples}, order_sha256."""
        return _plain(self._all)


def _add(tally: dict[int, dict[str, Any]], epoch: int, samples: int, sources: dict[str, int], digest: int) -> None:
    entry = tally.setdefault(epoch, {"samples": 0, "sources": {}, "digest": 0})
    entry["samples"] += samples
    entry["digest"] = (entry["digest"] + digest) % _MODULUS
    for pool, count in sources.items():
        entry["sources"][pool] = entry["sources"].get(pool, 0) + count


def _plain(tally: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "epoch": epoch,
            "samples": entry["samples"],
            "sources": dict(entry["sources"]),
            "order_sha256": f"{entry['digest']:064x}",
        }
        for epoch, entry in sorted(tally.items())
    ]
