"""Perceptual hashes: what they are, what moves them, and the files of a part and of an evaluation set."""

import hashlib
import io
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from datalines import shifts
from datalines.errors import DatalinesError
from datalines.filters.parts import open_parts
from datalines.hashes import hash_part, hash_shift, in_order, phash, phashes
from datalines.images import ImageError
from tests.builders import Pipeline, animals, encode, folder_pool, folder_shift, jpeg, make_folder, noise
from workflow.scripts import prepare_shift


def smooth(seed: int, side: int = 200) -> Image.Image:
    """A picture with shapes in it, unlike noise of single pixels."""
    return noise(5, 5, seed).resize((side, side * 3 // 4), Image.Resampling.BICUBIC)


def distance(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def test_the_hash_is_that_of_imagehash() -> None:
    for seed in range(5):
        image = smooth(seed)
        assert f"{phash(image):016x}" == str(imagehash.phash(image))


def test_a_known_picture_has_a_known_hash() -> None:
    ramp = Image.fromarray(np.add.outer(np.arange(64), 2 * np.arange(64)).astype(np.uint8))
    assert f"{phash(ramp):016x}" == "8000800080008000"


def test_a_smaller_copy_of_worse_quality_is_near_and_another_picture_is_far() -> None:
    for seed in range(5):
        image = smooth(seed)
        copy = Image.open(io.BytesIO(encode(image.resize((90, 68)), "JPEG", quality=40)))
        assert distance(phash(image), phash(copy)) <= 4
        assert distance(phash(image), phash(smooth(seed + 100))) > 16


def test_what_does_not_decode_is_an_image_error() -> None:
    assert phashes([]).tolist() == []
    assert phashes([encode(smooth(1), "PNG")]).tolist() == [phash(smooth(1))]
    with pytest.raises(ImageError):
        phashes([b"broken"])


def stored(tmp_path: Path, pipeline: Pipeline, count: int = 40) -> list[Path]:
    zoo = make_folder(tmp_path / "zoo", {**animals(count), "cat/bad.jpg": b"bad", "cat/0a.txt": b"x"})
    return pipeline.download("zoo", folder_pool(zoo, parts=2))


def test_a_part_has_a_hash_for_every_stored_image_in_the_order_of_its_rows(tmp_path: Path, pipeline: Pipeline) -> None:
    total = 0
    for part in open_parts(stored(tmp_path, pipeline)):
        found = []
        for threads in (1, 3):
            path = tmp_path / f"{part.receipt.stem}-{threads}.parquet"
            hash_part(part, path, threads)
            found.append(path.read_bytes())
        assert found[0] == found[1]
        rows = pd.read_parquet(part.rows)
        good = rows[rows["status"] == "ok"]
        table = pq.read_table(path)
        assert table.column("id").to_pylist() == good["id"].tolist()
        tar = part.receipt.with_suffix(".tar").read_bytes()
        images = [tar[row["offset"] : row["offset"] + row["bytes"]] for row in good.to_dict("records")]
        assert table.column("phash").to_pylist() == phashes(images).tolist()
        assert json.loads(table.schema.metadata[b"hash"])["imagehash"] == imagehash.__version__
        total += len(table)
    assert total == 80


def test_a_tar_that_is_missing_short_or_changed_names_the_receipt(tmp_path: Path, pipeline: Pipeline) -> None:
    receipt = stored(tmp_path, pipeline)[0]
    (part,) = open_parts([receipt])
    tar, out = receipt.with_suffix(".tar"), tmp_path / "out.parquet"
    data = bytearray(tar.read_bytes())
    first = pd.read_parquet(part.rows).query("status == 'ok'").iloc[0]
    data[first["offset"] + 40] ^= 1
    for content in (bytes(data), bytes(data)[: first["offset"] + 10]):
        tar.write_bytes(content)
        with pytest.raises(DatalinesError, match=rf"0\.tar does not hold the images of .*{first['id']} are others"):
            hash_part(part, out, 2)
    tar.unlink()
    with pytest.raises(DatalinesError, match=r"0\.tar is missing: delete .*0\.json and run again"):
        hash_part(part, out, 2)
    assert not out.exists()


def test_an_evaluation_set_has_hashes_and_digests_in_its_order(tmp_path: Path) -> None:
    spec = folder_shift(make_folder(tmp_path / "zoo", animals(40)), 80, ["cat", "sea_lion"])
    manifest = tmp_path / "shifts" / "zoo" / "manifest.json"
    prepare_shift.main("zoo", spec, manifest)
    shift = shifts.load(manifest)
    files = []
    for threads in (1, 3):
        hash_shift(shift, tmp_path / "zoo.parquet", threads)
        files.append((tmp_path / "zoo.parquet").read_bytes())
    assert files[0] == files[1]
    table = pd.read_parquet(tmp_path / "zoo.parquet")
    images = list(shift.encoded())
    assert table["id"].tolist() == shift.index["id"].tolist()
    assert table["phash"].tolist() == phashes(images).tolist()
    assert table["sha256"].tolist() == [hashlib.sha256(data).hexdigest() for data in images]


def test_an_equal_image_has_one_hash_in_a_pool_and_in_a_set(tmp_path: Path, pipeline: Pipeline) -> None:
    same = {"cat/a.jpg": jpeg(40, 30, 7)}
    (receipt,) = pipeline.download("zoo", folder_pool(make_folder(tmp_path / "one", same)))
    hash_part(open_parts([receipt])[0], tmp_path / "pool.parquet", 1)
    manifest = tmp_path / "shifts" / "zoo" / "manifest.json"
    prepare_shift.main("zoo", folder_shift(make_folder(tmp_path / "two", same), 1, ["cat"]), manifest)
    hash_shift(shifts.load(manifest), tmp_path / "shift.parquet", 1)
    one, two = (pd.read_parquet(tmp_path / name)["phash"].tolist() for name in ("pool.parquet", "shift.parquet"))
    assert one == two == [phash(Image.open(io.BytesIO(same["cat/a.jpg"])))]


def test_work_is_handed_out_a_little_ahead_and_comes_back_in_order() -> None:
    taken: list[int] = []
    gate = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert gate.wait(30)
        return number * number

    def tasks() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            if number == 3:
                gate.set()
            yield number

    with ThreadPoolExecutor(3) as pool:
        results = in_order(pool, work, tasks(), ahead=4)
        assert next(results) == 0
        assert len(taken) == 4
        assert list(results) == [number * number for number in range(1, 20)]
