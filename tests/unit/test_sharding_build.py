"""A pool's shards: complete, as webdataset reads them, and after any change the same as if built from nothing."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import webdataset
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import CountError, DatalinesError
from datalines.files import sha256_file
from datalines.sharding import parts as part_images
from datalines.sharding.ledger import NAME
from datalines.shards import Sample, id_set_digest, image_bytes, keyed_order, order_digest, write_shard
from tests.unit.shard_files import Row, build, changed, contents, rows, write_kept, write_part, write_parts

ROOT = Path(__file__).resolve().parents[2]
ITEMS = rows(40)


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Nothing here survives a power cut: files are not waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def ids(items: list[Row]) -> list[str]:
    return [item.id for item in items]


def test_shards_hold_the_kept_samples_in_keyed_order_with_their_bytes(tmp_path: Path) -> None:
    kept = ITEMS[5:]
    written = build(tmp_path / "out", write_parts(tmp_path / "parts", ITEMS, 3), ids(kept), shard_size=4, seed=5)
    index = pd.read_parquet(tmp_path / "out" / "index.parquet")
    assert index["id"].tolist() == keyed_order(ids(kept), 5)
    items = {item.id: item for item in kept}
    chosen = [items[identity] for identity in index["id"]]
    assert list(image_bytes(index, tmp_path / "out")) == [item.image for item in chosen]
    assert index["caption"].tolist() == [item.caption for item in chosen]
    assert [None if pd.isna(label) else label for label in index["label"]] == [item.label for item in chosen]
    assert index["url"].tolist() == [f"https://a.org/{item.key}" for item in chosen]
    assert set(zip(index["width"], index["height"], strict=True)) == {(3, 2)}
    assert (written.digests.id_set, written.digests.order) == (id_set_digest(ids(kept)), order_digest(index["id"]))
    for entry in written.shards:
        path = tmp_path / "out" / entry["path"]
        assert (entry["sha256"], entry["bytes"]) == (sha256_file(path), path.stat().st_size)
    # 35 samples, shards of at most 4 in the mean: 16 ranges of the hash
    assert {entry["path"] for entry in written.shards} <= {f"{number:05d}.tar" for number in range(16)}


def test_tars_are_those_of_write_shard_and_the_index_says_where_samples_lie(tmp_path: Path) -> None:
    written = build(tmp_path / "out", write_parts(tmp_path / "parts", ITEMS), ids(ITEMS))
    items = {item.id: item for item in ITEMS}
    listing = pq.ParquetFile(tmp_path / "out" / "index.parquet")
    assert listing.num_row_groups == len(written.shards)
    for group, entry in enumerate(written.shards):
        listed = listing.read_row_group(group).to_pylist()
        samples = [
            Sample(row["id"], "jpg", items[row["id"]].image, items[row["id"]].caption, items[row["id"]].label)
            for row in listed
        ]
        expected, places = write_shard(tmp_path / "again" / entry["path"], samples)
        assert entry == expected
        assert [{key: row[key] for key in places[0]} for row in listed] == places
        read = webdataset.WebDataset(str(tmp_path / "out" / entry["path"]), shardshuffle=False)
        assert [(found["__key__"], found["jpg"]) for found in read] == [(one.id, one.image) for one in samples]
        with tarfile.open(tmp_path / "out" / entry["path"]) as archive:
            assert len(archive.getnames()) == sum(2 + (one.label is not None) for one in samples)


def test_neither_the_parts_nor_their_order_change_a_pools_shards(tmp_path: Path) -> None:
    for parts in (1, 3):
        receipts = write_parts(tmp_path / f"{parts}", ITEMS, parts)
        build(tmp_path / f"out-{parts}", receipts[::-1], ids(ITEMS))
    assert contents(tmp_path / "out-1") == contents(tmp_path / "out-3")


CHANGES = st.lists(st.tuples(st.integers(0, 39), st.sampled_from(["absent", "image", "caption"])), max_size=8)


@settings(max_examples=15)
@given(CHANGES, CHANGES, st.sampled_from([2, 5]))
def test_a_rerun_gives_the_bytes_of_a_fresh_build_and_leaves_what_is_unchanged(
    first: list[tuple[int, str]], second: list[tuple[int, str]], shard_size: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, before = Path(name), {}
        for step, changes in enumerate((first, second)):
            items = dict(enumerate(ITEMS))
            for number, kind in changes:
                if kind == "absent":
                    items.pop(number, None)
                elif number in items:
                    item = items[number]
                    new = changed(item, b"other" + item.image)
                    items[number] = new if kind == "image" else Row(item.key, item.image, "other", item.label)
            chosen = list(items.values())
            receipts = write_parts(folder / f"parts-{step}", chosen, 2)
            written = build(folder / "out", receipts, ids(chosen), shard_size)
            build(folder / f"fresh-{step}", receipts, ids(chosen), shard_size)
            assert contents(folder / "out") == contents(folder / f"fresh-{step}")
            tars = {path.name: path for path in (folder / "out").glob("*.tar")}
            now = {
                path.name: (sha256_file(path), path.stat().st_ino, path.stat().st_mtime_ns) for path in tars.values()
            }
            same = {name for name in now if name in before and now[name][0] == before[name][0]}
            assert {name for name in same if now[name] != before[name]} == set()
            assert written.unchanged == len(same)
            before = now


def test_a_sample_that_is_removed_rewrites_one_shard_and_one_more_round_none(tmp_path: Path) -> None:
    receipts = write_parts(tmp_path / "parts", ITEMS)
    first = build(tmp_path / "out", receipts, ids(ITEMS))
    second = build(tmp_path / "out", receipts, ids(ITEMS[1:]))
    assert (first.unchanged, len(second.shards) - second.unchanged) == (0, 1)
    third = build(tmp_path / "out", receipts, ids(ITEMS[1:]))
    assert third.unchanged == len(third.shards)


@pytest.mark.parametrize("harm", ["shorter", "touched", "deleted", "forgotten", "torn"])
def test_a_tar_that_is_not_as_it_was_left_is_written_again(tmp_path: Path, harm: str) -> None:
    receipts = write_parts(tmp_path / "parts", ITEMS)
    written = build(tmp_path / "out", receipts, ids(ITEMS))
    before, victim = contents(tmp_path / "out"), tmp_path / "out" / written.shards[1]["path"]
    lines = (tmp_path / "out" / NAME).read_text().splitlines()
    if harm == "shorter":
        victim.write_bytes(victim.read_bytes()[:-512])
    elif harm == "touched":
        data = victim.read_bytes()
        victim.write_bytes(data[:600] + b"?" + data[601:])
        os.utime(victim, ns=(0, victim.stat().st_mtime_ns + 1))
    elif harm == "deleted":
        victim.unlink()
    else:
        lines = [line for line in lines if json.loads(line)["path"] != victim.name]
        lines += ['{"path": "000'] if harm == "torn" else []
        (tmp_path / "out" / NAME).write_text("\n".join(lines))
    (tmp_path / "out" / "99999.tar").write_bytes(b"stale")
    (tmp_path / "out" / ".00001.tar.17.tmp").write_bytes(b"left behind")
    again = build(tmp_path / "out", receipts, ids(ITEMS))
    assert again.unchanged == len(again.shards) - 1
    assert contents(tmp_path / "out") == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")) == [NAME]


DYING = """
import os, signal, sys
from pathlib import Path
from datalines.sharding.build import write_pool
left, replace = int(sys.argv[1]), Path.replace
def dying(path, target):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(path, target)
Path.replace = dying
folder = Path(sys.argv[2])
receipts = sorted((folder / "parts").glob("*.json"))
write_pool(receipts, folder / "kept.npy", folder / "out" / "index.parquet", 4, 0)
"""


@pytest.mark.parametrize("renames", [0, 1, 2, 6, 12])
def test_a_killed_job_continues_to_the_same_bytes(tmp_path: Path, renames: int) -> None:
    receipts = write_parts(tmp_path / "parts", ITEMS)
    write_kept(tmp_path / "kept.npy", ids(ITEMS))
    run = [sys.executable, "-c", DYING, f"{renames}", str(tmp_path)]
    killed = subprocess.run(run, cwd=ROOT, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    written = build(tmp_path / "out", receipts, ids(ITEMS))
    # The first rename is that of the ledger; what was in its place and noted stays.
    assert written.unchanged == max(0, renames - 1)
    build(tmp_path / "fresh", receipts, ids(ITEMS))
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")
    assert [path for path in (tmp_path / "out").glob(".*") if path.name != NAME] == []


def test_an_image_that_is_not_the_rows_names_the_receipt_to_delete(tmp_path: Path) -> None:
    receipts = write_parts(tmp_path / "parts", ITEMS)
    tar = tmp_path / "parts" / "1.tar"
    data = tar.read_bytes()
    tar.write_bytes(data[:520] + b"?" + data[521:])
    with pytest.raises(DatalinesError, match=r"1\.tar does not hold at byte 512 .* delete .*1\.json and run again"):
        build(tmp_path / "out", receipts, ids(ITEMS))
    assert not (tmp_path / "out" / "index.parquet").exists()
    tar.write_bytes(data[:-3000])
    with pytest.raises(DatalinesError, match=r"1\.tar ends before byte \d+: delete .*1\.json and run again"):
        build(tmp_path / "out", receipts, ids(ITEMS))
    tar.unlink()
    with pytest.raises(DatalinesError, match=r"1\.tar is missing: delete .*1\.json and run again"):
        build(tmp_path / "out", receipts, ids(ITEMS))


def test_a_kept_id_that_no_part_stores_is_a_count_error(tmp_path: Path) -> None:
    receipts = write_parts(tmp_path / "parts", ITEMS[1:])
    with pytest.raises(CountError, match=r"kept\.npy keeps 40 ids, but 39 of them are stored; delete it"):
        build(tmp_path / "out", receipts, ids(ITEMS))
    assert not (tmp_path / "out" / "index.parquet").exists()


def test_hundreds_of_parts_are_read_with_few_files_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_images, "OPEN", 5)
    items = rows(600, size=16)
    receipts = [write_part(tmp_path / "parts", number, [item]) for number, item in enumerate(items)]
    most, limit = [0], open_files()
    read = part_images.PartTars.read

    def watched(self: part_images.PartTars, *place: int | str) -> bytes:
        most[0] = max(most[0], open_files())
        return read(self, *place)  # type: ignore[arg-type]

    monkeypatch.setattr(part_images.PartTars, "read", watched)
    written = build(tmp_path / "out", receipts, ids(items), shard_size=100)
    assert written.digests.count == 600
    # besides the parts: a tar, the index, rows of a part or of a shard, and what four threads have just opened
    assert most[0] <= limit + 5 + 12
    assert open_files() <= limit + 1


def test_large_images_and_captions_go_through_small_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Row(f"{n}", os.urandom(3000 * n), "word " * 13000, "cat") for n in range(12)]
    receipts = write_parts(tmp_path / "parts", items)
    build(tmp_path / "large", receipts, ids(items))
    for name, value in (("PIECE_BYTES", 5000), ("AHEAD", 9000), ("PIECE_ROWS", 2)):
        monkeypatch.setattr(part_images, name, value)
    build(tmp_path / "small", receipts, ids(items))
    assert contents(tmp_path / "small") == contents(tmp_path / "large")
    index = pd.read_parquet(tmp_path / "small" / "index.parquet")
    images = {item.id: item.image for item in items}
    assert list(image_bytes(index, tmp_path / "small")) == [images[identity] for identity in index["id"]]


def test_what_a_tar_follows_from_is_in_its_key(tmp_path: Path) -> None:
    items = [Row("1", b"one", "a b", None), Row("2", b"two", "c", "d")]
    others = [
        [items[1]],
        [Row("1", b"one", "a", None), items[1]],
        [Row("1", b"one", "a b", ""), items[1]],
        [Row("1", b"uno", "a b", None), items[1]],
        [Row("1", b"one", "a bc", None), Row("2", b"two", "", "d")],
    ]
    keys = set()
    for number, chosen in enumerate([items, *others]):
        build(tmp_path / f"{number}", [write_part(tmp_path / f"parts-{number}", 0, chosen)], ids(chosen), 100)
        keys.add(json.loads((tmp_path / f"{number}" / NAME).read_text())["content"])
    assert len(keys) == 1 + len(others)


MEASURED = """
import re, sys
from pathlib import Path
from datalines.sharding import layout, parts
from datalines.sharding.build import write_pool
folder = Path(sys.argv[1])
layout.SPILL, parts.AHEAD, parts.PIECE_BYTES = 1 << 20, 4 << 20, 1 << 20
receipts = sorted((folder / "parts").glob("*.json"))
written = write_pool(receipts, folder / "kept.npy", folder / "out" / "index.parquet", 1000, 0)
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(written.digests.count, peak)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_samples(tmp_path: Path) -> None:
    peaks = []
    for count in (20_000, 200_000):
        folder = tmp_path / f"{count}"
        names = []
        for part in range(count // 5000):
            items = [Row(f"{part}-{n}", b"%d" % n, "a short caption") for n in range(5000)]
            names += ids(items)
            write_part(folder / "parts", part, items)
        write_kept(folder / "kept.npy", names)
        run = [sys.executable, "-c", MEASURED, str(folder)]
        done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
        written, peak = map(int, done.stdout.split())
        assert written == count
        peaks.append(peak / 1024)
    # The rows of the larger pool alone are about 60 MB.
    assert peaks[1] < peaks[0] + 15
