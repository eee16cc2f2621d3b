"""Images that look alike: every pair within the distance is found, and none beyond."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.filters.alive import ShiftRows, Source
from datalines.filters.comparing import Others
from datalines.filters.database import database, load
from datalines.filters.near import BITS, bands, near_pairs
from tests.unit.pool_parts import ids, rows_of, write_pool, write_table
from tests.unit.test_filters_decide import WORDS, other_pool, outcome

FULL = (1 << BITS) - 1


def alike(distance: int = 4, within: bool = True, **more: Any) -> dict[str, Any]:
    step = {"kind": "near-duplicate", "name": "alike", "distance": distance, "within": within}
    return {**step, "pools": [], "shifts": [], **more}


def evaluation_sets(folder: Path, **hashes: list[int]) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for name, values in hashes.items():
        rows = [{"id": identity, "phash": value} for identity, value in zip(ids(len(values)), values, strict=True)]
        found[name] = ShiftRows(write_table(folder / "hashes" / "shifts" / f"{name}.parquet", rows, ["id", "phash"]))
    return found


def reasons_of(folder: Path, hashes: list[int], step: dict[str, Any], others: Others | None = None) -> list[str]:
    receipts = write_pool(folder, rows_of(len(hashes), phash=hashes), parts=min(2, len(hashes)), seed=5)
    return list(outcome(folder, receipts, [step], others)[0].values())


def flipped(value: int, *bits: int) -> int:
    return value ^ sum(1 << bit for bit in bits)


def test_the_distance_itself_is_near_and_one_bit_more_is_not(tmp_path: Path) -> None:
    start = 0xDEADBEEF01234567
    hashes = [start, flipped(start, 0, 63, 31, 7), flipped(start, 1, 2, 3, 4, 5)]
    assert reasons_of(tmp_path, hashes, alike(4)) == ["", "alike", ""]
    assert reasons_of(tmp_path, hashes, alike(5)) == ["", "alike", "alike"]
    assert reasons_of(tmp_path, [start, start, start ^ 1], alike(0)) == ["", "alike", ""]
    assert reasons_of(tmp_path, [0, FULL, FULL], alike(16)) == ["", "", "alike"]


def test_of_a_chain_only_the_first_stays(tmp_path: Path) -> None:
    assert reasons_of(tmp_path, [0b0, 0b11, 0b1111, FULL], alike(2)) == ["", "alike", "alike", ""]


def test_a_look_alike_of_a_dropped_row_stays(tmp_path: Path) -> None:
    rows = rows_of(2, phash=[7, 7], caption=["one", "one two"])
    reasons, _, _ = outcome(tmp_path, write_pool(tmp_path, rows), [WORDS, alike()])
    assert list(reasons.values()) == ["short", ""]


def test_rows_like_one_of_another_pool_are_dropped_and_others_only_if_asked(tmp_path: Path) -> None:
    others = other_pool(tmp_path, rows_of(3, phash=[FULL, 1 << 40, 0], status=["ok", "ok", "http_404"]))
    hashes = [FULL ^ 1, FULL ^ 1, 0, 0, 1 << 40]
    everywhere = alike(2, pools=["other"])
    assert reasons_of(tmp_path, hashes, everywhere, others) == ["alike", "alike", "alike", "alike", "alike"]
    assert reasons_of(tmp_path, [FULL ^ 1, 3, 3, 1 << 60 | 7], {**everywhere, "distance": 1}, others) == [
        *("alike", "", "alike", ""),
    ]
    assert reasons_of(tmp_path, [FULL ^ 1, 3, 3], alike(1, within=False, pools=["other"]), others) == ["alike", "", ""]


def test_evaluation_sets_are_counted_one_by_one(tmp_path: Path) -> None:
    sets = evaluation_sets(tmp_path, v2=[0b1, FULL], sketch=[FULL ^ 1], far=[0xF0F0F0F0F0F0F0F0])
    receipts = write_pool(tmp_path, rows_of(5, phash=[0, 0, FULL, 0x0F0F, 0xFF00FF00FF00FF00]))
    step = alike(1, within=False, shifts=["v2", "sketch", "far"])
    reasons, decision, _ = outcome(tmp_path, receipts, [step], Others(shifts=sets))
    assert list(reasons.values()) == ["alike", "alike", "alike", "", ""]
    assert decision.overlap == {"v2": 3, "sketch": 1, "far": 0}
    assert decision.dropped == {"alike": 3}


def test_what_is_not_at_hand_is_named(tmp_path: Path) -> None:
    receipts = write_pool(tmp_path, rows_of(2, phash=[1, 2]))
    with pytest.raises(
        DatalinesError, match=r"'alike' compares with the evaluation set 'v2', .* \(there are: sketch\)"
    ):
        outcome(tmp_path, receipts, [alike(shifts=["v2"])], Others(shifts=evaluation_sets(tmp_path, sketch=[1])))
    (tmp_path / "hashes/web/0.parquet").unlink()
    with pytest.raises(DatalinesError, match=r"^filter step 'alike' needs phash, which neither .*0\.parquet nor"):
        outcome(tmp_path, receipts, [alike()])


@pytest.mark.parametrize("size", [0, 10, 10**6, 10**9])
@pytest.mark.parametrize("distance", [0, 1, 4, 8, 16])
def test_no_pair_within_the_distance_escapes_the_bands(distance: int, size: int) -> None:
    masks = bands(size, size, distance)
    draw = np.random.default_rng(distance)
    for _ in range(300):
        difference = sum(1 << int(bit) for bit in draw.choice(BITS, distance, replace=False))
        assert any(not difference & mask for mask in masks)
    assert all(0 < mask <= FULL for mask in masks)


def test_few_bits_in_few_bands_are_all_tried() -> None:
    masks = bands(10**6, 10**6, 2)
    for bits in combinations(range(BITS), 2):
        assert any(not flipped(0, *bits) & mask for mask in masks)


def brute(hashes: npt.NDArray[np.uint64], distance: int) -> list[str]:
    """Every row against every row before it, one by one."""
    near = np.bitwise_count(hashes[:, None] ^ hashes[None, :]) <= distance
    return ["alike" if near[row, :row].any() else "" for row in range(len(hashes))]


@settings(max_examples=40)
@given(
    centres=st.lists(st.integers(0, FULL), min_size=1, max_size=4),
    noise=st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 63), max_size=12)), min_size=1, max_size=40),
    distance=st.integers(0, 16),
)
def test_what_is_found_is_what_comparing_all_pairs_finds(
    tmp_path_factory: pytest.TempPathFactory,
    centres: list[int],
    noise: list[tuple[int, list[int]]],
    distance: int,
) -> None:
    hashes = [flipped(centres[centre % len(centres)], *set(bits)) for centre, bits in noise]
    folder = tmp_path_factory.mktemp("pool")
    assert reasons_of(folder, hashes, alike(distance)) == brute(np.array(hashes, dtype=np.uint64), distance)


@pytest.mark.parametrize("distance", [0, 3, 7])
def test_pairs_among_thousands_are_those_of_brute_force(tmp_path: Path, distance: int) -> None:
    draw = np.random.default_rng(distance)
    hashes = draw.integers(0, 1 << 64, 1500, dtype=np.uint64)
    near = hashes[draw.integers(0, 1500, 1500)]
    for _ in range(8):
        near ^= draw.integers(0, 2, 1500, dtype=np.uint64) << draw.integers(0, 64, 1500, dtype=np.uint64)
    expected = np.argwhere(np.bitwise_count(hashes[:, None] ^ near[None, :]) <= distance)
    with database(tmp_path, 2) as connection:
        for name, values in (("left", hashes), ("right", near)):
            batch = pa.RecordBatch.from_pydict({"row": np.arange(1500), "h": values})
            load(connection, f'"{name}"', "*", iter([batch]), batch.schema)
        found = set()
        for pairs in near_pairs(connection, '"left"', '"right"', distance):
            found |= set(connection.execute(f"SELECT x.row, y.row {pairs}").fetchall())
    assert found == {(int(row), int(column)) for row, column in expected}
    assert found
