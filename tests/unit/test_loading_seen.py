"""What a run has seen: the same for any number of ranks and after any stop, and another for any other order."""

from typing import Any

import numpy as np
import pytest

from datalines.loading.order import Order, Shard
from datalines.loading.seen import Seen

SHARDS = [Shard("0.tar", "red", 5), Shard("1.tar", "blue", 4), Shard("2.tar", "red", 7)]
ORDER = Order(SHARDS, "digest", 0, 6)


def tally(*steps: tuple[int, int, int, list[int]], micro: int = 2) -> list[dict[str, Any]]:
    """What (epoch, step, first micro-batch, rows) come to."""
    seen = Seen(ORDER, micro)
    for epoch, step, first, rows in steps:
        seen.add(epoch, step, first, np.array(rows, dtype=np.int64))
    seen.settle(lambda value: [value])
    return seen.listed()


def test_samples_are_counted_by_source() -> None:
    (entry,) = tally((1, 0, 0, [0, 4, 5, 8]))
    assert (entry["epoch"], entry["samples"], entry["sources"]) == (1, 4, {"red": 2, "blue": 2})


def test_the_digest_is_one_for_good() -> None:
    """Results that are there already must still be proved by it."""
    (entry,) = tally((1, 0, 0, [0, 4, 5, 8]), (1, 1, 0, [9, 1, 2, 3]))
    assert entry["order_sha256"] == "d2aaee103c46521e15fb0284b74f5eef2d5b19d5dd66a582686b29ddd90e8c6a"


@pytest.mark.parametrize(
    "other",
    [
        [(1, 0, 0, [4, 0, 5, 8])],
        [(1, 0, 0, [5, 8, 0, 4])],
        [(1, 1, 0, [0, 4, 5, 8])],
        [(1, 0, 1, [0, 4, 5, 8])],
        [(1, 0, 0, [0, 4, 5, 7])],
    ],
)
def test_any_other_order_has_another_digest(other: list[tuple[int, int, int, list[int]]]) -> None:
    assert tally(*other)[0]["order_sha256"] != tally((1, 0, 0, [0, 4, 5, 8]))[0]["order_sha256"]


def gathered(ranks: list[Seen]) -> list[Any]:
    """What each rank has taken in since the last time."""
    parts: list[Any] = []

    def collect(own: Any) -> list[Any]:
        parts.append(own)
        return []

    for seen in ranks:
        seen.settle(collect)
    return parts


@pytest.mark.parametrize("world", [1, 2, 4])
def test_ranks_and_stops_make_no_difference(world: int) -> None:
    batch, share = 8, 8 // world
    alone, whole, ranks = Seen(ORDER, 2), Seen(ORDER, 2), [Seen(ORDER, 2) for _ in range(world)]
    for step in range(4):
        epoch, start = step // 2 + 1, step % 2 * batch
        rows = ORDER.rows(epoch, start, start + batch)
        alone.add(epoch, step, 0, rows)
        for rank, seen in enumerate(ranks):
            seen.add(epoch, step, rank * share // 2, rows[rank * share : (rank + 1) * share])
        if step == 2:  # the run is stopped, and goes on from what was saved
            whole.settle(lambda _: gathered(ranks))
            saved, whole = whole.listed(), Seen(ORDER, 2)
            whole.restore(saved)
    whole.settle(lambda _: gathered(ranks))
    alone.settle(lambda own: [own])
    assert whole.listed() == alone.listed()
    assert [entry["samples"] for entry in alone.listed()] == [16, 16]
