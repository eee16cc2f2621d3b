"""Mixtures: whole shards are links, one shard of a source is cut, counts are exact, small sizes lie in large ones."""

import os
import tarfile
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import webdataset

from datalines import mixing
from datalines.errors import CountError, DatalinesError
from datalines.files import sha256_file
from datalines.mixing import Source, mix, shard_order, take
from datalines.shards import Sample, image_bytes, keyed_order, write_shard
from tests.builders import jpeg

WHERE = "mixtures.half"


def picture(pool: str, number: int) -> bytes:
    return jpeg(8 + len(pool), 8, number)


def source(folder: Path, pool: str, count: int, shard_size: int = 4) -> Source:
    """A pool's shards, as `write_shards` leaves them."""
    ids = {f"{pool}-{number}": number for number in range(count)}
    order = keyed_order(ids, 0)
    entries, rows = [], []
    for number, start in enumerate(range(0, count, shard_size)):
        chosen = order[start : start + shard_size]
        samples = [Sample(entry, "jpg", picture(pool, ids[entry]), f"caption of {entry}", None) for entry in chosen]
        entry, found = write_shard(folder / pool / f"{number:05d}.tar", samples)
        entries.append(entry)
        rows += found
    return Source(pool, "some", folder / pool, {"samples": count, "shards": entries}, pd.DataFrame(rows))


def test_counts_and_shares_are_those_asked_for(tmp_path: Path) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 9)
    entries, shards, index = mix([(a, 11), (b, "all")], tmp_path / "out", 0, WHERE)
    assert [(entry["pool"], entry["asked"], entry["samples"]) for entry in entries] == [("aa", 11, 11), ("b", "all", 9)]
    assert [entry["share"] for entry in entries] == [pytest.approx(0.55), pytest.approx(0.45)]
    assert index["pool"].value_counts().to_dict() == {"aa": 11, "b": 9}
    assert index["id"].is_unique
    assert sum(shard["samples"] for shard in shards) == len(index) == 20
    assert {entry["filter"] for entry in entries} == {"some"}


def test_whole_shards_are_links_and_only_the_last_of_each_source_is_cut(tmp_path: Path) -> None:
    # Shards of 4, 4, 4, 4 and 2; of 4, 4 and 1; of 4 and 4: in no order do whole ones add up to 11 or 6.
    sources = [(source(tmp_path, "aa", 18), 11), (source(tmp_path, "b", 9), 6), (source(tmp_path, "ccc", 8), 8)]
    _, shards, _ = mix([*sources], tmp_path / "out", 3, WHERE)
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
    _, _, index = mix([*sources], tmp_path / "out", 1, WHERE)
    expected = [picture(row["pool"], int(row["id"].partition("-")[2])) for row in index.to_dict("records")]
    assert list(image_bytes(index, tmp_path / "out")) == expected


def test_every_shard_of_a_mixture_is_read_by_tarfile_and_webdataset(tmp_path: Path) -> None:
    _, shards, index = mix([(source(tmp_path, "aa", 9), 6)], tmp_path / "out", 1, WHERE)
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
    sizes = {size: mix([(a, size), (b, size)], tmp_path / f"{size}", 4, WHERE)[2] for size in (1, 3, 4, 5, 11, 18)}
    for small, large in pairwise(sizes):
        assert set(sizes[small]["id"]) < set(sizes[large]["id"])


def test_what_is_taken_of_a_pool_does_not_depend_on_the_other_sources(tmp_path: Path) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 18)
    alone = mix([(a, 7)], tmp_path / "one", 0, WHERE)[2]
    beside = mix([(b, 5), (a, 7)], tmp_path / "two", 0, WHERE)[2]
    assert set(alone["id"]) == set(beside["id"][beside["pool"] == "aa"])


def test_seeds_choose_different_shards(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 40)
    firsts = {shard_order(pool, seed)[0]["path"] for seed in range(40)}
    assert len(firsts) > 5
    assert sorted(entry["path"] for entry in shard_order(pool, 1)) == [
        entry["path"] for entry in pool.manifest["shards"]
    ]


@pytest.mark.parametrize("count", [19, 10**9])
def test_more_than_there_is_is_an_error_that_names_mixture_pool_and_key(tmp_path: Path, count: int) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 3)
    with pytest.raises(CountError) as caught:
        mix([(b, 1), (a, count)], tmp_path / "out", 0, WHERE)
    text = str(caught.value)
    assert text.startswith(f"mixtures.half.entries[1]: asks for {count} samples of pool aa, but 18 are left")
    assert "after filter some" in text
    assert "enlarge pools.aa" in text
    assert not (tmp_path / "out").exists()


def test_exactly_what_there_is_can_be_taken(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 18)
    assert (
        sum(part for _, part in take(pool, 18, 0, WHERE)) == sum(part for _, part in take(pool, "all", 0, WHERE)) == 18
    )
    assert [part for _, part in take(pool, 1, 0, WHERE)] == [1]


def test_a_smaller_mixture_in_the_same_folder_leaves_no_old_shards(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 18)
    mix([(pool, 18)], tmp_path / "out", 0, WHERE)
    _, shards, _ = mix([(pool, 3)], tmp_path / "out", 0, WHERE)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [shard["path"] for shard in shards]
    assert sha256_file(pool.folder / "00000.tar") == pool.manifest["shards"][0]["sha256"]


def test_a_second_run_elsewhere_gives_equal_bytes(tmp_path: Path) -> None:
    results = []
    for place in ("one", "two"):
        pool = source(tmp_path / place, "aa", 18)
        entries, shards, index = mix([(pool, 7)], tmp_path / place / "out", 0, WHERE)
        bytes_ = [path.read_bytes() for path in sorted((tmp_path / place / "out").iterdir())]
        results.append((entries, shards, index.to_dict("records"), bytes_))
    assert results[0] == results[1]


def test_without_hard_links_shards_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    pool = source(tmp_path, "aa", 8)
    _, shards, _ = mix([(pool, "all")], tmp_path / "out", 0, WHERE)
    for shard in shards:
        assert sha256_file(tmp_path / "out" / shard["path"]) == shard["sha256"]
        assert (tmp_path / "out" / shard["path"]).stat().st_nlink == 1


def test_a_missing_or_shortened_shard_of_a_pool_says_what_to_delete(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 8)
    first = shard_order(pool, 0)[0]["path"]
    (pool.folder / first).write_bytes((pool.folder / first).read_bytes()[:-512])
    expected = rf"{first} is missing or not as its manifest says: delete .*aa.manifest\.json and run again"
    with pytest.raises(DatalinesError, match=expected):
        mix([(pool, 8)], tmp_path / "out", 0, WHERE)
    (pool.folder / first).unlink()
    with pytest.raises(DatalinesError, match=expected):
        mix([(pool, 1)], tmp_path / "out", 0, WHERE)


def test_a_range_beyond_the_end_of_a_shard_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "short.tar").write_bytes(b"x" * 100)
    with pytest.raises(DatalinesError, match=r"short\.tar ends before byte 200"):
        mixing.copy_range(tmp_path / "short.tar", 200, tmp_path / "cut.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["short.tar"]


def test_a_range_longer_than_one_piece_is_copied_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "CHUNK", 7)
    (tmp_path / "a.tar").write_bytes(bytes(range(100)))
    digest = mixing.copy_range(tmp_path / "a.tar", 50, tmp_path / "cut.tar")
    assert (tmp_path / "cut.tar").read_bytes() == bytes(range(50)) + bytes(1024)
    assert digest == sha256_file(tmp_path / "cut.tar")
