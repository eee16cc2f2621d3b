"""A mixture that is not as its manifest says stops a run before its first step, by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datalines.errors import DatalinesError
from datalines.files import read_json, sha256_file, write_json
from datalines.loading.manifest import Contents
from datalines.loading.order import Shard
from tests.unit.tiny_loading import write_mixture


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_mixture(tmp_path / "mixed")


def alter(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[700] ^= 1
    path.write_bytes(data)


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1024])


def change_index(manifest: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Write another index, which the manifest then vouches for."""
    path = manifest.with_name("index.parquet")
    pq.write_table(pa.Table.from_pandas(change(pd.read_parquet(path))), path)
    content = read_json(manifest)
    content["index"]["sha256"] = sha256_file(path)
    write_json(manifest, content)


def test_shards_and_places_are_those_of_the_index(manifest: Path) -> None:
    contents = Contents.open(manifest)
    index = pd.read_parquet(manifest.with_name("index.parquet"))
    assert contents.samples == len(index) == 64
    assert contents.shards[0] == Shard("00000.tar", "yfcc", 5)
    assert [shard.samples for shard in contents.shards if shard.pool == "laion"] == [5] * 8 + [1]
    assert contents.path(13) == manifest.with_name("00013.tar")
    assert contents.digest == read_json(manifest)["order_sha256"]
    assert contents.starts.tolist() == index["start"].tolist()
    assert contents.sizes.tolist() == (index["end"] - index["start"]).tolist()
    assert contents.image_starts.tolist() == (index["image_offset"] - index["start"]).tolist()
    assert contents.image_sizes.tolist() == index["image_bytes"].tolist()


def test_a_sample_takes_twenty_bytes_of_memory(manifest: Path) -> None:
    contents = Contents.open(manifest)
    arrays = (contents.starts, contents.sizes, contents.image_starts, contents.image_sizes)
    assert sum(array.nbytes for array in arrays) == 20 * contents.samples


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (Path.unlink, "is missing"),
        (shorten, r"has \d+ bytes, not the \d+ that its manifest declares"),
        (alter, "has been altered: its sha256 is not"),
    ],
)
@pytest.mark.parametrize("name", ["00004.tar", "00013.tar"])
def test_a_damaged_shard_is_named(manifest: Path, name: str, damage: Callable[[Path], Any], words: str) -> None:
    damage(manifest.with_name(name))
    with pytest.raises(DatalinesError, match=rf"{name} {words}.*delete {manifest} and run again"):
        Contents.open(manifest)


def test_of_several_damaged_shards_the_first_is_named_and_the_others_are_counted(manifest: Path) -> None:
    for name in ("00009.tar", "00002.tar", "00005.tar"):
        alter(manifest.with_name(name))
    with pytest.raises(DatalinesError, match=r"00002\.tar has been altered.*\(and 2 more files are not as declared\)"):
        Contents.open(manifest)


def test_without_the_check_sizes_are_still_compared(manifest: Path) -> None:
    alter(manifest.with_name("00001.tar"))
    assert Contents.open(manifest, check=False).samples == 64
    shorten(manifest.with_name("00001.tar"))
    with pytest.raises(DatalinesError, match=r"00001\.tar has"):
        Contents.open(manifest, check=False)


@pytest.mark.parametrize(
    ("damage", "check", "words"),
    [
        (Path.unlink, False, "is missing"),
        (alter, True, "has been altered"),
        (shorten, False, "cannot be read"),
    ],
)
def test_a_damaged_index_is_named(manifest: Path, damage: Callable[[Path], Any], check: bool, words: str) -> None:
    damage(manifest.with_name("index.parquet"))
    with pytest.raises(DatalinesError, match=rf"index\.parquet {words}.*delete {manifest}"):
        Contents.open(manifest, check)


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.iloc[:-1],
        lambda index: index.iloc[::-1],
        lambda index: index.assign(end=index["end"] + 10**6),
        lambda index: index.assign(start=index["start"] - 1),
        lambda index: index.assign(image_bytes=index["image_bytes"] + 4000),
    ],
    ids=["short", "reversed", "beyond the end", "overlapping", "images too long"],
)
def test_an_index_of_other_shards_is_an_error(manifest: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change_index(manifest, change)
    with pytest.raises(DatalinesError, match=r"index\.parquet does not list the shards of"):
        Contents.open(manifest)


def test_a_column_that_is_missing_is_named(manifest: Path) -> None:
    change_index(manifest, lambda index: index.drop(columns="image_offset"))
    with pytest.raises(DatalinesError, match=r"index\.parquet cannot be read \(.*image_offset"):
        Contents.open(manifest)


def test_empty_shards_take_no_place(tmp_path: Path) -> None:
    manifest = write_mixture(tmp_path)
    content = read_json(manifest)
    content["shards"].insert(1, {**content["shards"][0], "samples": 0})
    write_json(manifest, content)
    assert [shard.samples for shard in Contents.open(manifest).shards[:3]] == [5, 0, 5]
