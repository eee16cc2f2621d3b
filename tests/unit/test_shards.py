"""Shards: a keyed order whose every prefix is a uniform random subset, tars that others read, images byte for byte."""

import hashlib
import io
import json
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

from datalines.errors import DatalinesError
from datalines.files import sha256_file
from datalines.shards import (
    Digests,
    Sample,
    id_set_digest,
    image_bytes,
    keyed_order,
    order_digest,
    write_shard,
)
from tests.builders import jpeg

IDS = [f"{number:032x}" for number in range(400)]


def samples(count: int) -> list[Sample]:
    label = {0: None, 1: "Katze/猫"}
    return [Sample(f"{n:032x}", "jpg", jpeg(8 + n, 8, n), f"Bild № {n}", label[n % 2]) for n in range(count)]


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


@given(st.lists(st.sampled_from(IDS), unique=True, max_size=40), st.lists(st.integers(0, 40), max_size=4))
def test_digests_do_not_depend_on_the_pieces_in_which_ids_come(ids: list[str], cuts: list[int]) -> None:
    digests = Digests()
    for start, end in pairwise([0, *sorted(cuts), len(ids)]):
        digests.add(ids[start:end])
    assert digests.id_set == id_set_digest(ids) == id_set_digest(sorted(ids))
    assert digests.order == order_digest(ids) == hashlib.sha256("\n".join(ids).encode()).hexdigest()
    total = sum(int(hashlib.sha256(entry.encode()).hexdigest(), 16) for entry in ids)
    assert digests.id_set == f"{total % 2**256:064x}"


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


def test_images_come_in_the_rows_order_whichever_shards_they_are_in(tmp_path: Path) -> None:
    written = samples(6)
    rows = [write_shard(tmp_path / f"{n:05d}.tar", written[3 * n : 3 * n + 3])[1] for n in range(2)]
    index = pd.DataFrame(rows[0] + rows[1])
    for order in ([0, 1, 2, 3, 4, 5], [5, 0, 4, 1, 3, 2], [2, 2, 4]):
        assert list(image_bytes(index.iloc[order], tmp_path)) == [written[place].image for place in order]


def test_a_missing_or_shortened_shard_says_how_to_get_it_back(tmp_path: Path) -> None:
    _, rows = write_shard(tmp_path / "00000.tar", samples(2))
    index = pd.DataFrame(rows)
    (tmp_path / "00000.tar").write_bytes((tmp_path / "00000.tar").read_bytes()[:700])
    with pytest.raises(DatalinesError, match=r"00000\.tar ends before byte .*: delete .*manifest\.json"):
        list(image_bytes(index, tmp_path))
    (tmp_path / "00000.tar").unlink()
    with pytest.raises(DatalinesError, match=r"00000\.tar is listed in .*manifest\.json but missing: delete that"):
        list(image_bytes(index, tmp_path))
