"""Shards and mixtures by calling the scripts' `main`: what their manifests say, and what a rerun leaves alone."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datalines.errors import CountError, DatalinesError, PoolError
from datalines.files import read_json, sha256_file, write_json
from datalines.shards import id_set_digest, order_digest
from tests.unit.shard_files import Row, contents, rows, write_kept, write_parts
from workflow.scripts import mix_shards, write_shards

ITEMS = rows(30)


def shard(folder: Path, receipts: list[Path], kept: list[Row], filter: str = "some", **more: Any) -> Path:
    """Manifest of the shards of some kept items."""
    ids = write_kept(folder / "filters" / filter / "kept.npy", [item.id for item in kept])
    counts = ids.with_name("report.json")
    write_json(counts, {"dropped": {"short": len(ITEMS) - len(kept)}})
    manifest = folder / "shards" / filter / "manifest.json"
    spec = {"seed": 0, "shard_size": 4, "items": None}
    write_shards.main("web", filter, spec, receipts, ids, counts, manifest, manifest.with_name("index.parquet"), **more)
    return manifest


def mixture(folder: Path, manifest: Path, entries: list[dict[str, Any]], **more: Any) -> Path:
    """Manifest of a mixture of one pool's shards."""
    target = folder / "mixtures" / "manifest.json"
    named = [{"pool": "web", "filter": "some"} | entry for entry in entries]
    spec = {"seed": 0, "entries": named}
    paths = [manifest] * len(entries), target, target.with_name("index.parquet")
    mix_shards.main("half", "full", spec, *paths, **more)
    return target


def test_a_manifest_tells_what_was_lost_who_decoded_and_what_lies_there(tmp_path: Path) -> None:
    receipts = write_parts(tmp_path / "parts", ITEMS, parts=3)
    lists = tmp_path / "lists.json"
    write_json(lists, {"rows": 50, "not_selected": {"nsfw": 10}, "not_sampled": 7, "requested": 33})
    content = read_json(shard(tmp_path, receipts, ITEMS[2:], lists=[lists]))
    assert (content["requested"], content["stored"], content["failed"]) == (33, 30, {"timeout": 3})
    assert (content["list_rows"], content["not_selected"], content["not_sampled"]) == (50, {"nsfw": 10}, 7)
    assert (content["dropped"], content["samples"], content["decoder"]) == ({"short": 2}, 28, "pillow 1")
    index = pd.read_parquet(tmp_path / "shards" / "some" / "index.parquet")
    assert content["index"]["sha256"] == sha256_file(tmp_path / "shards" / "some" / "index.parquet")
    assert (content["id_set_sha256"], content["order_sha256"]) == (
        id_set_digest(index["id"]),
        order_digest(index["id"]),
    )
    assert sum(entry["samples"] for entry in content["shards"]) == len(index) == 28
    assert "list_rows" not in read_json(shard(tmp_path, receipts, ITEMS))


def test_a_rerun_says_how_many_shards_are_unchanged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    receipts = write_parts(tmp_path / "parts", ITEMS)
    with caplog.at_level(logging.INFO):
        manifest = shard(tmp_path, receipts, ITEMS)
        before, number = contents(manifest.parent), len(read_json(manifest)["shards"])
        manifest.unlink()
        manifest.with_name("index.parquet").unlink()
        shard(tmp_path, receipts, ITEMS)
        assert contents(manifest.parent) == before
        shard(tmp_path, receipts, ITEMS[1:])
    assert [record.getMessage() for record in caplog.records] == [
        f"30 samples, 0 of {number} shards unchanged",
        f"30 samples, {number} of {number} shards unchanged",
        f"29 samples, {number - 1} of {number} shards unchanged",
    ]


def test_a_filter_that_drops_everything_is_named(tmp_path: Path) -> None:
    receipts = write_parts(tmp_path / "parts", ITEMS)
    with pytest.raises(
        PoolError, match=r"^filters\.some: drops every one of the 30 stored samples of pool web: .*short"
    ):
        shard(tmp_path, receipts, [])


def test_a_mixture_of_a_subset_says_so_and_keeps_its_ids(tmp_path: Path) -> None:
    manifest = shard(tmp_path, write_parts(tmp_path / "parts", ITEMS), ITEMS)
    nice = write_kept(tmp_path / "filters" / "nice" / "kept.npy", [item.id for item in ITEMS[::2]])
    entries = [{"count": 9, "subset": "nice"}]
    target = mixture(tmp_path, manifest, entries, subsets=[nice], states=tmp_path / "states")
    content = read_json(target)
    index = pd.read_parquet(target.with_name("index.parquet"))
    assert set(index["id"]) < {item.id for item in ITEMS[::2]}
    assert content["entries"] == [
        {"pool": "web", "filter": "some", "subset": "nice", "asked": 9, "available": 15, "samples": 9}
        | {"share": 1.0, "repeats": 1}
    ]
    assert all(sha256_file(target.with_name(entry["path"])) == entry["sha256"] for entry in content["shards"])
    saved = np.load(tmp_path / "states" / "mixtures" / f"{content['id_set_sha256']}.npy")
    assert saved.astype(str).tolist() == sorted(index["id"])
    before = contents(target.parent)
    mixture(tmp_path, manifest, entries, subsets=[nice], states=tmp_path / "states")
    assert contents(target.parent) == before


def test_a_subset_that_is_not_given_is_an_error(tmp_path: Path) -> None:
    manifest = shard(tmp_path, write_parts(tmp_path / "parts", ITEMS), ITEMS)
    other = write_kept(tmp_path / "filters" / "other" / "kept.npy", [item.id for item in ITEMS[::2]])
    for subsets in ([], [other]):
        with pytest.raises(DatalinesError, match=r"the entry of pool web needs the kept ids of filter nice"):
            mixture(tmp_path, manifest, [{"count": 9, "subset": "nice"}], subsets=subsets)


def test_a_sample_taken_twice_leaves_no_manifest(tmp_path: Path) -> None:
    manifest = shard(tmp_path, write_parts(tmp_path / "parts", ITEMS), ITEMS)
    nice = write_kept(tmp_path / "filters" / "nice" / "kept.npy", [item.id for item in ITEMS[:5]])
    with pytest.raises(CountError, match=r"^mixtures\.half: 5 of 35 samples are taken more than once"):
        mixture(tmp_path, manifest, [{"count": "all"}, {"count": "all", "subset": "nice"}], subsets=[nice])
    assert not (tmp_path / "mixtures" / "manifest.json").exists()
