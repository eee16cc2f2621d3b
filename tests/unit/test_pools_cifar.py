"""CIFAR-10's binary version and CINIC-10's form: the pixels and labels of the archive, errors with file and byte, and
networks trained on both."""

import gzip
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datalines import shifts
from datalines.config.load import load_study
from datalines.errors import CountError, PoolError
from datalines.files import read_json
from datalines.images import decode
from datalines.pools import archive, cifar
from datalines.pools.base import OK, Item
from datalines.pools.folder import read as read_folder
from datalines.pools.store import read_items, store_part
from tests.builders import Pipeline, animals, encode, folder_pool, make_folder, make_tar, png
from tests.unit.tiny_runs import supervised
from workflow.scripts import evaluate_run, prepare_shift, train_model

TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
REAL = {"train": SHARED / "cifar10-train.tar", "test": SHARED / "cifar10-test.tar"}
RECORD = 3073
WHERE = "pools.cifar10"
Picture = tuple[int, npt.NDArray[np.uint8]]


def pictures(count: int, seed: int = 0, labels: int = 10) -> list[Picture]:
    """Random images of 32 px with the labels 0, 1, ... in turn."""
    draw = np.random.default_rng(seed)
    return [(number % labels, draw.integers(0, 256, (32, 32, 3), dtype=np.uint8)) for number in range(count)]


def batch(images: list[Picture]) -> bytes:
    """A file of records, as the authors' page describes them."""
    return b"".join(bytes([label]) + image.transpose(2, 0, 1).tobytes() for label, image in images)


def binary(path: Path, files: dict[str, bytes], names: list[str] | None = None) -> Path:
    """An archive laid out as cifar-10-binary.tar.gz, its batches in the order given."""
    meta = "".join(f"{name}\n" for name in names or TEN) + "\n"
    whole = {"batches.meta.txt": meta.encode(), "readme.html": b"<html>", **files}
    plain = make_tar(path.with_suffix(".plain"), {f"cifar-10-batches-bin/{name}": data for name, data in whole.items()})
    path.write_bytes(gzip.compress(plain.read_bytes(), 1))
    plain.unlink()
    return path


def declared(path: Path, **more: Any) -> dict[str, Any]:
    """A resolved declaration of a pool of this kind."""
    spec = {"kind": "cifar", "path": str(path), "batches": "train", "version": 1, "parts": 1, "seed": 0}
    return {**spec, "templates": ["a photo of a {}"], "names": None, "items": None, **more}


def items(path: Path, part: int = 0, parts: int = 1, **more: Any) -> list[Item]:
    return list(cifar.read(declared(path, **more), part, parts, WHERE))


def error_of(path: Path, **more: Any) -> str:
    with pytest.raises(PoolError) as caught:
        items(path, **more)
    assert str(caught.value).startswith(f"{WHERE}: {path}")
    return str(caught.value)


def pixels(item: Item) -> npt.NDArray[np.uint8]:
    return np.asarray(decode(item.image))


def test_pixels_and_labels_are_those_of_the_records_in_the_order_of_the_batches(tmp_path: Path) -> None:
    images = pictures(25)
    files = {
        "data_batch_2.bin": batch(images[10:20]), "data_batch_3.bin": batch(images[20:]),
        "test_batch.bin": batch(pictures(4, 1)), "data_batch_1.bin": batch(images[:10]),
    }  # fmt: skip
    path = binary(tmp_path / "c.tar.gz", files)
    found = items(path)
    assert [item.key for item in found[9:12]] == ["data_batch_1/00009", "data_batch_2/00000", "data_batch_2/00001"]
    assert [item.label for item in found] == [TEN[label] for label, _ in images]
    assert all(np.array_equal(pixels(item), image) for item, (_, image) in zip(found, images, strict=True))
    assert {(item.status, item.extension) for item in found} == {(OK, "png")}
    assert found[1].caption == "a photo of a automobile"
    tested = items(path, batches="test")
    assert [item.key for item in tested] == [f"test_batch/{number:05d}" for number in range(4)]
    assert np.array_equal(pixels(tested[3]), pictures(4, 1)[3][1])


def test_a_tar_without_compression_is_read_alike(tmp_path: Path) -> None:
    path = binary(tmp_path / "c.tar.gz", {"data_batch_1.bin": batch(pictures(5))})
    plain = tmp_path / "c.tar"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    assert items(plain) == items(path)


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 7), min_size=1, max_size=4), parts=st.integers(1, 9))
def test_parts_are_the_whole_cut_into_pieces(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], parts: int
) -> None:
    images = pictures(sum(sizes))
    starts = np.cumsum([0, *sizes])
    files = {f"data_batch_{n + 1}.bin": batch(images[starts[n] : starts[n + 1]]) for n in range(len(sizes))}
    path = binary(tmp_path_factory.mktemp("parts") / "c.tar.gz", files)
    pieces = [items(path, part, parts) for part in range(parts)]
    assert [item for piece in pieces for item in piece] == items(path)
    assert max(map(len, pieces)) - min(map(len, pieces)) <= 1


def test_equal_archives_give_equal_bytes(tmp_path: Path) -> None:
    path = binary(tmp_path / "c.tar.gz", {"data_batch_1.bin": batch(pictures(12))})
    for name in ("one", "two"):
        counts = store_part("cifar10", items(path), tmp_path / f"{name}.tar", tmp_path / f"{name}.parquet")
        assert (counts["requested"], counts["stored"], counts["failed"]) == (12, 12, {})
    for suffix in ("tar", "parquet"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_names_are_those_of_the_archive_unless_the_config_gives_others(tmp_path: Path) -> None:
    path = binary(tmp_path / "c.tar.gz", {"data_batch_1.bin": batch(pictures(2, labels=2))}, ["cat", "sea_lion"])
    assert [(item.label, item.caption) for item in items(path)] == [
        ("cat", "a photo of a cat"),
        ("sea_lion", "a photo of a sea lion"),
    ]
    assert [item.label for item in items(path, names={"cat": "tomcat"})] == ["tomcat", "sea_lion"]
    assert len(items(path, classes="two", class_names=["cat", "sea_lion", "dog"])) == 2
    assert "names sea_lion, which class list two does not hold" in error_of(path, classes="two", class_names=["cat"])


WRONG = [
    ({}, "holds no data_batch_1.bin; give the binary version (cifar-10-binary.tar.gz)"),
    ({"data_batch_2.bin": batch(pictures(1)), "data_batch_4.bin": batch(pictures(1))},
     "holds no data_batch_1.bin, data_batch_3.bin; give"),
    ({"data_batch_1.bin": b""}, "data_batch_1.bin has 0 bytes, and a record has 3,073"),
    ({"data_batch_1.bin": batch(pictures(3))[:-1]},
     "data_batch_1.bin has 9,218 bytes, and a record has 3,073: what begins at byte 6,146 is no whole one"),
    ({"data_batch_1.bin": batch(pictures(2)), "data_batch_2.bin": batch([*pictures(2), (10, pictures(1)[0][1])])},
     "data_batch_2.bin, byte 6,146: the label is 10, and batches.meta.txt names 10 classes, counted from 0"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "text"), WRONG)
def test_wrong_batches_are_errors_that_name_file_and_byte(tmp_path: Path, files: dict[str, bytes], text: str) -> None:
    assert text in error_of(binary(tmp_path / "c.tar.gz", files))


def test_other_archives_are_errors_that_say_which_is_wanted(tmp_path: Path) -> None:
    path = binary(tmp_path / "c.tar.gz", {"data_batch_1.bin": batch(pictures(2))})
    assert "holds no test_batch.bin" in error_of(path, batches="test")
    assert "does not exist; give the binary version" in error_of(tmp_path / "other.tar.gz")
    assert "is not a file; give the binary version" in error_of(tmp_path)
    python = make_tar(tmp_path / "python.tar", {"cifar-10-batches-py/data_batch_1": b"\x80\x02}", "readme.html": b"x"})
    assert "holds no batches.meta.txt; give the binary version" in error_of(python)


def test_a_damaged_archive_is_never_read_to_its_end(tmp_path: Path) -> None:
    whole = binary(tmp_path / "c.tar.gz", {"data_batch_1.bin": batch(pictures(40))}).read_bytes()
    damaged = tmp_path / "damaged.tar.gz"
    draw = random.Random(0)
    for length in sorted(draw.sample(range(len(whole) - 8), 20)):
        damaged.write_bytes(whole[:length])
        assert "fetch it again" in error_of(damaged) or "truncated" in error_of(damaged)
    damaged.write_bytes(b"<html>not found</html>")
    assert "is broken or truncated" in error_of(damaged)
    plain = gzip.decompress(whole)
    damaged.write_bytes(plain[: plain.index(b"data_batch_1.bin") + 512 + 5 * RECORD])
    assert "fetch it again" in error_of(damaged)


def test_no_evaluation_set_of_another_size_is_accepted(tmp_path: Path) -> None:
    path = binary(tmp_path / "c.tar.gz", {"test_batch.bin": batch(pictures(20))})
    labels = {"class_names": TEN, "subset": TEN, "prompts": ["{}"], "classes": "ten", "batches": "test"}
    prepare_shift.main("cifar10-test", declared(path, **labels, items=20), tmp_path / "out" / "manifest.json")
    found = shifts.load(tmp_path / "out" / "manifest.json")
    assert found.labels.tolist() == [label for label, _ in pictures(20)]
    with pytest.raises(CountError, match="21 declared, but 20 images found"):
        prepare_shift.main("cifar10-test", declared(path, **labels, items=21), tmp_path / "no" / "manifest.json")


def gzipped(path: Path) -> Path:
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def test_class_folders_in_a_gzipped_tar_are_those_of_the_tar(tmp_path: Path) -> None:
    """As CINIC-10 is published: `./train/<class>/<name>.png` beside other splits, in one tar.gz."""
    files = {f"./{split}/{name}": data for split in ("train", "test") for name, data in animals(3).items()}
    tar = make_tar(tmp_path / "cinic.tar", {"./README.md": b"hi", **dict(reversed(files.items()))})
    spec = {"root": "train", "classes": "two", "class_names": ["cat", "sea_lion"]}
    found = [list(read_folder(folder_pool(path, **spec), 0, 1, WHERE)) for path in (tar, gzipped(tar))]
    assert found[0] == found[1] and len(found[0]) == 6
    thirds = [list(read_folder(folder_pool(gzipped(tar), **spec), part, 3, WHERE)) for part in range(3)]
    assert [item for piece in thirds for item in piece] == found[0]


def test_the_copy_of_a_gzipped_tar_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "room"))
    (tmp_path / "room").mkdir()
    path = gzipped(make_tar(tmp_path / "a.tar", animals(2)))
    reading: Iterator[Item] = read_folder(folder_pool(path), 0, 1, WHERE)
    next(reading)
    assert len(list((tmp_path / "room").iterdir())) == 1
    reading.close()  # type: ignore[attr-defined]
    assert list((tmp_path / "room").iterdir()) == []


def test_a_damaged_gzipped_tar_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = gzipped(make_tar(tmp_path / "a.tar", animals(4)))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PoolError, match="is broken or truncated") as caught:
        list(read_folder(folder_pool(path), 0, 1, WHERE))
    assert str(caught.value).startswith(f"{WHERE}.path: {path} ")
    inner = make_tar(tmp_path / "b.tar", animals(4)).read_bytes()
    path.write_bytes(gzip.compress(inner[: len(inner) // 2]))
    with pytest.raises(PoolError) as caught:
        list(read_folder(folder_pool(path), 0, 1, WHERE))
    assert str(path) in str(caught.value) and "fetch it again" in str(caught.value)
    assert archive.GZIP not in inner[:2]


def test_files_can_be_left_out_by_their_names(tmp_path: Path) -> None:
    files = {"cat/cifar10-train-1.png": png(), "cat/cifar10-test-2.png": png(), "cat/n01_3.png": png()}
    folder = make_folder(tmp_path / "zoo", files)
    left = read_folder(folder_pool(folder, leave_out=["cifar10-train-*", "README*"]), 0, 1, WHERE)
    assert [item.key for item in left] == ["cat/cifar10-test-2.png", "cat/n01_3.png"]


def test_scale_cinic_is_the_papers_experiment() -> None:
    """Appendix D.2: 50,000 images in every training set, three networks, both test sets."""
    study = load_study(ROOT, {"scale": "cinic"})
    runs = {run for name in study.experiments_of("qnq") for run in study.runs(name)}
    assert len(runs) == 5 * 3 * 2
    assert {study.mixtures[study.families[run.family].mixture].samples(run.size) for run in runs} == {50_000}
    assert study.mixtures["cifar50-cinic50"].counts("k50") == [25_000, 25_000]
    networks = {study.recipes[study.families[run.family].recipe].model for run in runs}
    assert networks == {"resnet18-s32", "resnet34-s32", "resnet50-s32"}
    assert [study.shifts[name].items for name in study.suites["ten"]] == [10_000, 90_000, 80_000]
    assert [study.pools[name].items for name in study.pools_of()] == [50_000, 90_000]
    assert study.class_names("ten") == TEN
    assert set(study.papers["qnq"].figures) == {"fig-22", "fig-28"}


def real(split: str, each: int) -> list[Picture]:
    """Real images of CIFAR-10, `each` of every class."""
    if not REAL[split].is_file():
        pytest.skip(f"the images of CIFAR-10 are not here: {REAL[split]} does not exist")
    found = []
    with tarfile.open(REAL[split]) as tar:
        names = tar.getnames()
        for label, name in enumerate(TEN):
            for member in [path for path in names if path.startswith(f"{split}/{name}/")][:each]:
                stream = tar.extractfile(member)
                assert stream is not None
                found.append((label, np.asarray(decode(stream.read()))))
    return found


def test_real_images_come_back_from_the_binary_format(tmp_path: Path) -> None:
    images = real("train", 40)
    random.Random(0).shuffle(images)
    files = {f"data_batch_{n + 1}.bin": batch(images[n * 100 : n * 100 + 100]) for n in range(4)}
    spec = declared(binary(tmp_path / "c.tar.gz", files), classes="ten", class_names=TEN)
    found = list(read_items(spec, 0, 1, WHERE))
    assert len(found) == len(images) == 400
    assert [item.label for item in found] == [TEN[label] for label, _ in images]
    assert all(np.array_equal(pixels(item), image) for item, (_, image) in zip(found, images, strict=True))


def as_cinic(path: Path, splits: dict[str, list[Picture]]) -> Path:
    """Images laid out as CINIC-10 is."""
    files = {
        f"{split}/{TEN[label]}/cifar10-{split}-{number}.png": encode(Image.fromarray(image), "PNG")
        for split, images in splits.items()
        for number, (label, image) in enumerate(images)
    }
    return gzipped(make_tar(path, files))


def test_two_mixtures_are_trained_on_and_measured_on_both_test_sets(tmp_path: Path) -> None:
    """CIFAR-10 alone and half of it with half of a set in CINIC-10's form, real images, one epoch, a small network."""
    train, test = real("train", 8), real("test", 4)
    cifar10 = binary(tmp_path / "c.tar.gz", {"data_batch_1.bin": batch(train[::2]), "test_batch.bin": batch(test[::2])})
    cinic10 = as_cinic(tmp_path / "cinic.tar", {"train": train[1::2], "test": test[1::2]})
    made = Pipeline(tmp_path)
    listed = {"classes": "ten", "class_names": TEN}
    pools = [
        made.shard("cifar10", declared(cifar10, items=40, **listed), shard_size=20),
        made.shard("cinic10", folder_pool(cinic10, root="train", items=40, **listed), shard_size=20),
    ]
    labels = {**listed, "subset": TEN, "prompts": ["{}"], "items": 20}
    sets = [tmp_path / "shifts" / name / "manifest.json" for name in ("cifar10-test", "cinic10-test")]
    prepare_shift.main("cifar10-test", declared(cifar10, batches="test", **labels), sets[0])
    prepare_shift.main("cinic10-test", folder_pool(cinic10, root="test", **labels), sets[1])
    mixtures = {"cifar10": {pools[0]: 40}, "both": dict.fromkeys(pools, 20)}
    of = {**supervised(epochs=1, keep=[1], batch=16), "class_names": TEN}
    for name, shares in mixtures.items():
        mixture = made.mix(name, "k50", shares)
        assert read_json(mixture)["samples"] == 40
        run, target = tmp_path / "runs" / name, tmp_path / "evals" / name / "ten.json"
        spec = {"mixture": name, "recipe": of}
        train_model.main(
            name, "k50", 0, spec, mixture, run / "summary.json", run / "history.csv", tmp_path / "states", 1
        )
        evaluate_run.main(run / "summary.json", "ten", "small", sets, target, target.with_suffix(".safetensors"), 1)
        measures = read_json(target)["measures"]
        assert [(row["shift"], row["n"]) for row in measures] == [("cifar10-test", 20), ("cinic10-test", 20)]
        assert all(row["top1"] == row["correct"] / 20 for row in measures)
