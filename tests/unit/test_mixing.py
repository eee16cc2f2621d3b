"""Mixtures: whole shards are links, others are cut by byte ranges, counts are exact, small sizes lie in large ones."""

import os
import tarfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import webdataset
from hypothesis import given
from hypothesis import strategies as st

from datalines import mixing
from datalines.errors import CountError, DatalinesError
from datalines.files import sha256_file
from datalines.mixing import MIXED, runs
from datalines.ranges import copy_ranges
from datalines.shards import image_bytes, keyed_order
from datalines.taking import Listing, Source, shard_order, take
from tests.unit.mixture_files import WHERE, mixed, picture, source, tars


def test_counts_and_shares_are_those_asked_for(tmp_path: Path) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 9)
    entries, shards, index = mixed([(a, 11), (b, "all")], tmp_path / "out", 0)
    assert [(entry["pool"], entry["asked"], entry["samples"]) for entry in entries] == [("aa", 11, 11), ("b", "all", 9)]
    assert [entry["share"] for entry in entries] == [pytest.approx(0.55), pytest.approx(0.45)]
    assert index["pool"].value_counts().to_dict() == {"aa": 11, "b": 9}
    assert index["id"].is_unique
    assert sum(shard["samples"] for shard in shards) == len(index) == 20
    assert {entry["filter"] for entry in entries} == {"some"}


def test_whole_shards_are_links_and_only_the_last_of_each_source_is_cut(tmp_path: Path) -> None:
    # Shards of 4, 4, 4, 4 and 2; of 4, 4 and 1; of 4 and 4: in no order do whole ones add up to 11 or 6.
    sources = [(source(tmp_path, "aa", 18), 11), (source(tmp_path, "b", 9), 6), (source(tmp_path, "ccc", 8), 8)]
    _, shards, _ = mixed([*sources], tmp_path / "out", 3)
    for pool, last in (("aa", "cut"), ("b", "cut"), ("ccc", "whole")):
        hows = [shard["how"] for shard in shards if shard["pool"] == pool]
        assert hows == ["whole"] * (len(hows) - 1) + [last]
    for shard in shards:
        origin, target = tmp_path / shard["pool"] / shard["origin"], tmp_path / "out" / shard["path"]
        assert (origin.stat().st_ino == target.stat().st_ino) == (shard["how"] == "whole")
        assert target.stat().st_size == shard["bytes"]
        assert sha256_file(target) == shard["sha256"]
        if shard["how"] == "cut":
            start, end = shard["range"]
            assert target.read_bytes() == origin.read_bytes()[start:end] + bytes(1024)


def test_images_are_the_sources_bytes_and_stand_where_the_index_says(tmp_path: Path) -> None:
    sources = [(source(tmp_path, "aa", 18), 11), (source(tmp_path, "b", 9), 5)]
    _, _, index = mixed([*sources], tmp_path / "out", 1)
    expected = [picture(row["pool"], int(row["id"].partition("-")[2])) for row in index.to_dict("records")]
    assert list(image_bytes(index, tmp_path / "out")) == expected


def test_every_shard_of_a_mixture_is_read_by_tarfile_and_webdataset(tmp_path: Path) -> None:
    _, shards, index = mixed([(source(tmp_path, "aa", 9), 6)], tmp_path / "out", 1)
    keys = []
    for shard in shards:
        with tarfile.open(tmp_path / "out" / shard["path"]) as archive:
            assert len(archive.getnames()) == 2 * shard["samples"]
        keys += [
            entry["__key__"]
            for entry in webdataset.WebDataset(str(tmp_path / "out" / shard["path"]), shardshuffle=False)
        ]
    assert keys == index["id"].tolist()


def test_smaller_sizes_lie_in_larger_ones_under_one_seed(tmp_path: Path) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 18)
    sizes = {size: mixed([(a, size), (b, size)], tmp_path / f"{size}", 4)[2] for size in (1, 3, 4, 5, 11, 18)}
    for small, large in pairwise(sizes):
        assert set(sizes[small]["id"]) < set(sizes[large]["id"])


def test_what_is_taken_of_a_pool_does_not_depend_on_the_other_sources(tmp_path: Path) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 18)
    alone = mixed([(a, 7)], tmp_path / "one", 0)[2]
    beside = mixed([(b, 5), (a, 7)], tmp_path / "two", 0)[2]
    assert set(alone["id"]) == set(beside["id"][beside["pool"] == "aa"])


def test_seeds_choose_different_shards(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 40)
    firsts = {shard_order(pool, seed)[0] for seed in range(40)}
    assert len(firsts) > 5
    assert sorted(shard_order(pool, 1)) == list(range(10))


@pytest.mark.parametrize("count", [19, 10**9])
def test_more_than_there_is_is_an_error_that_names_mixture_pool_and_key(tmp_path: Path, count: int) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 3)
    with pytest.raises(CountError) as caught:
        mixed([(b, 1), (a, count)], tmp_path / "out", 0)
    text = str(caught.value)
    assert text.startswith(f"mixtures.half.entries[1]: asks for {count} samples of pool aa, but 18 are left")
    assert "after filter some" in text
    assert "enlarge pools.aa" in text
    assert not (tmp_path / "out").exists()


def test_exactly_what_there_is_can_be_taken(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 18)
    sizes = [4, 4, 4, 4, 2]
    assert take(pool, sizes, 18, 0, WHERE).samples == take(pool, sizes, "all", 0, WHERE).samples == 18
    assert [piece.samples for piece in take(pool, sizes, 1, 0, WHERE).pieces] == [1]
    assert take(pool, sizes, 0, 0, WHERE).pieces == []


def test_a_smaller_mixture_in_the_same_folder_leaves_no_old_shards(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 18)
    mixed([(pool, 18)], tmp_path / "out", 0)
    _, shards, _ = mixed([(pool, 3)], tmp_path / "out", 0)
    assert tars(tmp_path / "out") == [shard["path"] for shard in shards]
    assert sha256_file(pool.folder / "00000.tar") == pool.manifest["shards"][0]["sha256"]


def test_a_second_run_elsewhere_gives_equal_bytes(tmp_path: Path) -> None:
    results = []
    for place in ("one", "two"):
        pool = source(tmp_path / place, "aa", 18)
        entries, shards, index = mixed([(pool, 7)], tmp_path / place / "out", 0)
        bytes_ = [path.read_bytes() for path in sorted((tmp_path / place / "out").iterdir())]
        results.append((entries, shards, index.to_dict("records"), bytes_))
    assert results[0] == results[1]


def test_without_hard_links_shards_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    pool = source(tmp_path, "aa", 8)
    _, shards, _ = mixed([(pool, "all")], tmp_path / "out", 0)
    for shard in shards:
        assert sha256_file(tmp_path / "out" / shard["path"]) == shard["sha256"]
        assert (tmp_path / "out" / shard["path"]).stat().st_nlink == 1


def test_a_missing_or_shortened_shard_of_a_pool_says_what_to_delete(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 8)
    first = pool.manifest["shards"][shard_order(pool, 0)[0]]["path"]
    (pool.folder / first).write_bytes((pool.folder / first).read_bytes()[:-512])
    expected = rf"{first} is missing or not as its manifest says: delete .*aa.manifest\.json and run again"
    with pytest.raises(DatalinesError, match=expected):
        mixed([(pool, 8)], tmp_path / "out", 0)
    (pool.folder / first).unlink()
    with pytest.raises(DatalinesError, match=expected):
        mixed([(pool, 1)], tmp_path / "out", 0)


def test_a_range_beyond_the_end_of_a_shard_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "short.tar").write_bytes(b"x" * 100)
    with pytest.raises(DatalinesError, match=r"short\.tar ends before byte 200"):
        copy_ranges(tmp_path / "short.tar", [(0, 50), (60, 200)], tmp_path / "cut.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["short.tar"]


RUNS = st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=40)


@given(RUNS)
def test_runs_join_neighbours_and_nothing_else(samples: list[tuple[int, bool]]) -> None:
    ends = np.cumsum([size for size, _ in samples])
    starts, chosen = ends - [size for size, _ in samples], np.array([wanted for _, wanted in samples])
    if not chosen.any():
        return
    found = list(runs(starts[chosen], ends[chosen]))
    covered = [byte for start, end in found for byte in range(start, end)]
    assert covered == [
        byte for start, end in zip(starts[chosen], ends[chosen], strict=True) for byte in range(start, end)
    ]
    assert all(end < start for (_, end), (start, _) in pairwise(found))


def test_every_sample_is_equally_likely_to_be_taken_whole_or_cut(tmp_path: Path) -> None:
    """Over pools in 300 keyed orders, 18 of shards of 4, 4, 4, 4, 2, seven are taken: chi-square, 17 degrees."""
    counts: Counter[str] = Counter()
    for seed in range(300):
        order = keyed_order([f"aa-{number}" for number in range(18)], seed)
        manifest = {"shards": [{"path": f"{number:05d}.tar"} for number in range(5)]}
        taken = take(Source("aa", "some", tmp_path, manifest), [4, 4, 4, 4, 2], 7, 0, WHERE)
        counts.update(entry for piece in taken.pieces for entry in order[4 * piece.group :][: piece.samples])
    expected = 300 * 7 / 18
    chi_square = sum((counts[f"aa-{n}"] - expected) ** 2 for n in range(18)) / (expected * 11 / 18)
    assert chi_square < 40.8  # p = 0.001


def test_an_index_that_is_not_of_the_manifest_is_a_count_error(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 12)
    pool.manifest["shards"].pop()
    with pytest.raises(
        CountError, match=r"index\.parquet does not list the 2 shards .* delete .*manifest\.json and run"
    ):
        Listing(pool)


def test_fewer_samples_than_asked_for_are_a_count_error(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 12)
    with Listing(pool) as listing:
        taken = take(pool, listing.available(), 5, 0, WHERE)
    with pytest.raises(CountError, match=r"5 samples of pool aa asked for, but 4 laid; delete .*manifest\.json"):
        mixing._entry(taken, 4, 4, WHERE)


def test_the_index_is_the_same_however_many_rows_are_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 9)
    whole = mixed([(a, 11), (b, "all")], tmp_path / "one", 0)
    monkeypatch.setattr(mixing, "GROUP", 5)
    monkeypatch.setattr(mixing, "AHEAD", 0)
    pieces = mixed([(a, 11), (b, "all")], tmp_path / "two", 0)
    assert whole[:2] == pieces[:2]
    pd.testing.assert_frame_equal(whole[2], pieces[2])
    assert whole[2].columns.tolist() == MIXED.names
