"""Shards: a keyed order whose every prefix is a uniform random subset, tars that others read, images byte for byte."""

import io
import json
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import webdataset
from hypothesis import given
from hypothesis import strategies as st

from datalines.errors import DatalinesError
from datalines.files import sha256_file
from datalines.pools.base import Item
from datalines.pools.store import store_part
from datalines.shards import (
    Sample,
    id_set_digest,
    image_bytes,
    keyed_order,
    order_digest,
    read_samples,
    write_pool,
    write_shard,
)
from tests.builders import jpeg

IDS = [f"{number:032x}" for number in range(400)]


def samples(count: int) -> list[Sample]:
    label = {0: None, 1: "Katze/猫"}
    return [Sample(f"{n:032x}", "jpg", jpeg(8 + n, 8, n), f"Bild № {n}", label[n % 2]) for n in range(count)]


def stored_rows_of(folder: Path, count: int, parts: int = 2) -> pd.DataFrame:
    """Rows of a pool of `count` images in several parts."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = []
    for part in range(parts):
        keys = [f"{n}" for n in range(count) if n % parts == part]
        items = [Item(key=key, extension="jpg", image=jpeg(9, 9, int(key)), caption=f"picture {key}") for key in keys]
        store_part("web", items, folder / f"{part}.tar", folder / f"{part}.parquet")
        frames.append(pd.read_parquet(folder / f"{part}.parquet").assign(tar=f"{part}.tar"))
    return pd.concat(frames, ignore_index=True)


@given(st.permutations(IDS[:30]), st.integers(-(2**40), 2**40))
def test_the_order_does_not_depend_on_how_the_ids_arrive(ids: list[str], seed: int) -> None:
    assert keyed_order(ids, seed) == keyed_order(IDS[:30], seed)
    assert sorted(keyed_order(ids, seed)) == sorted(ids)


@given(st.sets(st.sampled_from(IDS), min_size=1), st.integers(0, 99))
def test_the_order_of_a_subset_is_the_subset_of_the_order(subset: set[str], seed: int) -> None:
    assert keyed_order(subset, seed) == [entry for entry in keyed_order(IDS, seed) if entry in subset]


def test_seeds_give_unrelated_orders() -> None:
    orders = {tuple(keyed_order(IDS, seed)) for seed in range(20)}
    assert len(orders) == 20
    ranks = [{entry: rank for rank, entry in enumerate(keyed_order(IDS, seed))} for seed in (0, 1)]
    correlation = np.corrcoef([[rank[entry] for entry in IDS] for rank in ranks])[0, 1]
    assert abs(correlation) < 0.2  # four standard deviations of 400 independent ranks


def test_every_id_is_equally_likely_in_every_prefix() -> None:
    """A chi-square of inclusions over 200 seeds: 399 degrees of freedom, bounds at about four standard deviations."""
    for prefix in (40, 200):
        share = prefix / len(IDS)
        counts = Counter(entry for seed in range(200) for entry in keyed_order(IDS, seed)[:prefix])
        expected, variance = 200 * share, 200 * share * (1 - share)
        chi_square = sum((counts[entry] - expected) ** 2 for entry in IDS) / variance
        assert 290 < chi_square < 515


def test_a_prefix_has_the_classes_of_the_whole() -> None:
    label = {entry: number % 4 for number, entry in enumerate(f"{n:032x}" for n in range(4000))}
    counts = Counter(label[entry] for entry in keyed_order(label, 7)[:1000])
    assert sum((counts[name] - 250) ** 2 / 250 for name in range(4)) < 16.3  # p = 0.001 at three degrees of freedom


def test_digests_of_the_set_and_of_the_order() -> None:
    shuffled = list(reversed(IDS))
    assert id_set_digest(IDS) == id_set_digest(shuffled)
    assert order_digest(IDS) != order_digest(shuffled)
    assert id_set_digest(IDS) != id_set_digest(IDS[1:])
    assert id_set_digest(["ab", "c"]) != id_set_digest(["a", "bc"])


def test_a_shard_is_read_by_webdataset(tmp_path: Path) -> None:
    written = samples(4)
    write_shard(tmp_path / "00000.tar", written)
    found = list(webdataset.WebDataset(str(tmp_path / "00000.tar"), shardshuffle=False))
    assert [entry["__key__"] for entry in found] == [sample.id for sample in written]
    assert [entry["jpg"] for entry in found] == [sample.image for sample in written]
    assert [entry["txt"].decode() for entry in found] == [sample.caption for sample in written]
    assert [json.loads(entry["json"])["class"] if "json" in entry else None for entry in found] == [
        sample.label for sample in written
    ]


def test_a_shard_is_read_by_tarfile_and_its_index_says_where_images_lie(tmp_path: Path) -> None:
    written = samples(5)
    entry, rows = write_shard(tmp_path / "00000.tar", written)
    data = (tmp_path / "00000.tar").read_bytes()
    with tarfile.open(tmp_path / "00000.tar") as archive:
        assert len(archive.getnames()) == 5 * 2 + 2
    for row, sample in zip(rows, written, strict=True):
        assert data[row["image_offset"] : row["image_offset"] + row["image_bytes"]] == sample.image
        assert (row["id"], row["caption"], row["label"], row["shard"]) == (
            sample.id,
            sample.caption,
            sample.label,
            "00000.tar",
        )
        with tarfile.open(fileobj=io.BytesIO(data[row["start"] : row["end"]] + bytes(1024))) as piece:
            assert {name.partition(".")[0] for name in piece.getnames()} == {sample.id}
    assert [row["start"] for row in rows] == [0, *(row["end"] for row in rows[:-1])]
    assert entry == {
        "path": "00000.tar",
        "samples": 5,
        "bytes": len(data),
        "sha256": sha256_file(tmp_path / "00000.tar"),
    }


def test_equal_samples_give_equal_shards(tmp_path: Path) -> None:
    first, second = (write_shard(tmp_path / name / "00000.tar", samples(3)) for name in ("a", "b"))
    assert first == second
    assert (tmp_path / "a" / "00000.tar").read_bytes() == (tmp_path / "b" / "00000.tar").read_bytes()


@pytest.mark.parametrize(("shard_size", "sizes"), [(4, [4, 4, 2]), (5, [5, 5]), (100, [10]), (1, [1] * 10)])
def test_a_pool_is_cut_into_shards_in_keyed_order(tmp_path: Path, shard_size: int, sizes: list[int]) -> None:
    rows = stored_rows_of(tmp_path / "parts", 10)
    entries, index = write_pool(rows, tmp_path / "parts", tmp_path / "out", shard_size, seed=5)
    assert [entry["samples"] for entry in entries] == sizes
    assert [entry["path"] for entry in entries] == [f"{number:05d}.tar" for number in range(len(sizes))]
    assert index["id"].tolist() == keyed_order(rows["id"], 5)
    assert all(entry["sha256"] == sha256_file(tmp_path / "out" / entry["path"]) for entry in entries)
    source = {row["id"]: jpeg(9, 9, int(row["key"])) for row in rows.to_dict("records")}
    assert list(image_bytes(index, tmp_path / "out")) == [source[identity] for identity in index["id"]]


def test_the_order_of_rows_and_parts_does_not_change_a_pools_shards(tmp_path: Path) -> None:
    rows = stored_rows_of(tmp_path / "parts", 10, parts=3)
    first, _ = write_pool(rows, tmp_path / "parts", tmp_path / "a", 4, seed=0)
    second, _ = write_pool(rows.sample(frac=1, random_state=1), tmp_path / "parts", tmp_path / "b", 4, seed=0)
    other, _ = write_pool(rows, tmp_path / "parts", tmp_path / "c", 4, seed=1)
    assert first == second
    assert first != other


def test_shards_of_an_earlier_run_do_not_stay_behind(tmp_path: Path) -> None:
    rows = stored_rows_of(tmp_path / "parts", 10)
    write_pool(rows, tmp_path / "parts", tmp_path / "out", 2, seed=0)
    write_pool(rows, tmp_path / "parts", tmp_path / "out", 6, seed=0)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["00000.tar", "00001.tar"]


def test_samples_are_read_in_the_rows_order_with_captions_and_labels(tmp_path: Path) -> None:
    rows = stored_rows_of(tmp_path, 6).iloc[::-1].reset_index(drop=True)
    rows["label"] = pd.Series(["cat", None, "dog", None, None, "cat"], dtype="string")
    found = list(read_samples(rows, tmp_path))
    assert [sample.id for sample in found] == rows["id"].tolist()
    assert [sample.label for sample in found] == ["cat", None, "dog", None, None, "cat"]
    assert [sample.caption for sample in found] == rows["caption"].tolist()
    assert [sample.image for sample in found] == [jpeg(9, 9, int(key)) for key in rows["key"]]


def test_a_part_that_became_shorter_or_is_gone_is_an_error_and_not_a_broken_image(tmp_path: Path) -> None:
    rows = stored_rows_of(tmp_path, 2, parts=1)
    last = int(rows["offset"].iloc[-1])
    (tmp_path / "0.tar").write_bytes((tmp_path / "0.tar").read_bytes()[: last + 10])
    with pytest.raises(DatalinesError, match=r"0\.tar ends before byte \d+: delete .*0\.json and run again"):
        list(read_samples(rows, tmp_path))
    (tmp_path / "0.tar").unlink()
    with pytest.raises(DatalinesError, match=r"0\.tar is missing: delete .*0\.json and run again"):
        list(read_samples(rows, tmp_path))


def test_a_missing_or_shortened_shard_says_how_to_get_it_back(tmp_path: Path) -> None:
    _, rows = write_shard(tmp_path / "00000.tar", samples(2))
    index = pd.DataFrame(rows)
    (tmp_path / "00000.tar").write_bytes((tmp_path / "00000.tar").read_bytes()[:700])
    with pytest.raises(DatalinesError, match=r"00000\.tar ends before byte .*: delete .*manifest\.json"):
        list(image_bytes(index, tmp_path))
    (tmp_path / "00000.tar").unlink()
    with pytest.raises(DatalinesError, match=r"00000\.tar is listed in .*manifest\.json but missing: delete that"):
        list(image_bytes(index, tmp_path))
