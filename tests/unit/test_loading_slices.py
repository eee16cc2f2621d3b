"""Ranks and workers share a run without a gap or an overlap, whatever their numbers, from whatever step it goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.loading.order import Order, Shard
from datalines.loading.slices import Part, Slice

WORLDS = st.integers(1, 16)
WORKERS = st.integers(0, 8)


def order_of(samples: int, size: int, window: int) -> Order:
    """Shards of `size` samples, the last one shorter."""
    sizes = [size] * (samples // size) + ([samples % size] if samples % size else [])
    return Order([Shard(str(number), "pool", count) for number, count in enumerate(sizes)], "digest", 0, window)


@given(WORLDS, st.integers(1, 3), st.integers(1, 3), st.integers(0, 5))
def test_the_union_of_the_ranks_slices_is_the_global_batch(world: int, parts: int, micro: int, step: int) -> None:
    batch = world * parts * micro
    slices = [Slice(batch, micro, rank, world, 1) for rank in range(world)]
    positions = [position for cut in slices for position in range(*cut.positions(step))]
    assert positions == list(range(step * batch, (step + 1) * batch))
    assert {cut.own for cut in slices} == {parts * micro}


@given(WORLDS, st.integers(1, 3), st.integers(1, 2), st.integers(0, 40))
def test_every_rank_makes_as_many_batches(world: int, parts: int, micro: int, more: int) -> None:
    batch = world * parts * micro
    lengths = {len(Part(Slice(batch, micro, rank, world, 3), 2 * batch + more).steps()) for rank in range(world)}
    assert lengths == {3 * ((2 * batch + more) // batch)}


@given(st.integers(0, 30), WORKERS, st.integers(0, 20))
def test_workers_share_the_steps_in_turn(steps: int, workers: int, first: int) -> None:
    count = max(workers, 1)
    cut = Slice(2, 2, 0, 1, 1)
    shared = [Part(cut, 2 * (first + steps) + 2, first, worker, count).steps() for worker in range(count)]
    turns = [part[number] for number in range(steps + 1) for part in shared if number < len(part)]
    assert turns == list(range(first, first + steps + 1))


@given(st.data())
def test_all_readers_together_read_every_sample_of_a_run_once(data: st.DataObject) -> None:
    """Blocks, batches and slices have borders of their own; what falls between them would be lost or come twice."""
    world, workers = data.draw(WORLDS, "world"), max(data.draw(WORKERS, "workers"), 1)
    micro = data.draw(st.integers(1, 2), "micro_batch")
    batch = world * micro
    samples = batch + data.draw(st.integers(0, 60), "more")
    order = order_of(samples, data.draw(st.integers(1, 20), "shard"), data.draw(st.integers(1, 40), "window"))
    in_epoch = samples // batch
    first = data.draw(st.integers(0, 2 * in_epoch), "first step")
    for epoch in (1, 2):
        seen: list[int] = []
        for rank in range(world):
            cut = Slice(batch, micro, rank, world, 2)
            for worker in range(workers):
                part = Part(cut, samples, first, worker, workers)
                held = [p for block in order.blocks(epoch) for r in part.within(epoch, block) for p in range(*r)]
                of_steps = [step for step in part.steps() if step // in_epoch == epoch - 1]
                assert held == [p for step in of_steps for p in range(*cut.positions(step % in_epoch))]
                seen += held
        start = min(max(first - (epoch - 1) * in_epoch, 0), in_epoch) * batch
        assert sorted(seen) == list(range(start, in_epoch * batch))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((64, 24, 0, 1, 1), "batch is 64, which is no multiple of micro_batch 24"),
        ((64, 32, 0, 4, 1), "2 micro-batches of 32, which 4 ranks cannot share equally"),
        ((64, 64, 2, 2, 1), "rank below world"),
        ((64, 64, -1, 1, 1), "rank below world"),
        ((0, 1, 0, 1, 1), "must be at least 1"),
        ((8, 0, 0, 1, 1), "must be at least 1"),
        ((8, 8, 0, 0, 1), "must be at least 1"),
        ((8, 8, 0, 1, 0), "must be at least 1"),
    ],
)
def test_what_cannot_be_shared_is_an_error(values: tuple[int, int, int, int, int], words: str) -> None:
    with pytest.raises(DatalinesError, match=words):
        Slice(*values)


def test_a_batch_larger_than_the_data_is_an_error() -> None:
    with pytest.raises(DatalinesError, match="holds 7 samples, fewer than one batch of 8: lower `batch`"):
        Part(Slice(8, 8, 0, 1, 1), 7).steps()
