"""A stored part: a row for every requested item, images byte for byte, and counts that add up whatever comes in."""

import hashlib
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import CountError
from datalines.files import sha256_file, write_json
from datalines.pools import partfiles
from datalines.pools.base import OK, STATUSES, Item, item_id, part_range
from datalines.pools.partfiles import COLUMNS
from datalines.pools.rows import attrition, stored_rows
from datalines.pools.store import FACTS, READERS, read_items, store_part, write_part_receipt
from tests.builders import animals, encode, folder_pool, jpeg, make_folder, make_tar, noise, png

GOOD = encode(noise(3, 2, 0), "PNG")


def item(key: str, image: bytes = GOOD, caption: str = "a cat", **options: Any) -> Item:
    return Item(key=key, extension="png", image=image, caption=caption, **options)


def stored(
    folder: Path, items: list[Item], name: str = "0", facts: dict[str, str] | None = None
) -> tuple[dict[str, Any], pd.DataFrame]:
    counts = store_part("web", items, folder / f"{name}.tar", folder / f"{name}.parquet", facts)
    write_part_receipt(folder / f"{name}.json", "web", int(name), {"kind": "shards", "version": 1}, counts)
    return counts, pd.read_parquet(folder / f"{name}.parquet")


def test_every_item_has_a_row_and_only_good_images_are_stored(tmp_path: Path) -> None:
    counts, rows = stored(
        tmp_path,
        [
            item("good", label="cat", facts={"b": 1, "a": "x"}),
            item("garbage", b"no image"),
            item("cut", jpeg(64, 64)[:600]),
            item("silent", caption=""),
            item("spaces", caption=" \t\n\u3000"),
            Item(key="none", status="missing_image", message="found only txt"),
            item("last", jpeg(7, 9)),
        ],
        facts={"b": "number", "a": "text"},
    )
    assert counts["requested"] == 7
    assert counts["stored"] == 2
    assert counts["failed"] == {"empty_caption": 2, "missing_image": 1, "undecodable_image": 2}
    assert list(counts["failed"]) == sorted(counts["failed"])
    assert rows["key"].tolist() == ["good", "garbage", "cut", "silent", "spaces", "none", "last"]
    by_key = rows.set_index("key")
    assert by_key["status"].to_dict() == {
        "good": OK,
        "garbage": "undecodable_image",
        "cut": "undecodable_image",
        "silent": "empty_caption",
        "spaces": "empty_caption",
        "none": "missing_image",
        "last": OK,
    }
    assert "truncated" in str(by_key.loc["cut", "message"]).lower()
    assert by_key.loc["none", "message"] == "found only txt"
    assert (by_key.loc["good", "fact.a"], by_key.loc["good", "fact.b"]) == ("x", 1.0)
    assert by_key["fact.a"].isna().sum() == by_key["fact.b"].isna().sum() == 6
    assert (by_key.loc["last", "width"], by_key.loc["last", "height"]) == (7, 9)
    assert set(rows["status"]) <= set(STATUSES)
    assert list(rows.columns) == [*COLUMNS.names, "fact.b", "fact.a"]
    assert set(rows["url"]) == {""}


def test_a_fact_that_is_not_declared_is_an_error_of_the_reader(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'good' has undeclared facts: a"):
        stored(tmp_path, [item("good", facts={"a": "x", "b": 1})], facts={"b": "number"})
    assert list(tmp_path.iterdir()) == []


def test_groups_of_rows_do_not_change_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [item(f"{number:02d}", caption="a" * number) for number in range(11)]
    _, whole = stored(tmp_path, items)
    monkeypatch.setattr(partfiles, "GROUP_ROWS", 4)
    _, cut = stored(tmp_path, items, "1")
    monkeypatch.setattr(partfiles, "GROUP_TEXT", 15)
    _, short = stored(tmp_path, items, "2")
    pd.testing.assert_frame_equal(cut, whole)
    pd.testing.assert_frame_equal(short, whole)
    groups = [pq.ParquetFile(tmp_path / f"{name}.parquet").num_row_groups for name in range(3)]
    assert groups[0] == 1 and groups[1] == 3 and groups[2] > 3


def test_stored_bytes_are_those_of_the_source_and_lie_where_the_row_says(tmp_path: Path) -> None:
    images = {"a": jpeg(20, 10, 1), "b": png(20, 10, 2), "c": encode(noise(5, 5, 3), "WEBP")}
    _, rows = stored(tmp_path, [item(key, data) for key, data in images.items()])
    tar = (tmp_path / "0.tar").read_bytes()
    for row in rows.to_dict("records"):
        data = images[row["key"]]
        assert tar[row["offset"] : row["offset"] + row["bytes"]] == data
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
        assert row["id"] == item_id("web", row["key"])
    with tarfile.open(tmp_path / "0.tar") as archive:
        assert archive.getnames() == [f"{identity}.png" for identity in rows["id"]]


def test_the_receipt_names_files_that_are_as_it_says(tmp_path: Path) -> None:
    counts, _ = stored(tmp_path, [item("a"), item("b", b"")])
    for part in ("tar", "rows"):
        path = tmp_path / counts[part]["path"]
        assert counts[part]["sha256"] == sha256_file(path)
        assert counts[part]["bytes"] == path.stat().st_size
    assert counts["decoder"].startswith("pillow ")


def test_a_part_without_items_is_a_part(tmp_path: Path) -> None:
    counts, rows = stored(tmp_path, [])
    assert (counts["requested"], counts["stored"], counts["failed"]) == (0, 0, {})
    assert list(rows.columns) == COLUMNS.names
    with tarfile.open(tmp_path / "0.tar") as archive:
        assert archive.getnames() == []


def test_equal_items_give_equal_bytes_failures_included(tmp_path: Path) -> None:
    items = [item("a"), item("b", b"garbage"), item("c", jpeg()[:300]), item("d", caption="")]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        stored(tmp_path / name, items)
    for file in ("0.tar", "0.parquet", "0.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_an_interrupted_part_leaves_nothing(tmp_path: Path) -> None:
    def items() -> Any:
        yield item("a")
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        store_part("web", items(), tmp_path / "0.tar", tmp_path / "0.parquet")
    assert list(tmp_path.iterdir()) == []


ANY_ITEM = st.builds(
    item,
    key=st.text(st.characters(exclude_categories=("Cs",)), max_size=6),
    image=st.sampled_from([GOOD, b"", b"garbage", GOOD[:30], jpeg(8, 8)]),
    caption=st.sampled_from(["", " ", "\n\t", "a", "ein Hündchen", "猫"]),
    status=st.sampled_from([OK, OK, OK, *STATUSES[1:]]),
    label=st.sampled_from([None, "cat"]),
)


@settings(max_examples=40, deadline=None)
@given(items=st.lists(ANY_ITEM, max_size=12))
def test_requested_is_stored_plus_failed_whatever_comes_in(items: list[Item]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        counts, rows = stored(Path(folder), items)
        sums = attrition([Path(folder, "0.json")])
    assert counts["requested"] == len(items) == len(rows)
    assert counts["stored"] + sum(counts["failed"].values()) == len(items)
    good = [entry for entry in items if entry.status == OK and entry.caption.strip() and len(entry.image) > 50]
    assert counts["stored"] == len(good)
    assert sums == {key: counts[key] for key in ("requested", "stored", "failed")}


def test_rows_of_all_parts_come_together_with_their_tar(tmp_path: Path) -> None:
    stored(tmp_path, [item("a"), item("b", b"")], "0")
    stored(tmp_path, [], "1")
    stored(tmp_path, [item("c", b"x"), item("d")], "2")
    receipts = [tmp_path / f"{part}.json" for part in range(3)]
    rows = stored_rows(receipts)
    assert list(zip(rows["key"], rows["tar"], strict=True)) == [("a", "0.tar"), ("d", "2.tar")]
    assert attrition(receipts) == {"requested": 4, "stored": 2, "failed": {"undecodable_image": 2}}


def test_a_key_that_is_stored_twice_is_a_count_error(tmp_path: Path) -> None:
    stored(tmp_path, [item("a")], "0")
    stored(tmp_path, [item("a")], "1")
    with pytest.raises(CountError, match=r"the key 'a' stands twice") as caught:
        stored_rows([tmp_path / "0.json", tmp_path / "1.json"])
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("change", [{"stored": 0}, {"requested": 3}])
def test_a_receipt_that_contradicts_its_rows_is_a_count_error(tmp_path: Path, change: dict[str, int]) -> None:
    counts, _ = stored(tmp_path, [item("a"), item("b", b"")])
    write_json(tmp_path / "0.json", {**counts, **change})
    with pytest.raises(CountError, match=r"0\.json counts") as caught:
        stored_rows([tmp_path / "0.json"])
    assert "its rows 1 of 2" in str(caught.value)
    with pytest.raises(CountError, match=r"requested, but"):
        attrition([tmp_path / "0.json"])


def test_a_directory_and_a_tar_of_it_are_stored_alike(tmp_path: Path) -> None:
    files = {**animals(3), "cat/bad.jpg": b"x", "a-b/1.png": png(), "a/1.png": png(), "README": b"x"}
    sources = {"folder": make_folder(tmp_path / "zoo", files), "tar": make_tar(tmp_path / "zoo.tar", files)}
    for name, source in sources.items():
        (tmp_path / name).mkdir()
        spec = folder_pool(source, parts=2)
        for part in range(2):
            counts = store_part(
                "zoo",
                read_items(spec, part, 2, "pools.zoo"),
                tmp_path / name / f"{part}.tar",
                tmp_path / name / f"{part}.parquet",
            )
            assert counts["requested"] in (5, 6)
    for file in ("0.tar", "0.parquet", "1.tar", "1.parquet"):
        assert (tmp_path / "folder" / file).read_bytes() == (tmp_path / "tar" / file).read_bytes()


def test_ids_differ_between_pools_and_keys_and_are_never_joined_ambiguously() -> None:
    ids = {item_id(*pair) for pair in [("a", "b"), ("a", "c"), ("ab", ""), ("", "ab"), ("b", "a")]}
    assert len(ids) == 5
    assert all(len(identity) == 32 and int(identity, 16) >= 0 for identity in ids)
    assert item_id("web", "00000/a") == "2b63f80e2022f9e5e7749e89fe40127d"


@given(items=st.integers(0, 500), parts=st.integers(1, 60))
def test_parts_cut_a_list_into_equal_pieces(items: int, parts: int) -> None:
    pieces = [part_range(items, part, parts) for part in range(parts)]
    assert [index for piece in pieces for index in piece] == list(range(items))
    assert max(map(len, pieces)) - min(map(len, pieces)) <= 1


def test_every_kind_of_the_configuration_has_a_reader() -> None:
    from datalines.config.pools import CifarPool, FolderPool, ShardsPool, TestbedPool

    models = (CifarPool, FolderPool, ShardsPool, TestbedPool)
    kinds = {model.model_fields["kind"].annotation.__args__[0] for model in models}
    assert kinds == set(READERS) == set(FACTS)
