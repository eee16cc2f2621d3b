"""Where samples go: ranges of a keyed hash, whatever the memory, so that a sample moves no other one."""

import tempfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import CountError
from datalines.pools.rows import STORED
from datalines.sharding import layout
from datalines.sharding.layout import Layout, shard_bits, with_hashes
from datalines.shards import keyed_order, order_keys

IDS = [f"{number:032x}" for number in range(500)]


def batch(ids: list[str]) -> pa.RecordBatch:
    row = {"extension": "jpg", "caption": "c" * 40, "label": None, "width": 1, "height": 1, "offset": 0, "bytes": 1}
    return pa.RecordBatch.from_pylist([{"id": entry, **row, "sha256": "", "url": ""} for entry in ids], STORED)


def laid(ids: list[str], bits: int, seed: int = 0, pieces: int = 1, spill: int = layout.SPILL) -> dict[int, list[str]]:
    """{shard: its ids}, of rows that come in some pieces, with some bytes of memory."""
    before, layout.SPILL = layout.SPILL, spill
    try:
        with tempfile.TemporaryDirectory() as folder:
            batches = (with_hashes(part, batch(ids[part::pieces]), seed) for part in range(pieces))
            found = {number: rows["id"].to_pylist() for number, rows in Layout(Path(folder), bits).shards(batches)}
            assert list(Path(folder).iterdir()) == []
            assert list(found) == sorted(found)
            return found
    finally:
        layout.SPILL = before


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_the_shards_are_the_fewest_whose_mean_is_at_most_the_shard_size(samples: int, shard_size: int) -> None:
    bits = shard_bits(samples, shard_size)
    assert samples <= shard_size * 2**bits
    assert bits == 0 or samples > shard_size * 2 ** (bits - 1)


@settings(max_examples=40)
@given(
    st.sets(st.sampled_from(IDS)), st.integers(0, 9), st.integers(0, 99), st.integers(1, 5), st.sampled_from([1, 3000])
)
def test_shards_are_ranges_of_the_hash_in_keyed_order(
    chosen: set[str], bits: int, seed: int, pieces: int, spill: int
) -> None:
    found = laid(sorted(chosen), bits, seed, pieces, spill)
    assert [entry for ids in found.values() for entry in ids] == keyed_order(chosen, seed)
    for number, ids in found.items():
        assert ids
        assert {int.from_bytes(key[:8], "big") * 2**bits >> 64 for key in order_keys(ids, seed)} == {number}


@settings(max_examples=30)
@given(st.sets(st.sampled_from(IDS), min_size=1), st.data())
def test_removing_samples_changes_only_the_shards_they_were_in(chosen: set[str], data: st.DataObject) -> None:
    removed = data.draw(st.sets(st.sampled_from(sorted(chosen))))
    before, after = laid(sorted(chosen), 5), laid(sorted(chosen - removed), 5)
    for number, ids in before.items():
        assert after.get(number, []) == [entry for entry in ids if entry not in removed]


def test_more_bits_cut_every_shard_in_two() -> None:
    coarse, fine = laid(IDS, 3), laid(IDS, 4)
    for number, ids in coarse.items():
        assert ids == fine.get(2 * number, []) + fine.get(2 * number + 1, [])


def test_every_id_is_equally_likely_in_the_first_shards() -> None:
    """A chi-square of inclusions over 200 seeds in the first 2 of 8 shards: 499 degrees of freedom, four deviations."""
    counts = Counter(entry for seed in range(200) for ids in list(laid(IDS, 3, seed).values())[:2] for entry in ids)
    expected, variance = 200 * 0.25, 200 * 0.25 * 0.75
    chi_square = sum((counts[entry] - expected) ** 2 for entry in IDS) / variance
    assert 375 < chi_square < 640


@pytest.mark.parametrize("spill", [1, layout.SPILL])
def test_an_id_that_comes_twice_is_a_count_error(spill: int) -> None:
    with pytest.raises(CountError, match=rf"the id {IDS[7]} stands twice among the stored items; rebuild"):
        laid([*IDS[:20], IDS[7]], 2, pieces=3, spill=spill)
