"""The order depends on (shards, digest, seed, window, epoch) alone, reads stay close together, and pools stay mixed."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.loading.keys import permutation
from datalines.loading.order import Order, Shard, shares

ROOT = Path(__file__).parents[2]
GOLDEN = [0, 7, 5, 11, 2, 6, 4, 10, 8, 1, 9, 3]
GOLDEN_ROWS = [6, 13, 12, 7, 5, 14, 11, 15, 4, 8, 2, 10, 9, 0, 17, 16, 3, 1]
SIZES = st.lists(st.integers(0, 30), min_size=1, max_size=12)


def shards(*sizes: int, pool: str = "yfcc") -> list[Shard]:
    return [Shard(f"{pool}-{number}", pool, size) for number, size in enumerate(sizes)]


def two_pools(first: int = 40, second: int = 120, size: int = 50) -> list[Shard]:
    """A quarter and three quarters, in shards of `size` and a shorter last one each."""
    return [*shards(*[size] * first, 7, pool="yfcc"), *shards(*[size] * second, 21, pool="laion")]


def epoch_rows(order: Order, epoch: int) -> list[int]:
    return order.rows(epoch, 0, order.samples).tolist()


@given(SIZES, st.integers(1, 60), st.integers(1, 3))
def test_an_epoch_holds_every_sample_once(sizes: list[int], window: int, epoch: int) -> None:
    order = Order(shards(*sizes), "digest", 0, window)
    assert sorted(epoch_rows(order, epoch)) == list(range(sum(sizes)))


@given(SIZES, st.integers(1, 60))
def test_blocks_are_whole_shards_of_at_least_a_window(sizes: list[int], window: int) -> None:
    order = Order(shards(*sizes), "digest", 3, window)
    blocks = order.blocks(1)
    assert sorted(place for block in blocks for place in block.shards) == [n for n, size in enumerate(sizes) if size]
    for number, block in enumerate(blocks):
        assert block.first == sum(other.samples for other in blocks[:number])
        assert block.samples == sum(sizes[place] for place in block.shards)
        assert block.samples >= window or len(blocks) == 1
        held = order.shards_of(order.rows(1, block.first, block.end))
        assert Counter(held.tolist()) == {place: sizes[place] for place in block.shards}
    # No block could have ended one shard earlier, but for the last, which takes in what is left.
    for block in blocks[:-1]:
        assert block.samples - sizes[block.shards[-1]] < window


@given(st.data())
def test_any_stretch_is_a_part_of_the_whole(data: st.DataObject) -> None:
    order = Order(shards(9, 4, 0, 17, 6, 11), "digest", 1, 10)
    start = data.draw(st.integers(0, order.samples))
    stop = data.draw(st.integers(start, order.samples))
    fresh = Order(order.shards, "digest", 1, 10)
    assert fresh.rows(2, start, stop).tolist() == epoch_rows(order, 2)[start:stop]


@pytest.mark.parametrize(("digest", "seed", "epoch"), [("other", 0, 1), ("data", 1, 1), ("data", 0, 2)])
def test_digest_seed_and_epoch_each_change_shards_and_samples(digest: str, seed: int, epoch: int) -> None:
    usual, other = Order(shards(*[20] * 12), "data", 0, 40), Order(shards(*[20] * 12), digest, seed, 40)
    assert [block.shards for block in usual.blocks(1)] != [block.shards for block in other.blocks(epoch)]
    one, another = Order(shards(50), "data", 0, 40), Order(shards(50), digest, seed, 40)
    assert epoch_rows(one, 1) != epoch_rows(another, epoch)


def test_seed_and_epoch_are_not_run_together() -> None:
    given = shards(*[10] * 5)
    assert epoch_rows(Order(given, "data", 1, 1), 11) != epoch_rows(Order(given, "data", 11, 1), 1)


def test_blocks_of_an_epoch_are_permuted_differently() -> None:
    order = Order(shards(*[30] * 4), "data", 0, 30)
    inside = {tuple(order.rows(1, block.first, block.end) % 30) for block in order.blocks(1)}
    assert len(inside) == 4


def test_order_is_the_same_in_another_process() -> None:
    code = (
        "from datalines.loading.order import Order, Shard; "
        "print(Order([Shard(str(n), 'ab'[n % 2], 5) for n in range(9)], 'data', 3, 12).rows(2, 0, 45).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    order = Order([Shard(str(n), "ab"[n % 2], 5) for n in range(9)], "data", 3, 12)
    assert done.stdout.strip() == str(epoch_rows(order, 2))


def test_order_is_the_one_that_earlier_runs_had() -> None:
    """A run that goes on after an update must see the samples that it would have seen."""
    assert permutation("data", 0, 1, count=12).tolist() == GOLDEN
    order = Order([*shards(4, 4, 3, pool="a"), *shards(5, 2, pool="b")], "data", 7, 6)
    assert epoch_rows(order, 2) == GOLDEN_ROWS


def test_another_remainder_is_left_out_in_every_epoch() -> None:
    order = Order(shards(*[5] * 6), "data", 0, 8)
    assert len({frozenset(order.rows(epoch, 24, 30).tolist()) for epoch in range(1, 6)}) == 5


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(0, 50))
def test_every_beginning_of_the_shards_holds_the_shares(first: int, second: int, size: int, seed: int) -> None:
    """Of the samples in the first shards, a pool's are within its largest shard, and its share of one largest shard of
    every pool, of what its share says."""
    given = two_pools(first, second, size)
    order = Order(given, "data", seed, 1)
    total = Counter[str]()
    for shard in given:
        total[shard.pool] += shard.samples
    largest = {pool: max(shard.samples for shard in given if shard.pool == pool) for pool in total}
    seen = Counter[str]()
    for block in order.blocks(1):
        for place in block.shards:
            seen[given[place].pool] += given[place].samples
        for pool, count in total.items():
            share = count / order.samples
            bound = largest[pool] + share * sum(largest.values())
            assert abs(seen[pool] - share * seen.total()) <= bound + 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_the_first_hundred_batches_hold_the_declared_shares(seed: int) -> None:
    """Within a block, a batch is a draw without replacement: 5 standard deviations of it, beside what the block itself
    may be off, which is two largest shards of either pool (the bound above at both of its ends)."""
    given, batch, window = two_pools(), 64, 2000
    order = Order(given, "data", seed, window)
    share = np.array([40 * 50 + 7, 120 * 50 + 21]) / order.samples
    found = shares(order, given, 100, batch)
    assert found.shape == (100, 2)
    assert np.allclose(found.sum(axis=1), 1)
    off = 2 * (50 + share * 100) / window
    assert (abs(found - share) <= off + 5 * np.sqrt(share * (1 - share) / batch)).all()
    assert (abs(found.mean(axis=0) - share) <= off * window / 6400 + 5 * np.sqrt(share * (1 - share) / 6400)).all()


def test_without_mixing_within_a_batch_the_shares_would_be_missed() -> None:
    """The bound above is not so wide that batches of single pools would pass."""
    given = two_pools()
    alone = shares(Order(given, "data", 0, 1), given, 100, 50)
    assert abs(alone[:, 0] - 0.25).max() > 0.5


def test_shares_go_on_over_the_end_of_an_epoch() -> None:
    given = [*shards(6, pool="a"), *shards(6, pool="b")]
    found = shares(Order(given, "data", 0, 12), given, 5, 5)
    assert found.shape == (5, 2)
    assert np.allclose(found.sum(axis=1), 1)


def test_impossible_sizes_are_errors() -> None:
    with pytest.raises(DatalinesError, match="shuffle_window is 0"):
        Order(shards(5), "data", 0, 0)
    with pytest.raises(DatalinesError, match="holds 5 samples, fewer than one batch of 8"):
        shares(Order(shards(5), "data", 0, 1), shards(5), 1, 8)
    with pytest.raises(ValueError, match=r"positions 3\.\.6 of 5"):
        Order(shards(5), "data", 0, 1).rows(1, 3, 6)
