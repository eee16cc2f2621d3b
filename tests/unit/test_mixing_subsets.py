"""Subsets of existing shards by byte range: what choosing sample by sample gives, and no sample twice."""

import hashlib
import tarfile
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import webdataset
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import CountError
from datalines.files import sha256_file
from datalines.mixing import Mixture, mix, note_ids
from datalines.shards import image_bytes
from datalines.taking import Source, shard_order
from tests.unit.mixture_files import WHERE, mixed, part_of, picture, source


@settings(max_examples=30)
@given(st.sets(st.integers(0, 17), min_size=1), st.integers(0, 5), st.data())
def test_a_subset_is_what_reading_and_choosing_gives(numbers: set[int], seed: int, data: st.DataObject) -> None:
    ids = {f"aa-{number}" for number in numbers}
    count = data.draw(st.one_of(st.just("all"), st.integers(1, len(ids))))
    with tempfile.TemporaryDirectory() as name:
        pool = source(Path(name), "aa", 18)
        entries, shards, index = mixed([(part_of(pool, ids), count)], Path(name, "out"), seed)
        ordered = [
            entry["__key__"]
            for place in shard_order(pool, seed)
            for entry in webdataset.WebDataset(str(pool.folder / f"{place:05d}.tar"), shardshuffle=False)
        ]
        expected = [entry for entry in ordered if entry in ids][: None if count == "all" else count]
        assert index["id"].tolist() == expected
        read = [
            (entry["__key__"], entry["jpg"], entry["txt"].decode())
            for shard in shards
            for entry in webdataset.WebDataset(str(Path(name, "out", shard["path"])), shardshuffle=False)
        ]
        assert read == [(one, picture("aa", int(one[3:])), f"caption of {one}") for one in expected]
        assert list(image_bytes(index, Path(name, "out"))) == [image for _, image, _ in read]
        assert [hashlib.sha256(image).hexdigest() for _, image, _ in read] == index["sha256"].tolist()
        for shard in shards:
            target, origin = Path(name, "out", shard["path"]), pool.folder / shard["origin"]
            assert (sha256_file(target), target.stat().st_size) == (shard["sha256"], shard["bytes"])
            assert target.samefile(origin) == (shard["how"] == "whole")
            with tarfile.open(target) as archive:
                assert len(archive.getnames()) == 2 * shard["samples"]
            assert target.read_bytes().endswith(bytes(1024))
    (entry,) = entries
    assert (entry["subset"], entry["available"], entry["repeats"]) == ("nice", len(ids), 1)
    assert (entry["asked"], entry["samples"], entry["share"]) == (count, len(expected), 1.0)
    assert {shard["how"] for shard in shards} <= {"whole", "subset"}


def test_a_shard_that_is_wholly_in_the_subset_is_linked_and_one_without_any_is_absent(tmp_path: Path) -> None:
    pool = source(tmp_path, "aa", 12)
    listed = pd.read_parquet(pool.folder / "index.parquet")
    ids = set(listed["id"][listed["shard"] == "00001.tar"]) | {listed["id"][1], "elsewhere"}
    _, shards, _ = mixed([(part_of(pool, ids), "all")], tmp_path / "out", 0)
    found = {shard["origin"]: (shard["how"], shard["samples"]) for shard in shards}
    assert found == {"00000.tar": ("subset", 1), "00001.tar": ("whole", 4)}


def test_more_than_a_subset_has_is_an_error_that_names_it(tmp_path: Path) -> None:
    pool = part_of(source(tmp_path, "aa", 12), {"aa-1", "aa-2"})
    with pytest.raises(CountError, match=r"entries\[0\]: asks for 3 .* 2 are left after filter some and subset nice"):
        mixed([(pool, 3)], tmp_path / "out", 0)


def test_sizes_of_a_subset_are_nested(tmp_path: Path) -> None:
    pool = part_of(source(tmp_path, "aa", 18), {f"aa-{number}" for number in range(0, 18, 2)})
    sizes = [set(mixed([(pool, size)], tmp_path / f"{size}", 2)[2]["id"]) for size in (1, 3, 4, 8, 9)]
    assert all(small < large for small, large in pairwise(sizes))


def noted(sources: list[tuple[Source, int | str]], folder: Path, states: Path | None) -> Mixture:
    found = mix(sources, folder / "index.parquet", 0, WHERE)
    note_ids(found, folder / "index.parquet", states, WHERE)
    return found


def test_the_ids_of_a_mixture_are_kept_under_the_digest_of_their_set(tmp_path: Path) -> None:
    a, b = source(tmp_path, "aa", 18), source(tmp_path, "b", 9)
    found = noted([(a, 11), (b, "all")], tmp_path / "out", tmp_path / "states")
    (path,) = (tmp_path / "states" / "mixtures").iterdir()
    assert path.name == f"{found.digests.id_set}.npy"
    ids = np.load(path).astype(str).tolist()
    assert ids == sorted(pd.read_parquet(tmp_path / "out" / "index.parquet")["id"])
    before = path.stat().st_mtime_ns
    noted([(b, "all"), (a, 11)], tmp_path / "out", tmp_path / "states")
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("states", [False, True])
def test_a_sample_that_two_entries_take_is_a_count_error(tmp_path: Path, states: bool) -> None:
    pool = source(tmp_path, "aa", 18)
    one, other = part_of(pool, {"aa-1", "aa-2", "aa-3"}, "one"), part_of(pool, {"aa-3", "aa-4"}, "other")
    place = tmp_path / "states" if states else None
    with pytest.raises(CountError, match=r"^mixtures\.half: 1 of 5 samples are taken more than once"):
        noted([(one, "all"), (other, "all")], tmp_path / "out", place)
    apart = part_of(pool, {"aa-4"}, "apart")
    assert noted([(one, "all"), (apart, "all")], tmp_path / "out", place).digests.count == 4
    assert not list((tmp_path / "out").glob(".*"))
