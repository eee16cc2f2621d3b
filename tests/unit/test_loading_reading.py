"""Reading: every sample with its caption and class, in the order of the disk, one block ahead, in bounded memory."""

import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datalines.errors import DatalinesError
from datalines.files import read_json, sha256_file, write_json
from datalines.loading import reading
from datalines.loading.manifest import Contents
from datalines.loading.order import Order
from datalines.loading.reading import Reader, read
from datalines.loading.slices import Part, Slice
from datalines.tars import padded
from tests.unit.tiny_loading import sample, write_mixture


def opened(manifest: Path, window: int = 12) -> tuple[Contents, Order]:
    contents = Contents.open(manifest)
    return contents, Order(contents.shards, contents.digest, 0, window)


def reader(manifest: Path, part: Part | None = None, known: Any = lambda row: False, window: int = 12) -> Reader:
    contents, order = opened(manifest, window)
    return Reader(contents, order, part or Part(Slice(8, 8, 0, 1, 2), contents.samples), known)


def read_rows(contents: Contents, order: Order, rows: list[int]) -> list[reading.Sample]:
    wanted = np.array(rows)
    return read(contents, order.shards_of(wanted), wanted)


def test_samples_come_with_their_caption_and_class_in_the_order_asked_for(tmp_path: Path) -> None:
    contents, order = opened(write_mixture(tmp_path))
    rows = np.random.default_rng(0).permutation(64).tolist()
    for row, found in zip(rows, read_rows(contents, order, rows), strict=True):
        stored = sample("yfcc", row) if row < 23 else sample("laion", row - 23)
        assert (found.image, found.caption, found.label) == (stored.image, stored.caption, stored.label)


def test_a_part_is_handed_out_position_by_position(tmp_path: Path) -> None:
    manifest = write_mixture(tmp_path)
    contents, order = opened(manifest)
    mine = reader(manifest, Part(Slice(8, 4, 1, 2, 2), 64, first=3, worker=1, workers=2))
    for epoch, start in ((1, 36), (1, 52), (2, 4), (2, 20)):  # every second step from the fourth on, the latter half
        rows = order.rows(epoch, start, start + 4).tolist()
        assert mine.samples(epoch, start, start + 4) == read_rows(contents, order, rows)
    mine.close()


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    manifest = write_mixture(tmp_path)
    mine = reader(manifest, known=lambda row: row % 2 == 0)
    rows = opened(manifest)[1].rows(1, 0, 8).tolist()
    assert [found is None for found in mine.samples(1, 0, 8)] == [row % 2 == 0 for row in rows]
    mine.close()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Every range that is read: file name, first byte, and the one after the last."""
    found = []

    def preadv(handle: int, buffers: list[memoryview], start: int) -> int:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        found.append((name, start, start + sum(map(len, buffers))))
        return os.preadv(handle, buffers, start)

    replace_os(monkeypatch, preadv)
    return found


def replace_os(monkeypatch: pytest.MonkeyPatch, preadv: Any) -> None:
    monkeypatch.setattr(reading, "os", type("os", (), {**vars(os), "preadv": staticmethod(preadv)}))


def test_blocks_are_read_once_from_the_first_byte_to_the_last(tmp_path: Path, reads: list[Any]) -> None:
    contents, order = opened(write_mixture(tmp_path))
    read_rows(contents, order, order.rows(1, 0, 20).tolist())
    assert reads == sorted(reads)
    # Neighbours are one read each, whatever the order in which they are used.
    assert len({name for name, _, _ in reads}) == len(reads) > 2


def test_gaps_are_skipped_where_that_pays(tmp_path: Path, reads: list[Any]) -> None:
    """Samples of 31 KiB, gaps up to 64: two between two others are read through, three are not."""
    contents, order = opened(write_mixture(tmp_path, {"a": 12}, shard_size=12, images=os.urandom(29 << 10)))
    read_rows(contents, order, [0, 1, 3, 6, 10, 11])
    sizes = contents.sizes
    assert [stop - start for _, start, stop in reads] == [sizes[:7].sum(), sizes[10:].sum()]


def test_single_reads_are_bounded(tmp_path: Path, reads: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    contents, order = opened(write_mixture(tmp_path, {"a": 40}, shard_size=40, images=os.urandom(9_000)))
    monkeypatch.setattr(reading, "CHUNK", 50_000)
    whole = read_rows(contents, order, list(range(40)))
    assert max(stop - start for _, start, stop in reads) <= 50_000 + contents.sizes.max()
    assert [found.caption for found in whole] == [f"a № {number}" for number in range(40)]


def test_short_answers_of_the_system_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents, order = opened(write_mixture(tmp_path))
    before = read_rows(contents, order, [0, 1, 2])
    replace_os(monkeypatch, lambda handle, buffers, start: os.preadv(handle, [buffers[0][:700]], start))
    assert read_rows(contents, order, [0, 1, 2]) == before


def test_memory_is_that_of_two_blocks_however_many_samples_there_are(tmp_path: Path) -> None:
    size, shard = 20_000, 10
    manifest = write_mixture(tmp_path, {"a": 300}, shard, images=os.urandom(size))
    mine = reader(manifest, Part(Slice(10, 10, 0, 1, 1), 300), window=20)
    tracemalloc.start()
    for start in range(0, 300, 10):
        mine.samples(1, start, start + 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    mine.close()
    # Two blocks of 20, the batch that was handed out, and one read of a shard; all samples would be 6 MB.
    assert 20 * size < peak < (2 * 20 + 10 + shard) * (size + 2048) * 1.2


def change_shard(manifest: Path, place: int, data: bytes) -> None:
    """Overwrite bytes of the first shard; its manifest then vouches for them."""
    path = manifest.with_name("00000.tar")
    before = path.read_bytes()
    path.write_bytes(before[:place] + data + before[place + len(data) :])
    content = read_json(manifest)
    content["shards"][0]["sha256"] = sha256_file(path)
    write_json(manifest, content)


@pytest.mark.parametrize(
    ("shift", "data"), [(0, b"\xff" * 512), (124, b"no number   "), (0, b"another.name"), (512, b"\xff\xff")]
)
def test_members_that_are_no_caption_are_an_error_that_names_the_shard(tmp_path: Path, shift: int, data: bytes) -> None:
    manifest = write_mixture(tmp_path)
    first = pd.read_parquet(manifest.with_name("index.parquet")).iloc[0]
    change_shard(manifest, first["image_offset"] + padded(first["image_bytes"]) + shift, data)
    if data == b"another.name":
        change_shard(manifest, first["image_offset"] + padded(first["image_bytes"]), b"x" * 40)
    contents, order = opened(manifest)
    with pytest.raises(DatalinesError, match=rf"00000\.tar has been altered: delete {manifest}"):
        read_rows(contents, order, [0])


def test_a_shard_that_goes_away_or_shrinks_during_a_run_is_named(tmp_path: Path) -> None:
    manifest = write_mixture(tmp_path)
    contents, order = opened(manifest)
    path = manifest.with_name("00000.tar")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DatalinesError, match=r"00000\.tar ends before byte \d+: delete"):
        read_rows(contents, order, [0])
    manifest.with_name("00003.tar").unlink()
    mine = Reader(contents, order, Part(Slice(8, 8, 0, 1, 1), 64), lambda row: row < 5)
    with pytest.raises(DatalinesError, match=r"00003\.tar is missing: delete"):
        for start in range(0, 64, 8):
            mine.samples(1, start, start + 8)
    mine.close()
    assert not [name for name in map(link_target, Path("/proc/self/fd").iterdir()) if str(tmp_path) in name]


def link_target(path: Path) -> str:
    """What an open file is; nothing, if it has been closed since it was listed."""
    try:
        return str(path.readlink())
    except FileNotFoundError:
        return ""
