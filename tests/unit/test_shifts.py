"""Evaluation sets: complete or refused, never of another size than declared, images byte for byte."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datalines import shifts
from datalines.accuracy import predict
from datalines.errors import CountError, PoolError
from datalines.files import sha256_file
from datalines.pools import folder, webshards
from datalines.pools.base import Item
from tests.builders import animals, folder_shift, jpeg, make_folder, make_tar

WHERE = "shifts.zoo"
CLASSES = ["dog", "cat", "sea_lion"]


def spec(path: Path, items: int, **more: Any) -> dict[str, Any]:
    return folder_shift(path, items, CLASSES, subset=["cat", "sea_lion"], **more)


def samples(declared: dict[str, Any]) -> list[shifts.Sample]:
    reader = webshards.read if declared["kind"] == "shards" else folder.read
    return list(shifts.samples_of("zoo", reader(declared, 0, 1, WHERE), declared, WHERE))


def prepared(tmp_path: Path, count: int = 2) -> shifts.EvaluationSet:
    declared = spec(make_folder(tmp_path / "zoo", animals(count)), 2 * count)
    shifts.write(tmp_path / "out", "zoo", samples(declared), declared, WHERE)
    return shifts.load(tmp_path / "out" / "manifest.json")


def test_a_prepared_set_has_its_images_labels_and_allowed_classes(tmp_path: Path) -> None:
    loaded = prepared(tmp_path)
    files = animals(2)
    assert list(loaded.encoded()) == [files[name] for name in sorted(files)]
    assert loaded.labels.tolist() == [1, 1, 2, 2]
    assert loaded.labels.dtype == np.int64
    assert loaded.allowed.tolist() == [False, True, True]
    assert loaded.name == "zoo"


def test_the_manifest_is_as_its_files(tmp_path: Path) -> None:
    loaded = prepared(tmp_path)
    manifest = loaded.manifest
    assert manifest["items"] == manifest["images"]["samples"] == len(loaded.index) == 4
    assert manifest["per_class"] == {"cat": 2, "sea_lion": 2}
    assert manifest["images"]["sha256"] == sha256_file(tmp_path / "out" / "images.tar")
    assert manifest["index"]["sha256"] == sha256_file(tmp_path / "out" / "index.parquet")
    assert manifest["prompts"] == ["a {}"] and manifest["class_texts"] == CLASSES
    assert manifest["decoder"].startswith("pillow ")


def test_what_prompts_say_of_the_classes_is_kept(tmp_path: Path) -> None:
    declared = spec(make_folder(tmp_path / "zoo", animals(1)), 2, class_texts=["pet", "pet", "sea lion"])
    shifts.write(tmp_path / "out", "zoo", samples(declared), declared, WHERE)
    manifest = shifts.load(tmp_path / "out" / "manifest.json").manifest
    assert (manifest["class_names"], manifest["class_texts"]) == (CLASSES, ["pet", "pet", "sea lion"])


def test_a_second_preparation_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        prepared(tmp_path / name)
    for file in ("images.tar", "index.parquet", "manifest.json"):
        assert (tmp_path / "one" / "out" / file).read_bytes() == (tmp_path / "two" / "out" / file).read_bytes()


@pytest.mark.parametrize("declared", [3, 5])
def test_another_size_than_declared_is_an_error_and_writes_nothing(tmp_path: Path, declared: int) -> None:
    stated = spec(make_folder(tmp_path / "zoo", animals(2)), declared)
    with pytest.raises(CountError, match=rf"^shifts\.zoo\.items: {declared} declared, but 4 images found; correct the"):
        shifts.write(tmp_path / "out", "zoo", samples(stated), stated, WHERE)
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize(
    ("key", "data", "status"),
    [
        ("cat/9.jpg", b"no image", "1 undecodable_image"),
        ("cat/9.jpg", jpeg(40, 40)[:500], "1 undecodable_image"),
        ("cat/9.gif", b"GIF89a", "1 unsupported_format"),
        ("cat/deep/9.jpg", jpeg(), "1 unsupported_format"),
        ("9.jpg", jpeg(), "1 unsupported_format"),
    ],
)
def test_one_image_that_cannot_be_used_refuses_the_set(tmp_path: Path, key: str, data: bytes, status: str) -> None:
    declared = spec(make_folder(tmp_path / "zoo", animals(2) | {key: data}), 5)
    expected = rf"^shifts\.zoo: 4 of 5 images can be used \({status}; first: {key}\); repair the set"
    with pytest.raises(PoolError, match=expected):
        samples(declared)


def test_what_never_was_an_image_of_the_set_is_passed_over(tmp_path: Path) -> None:
    beside = {"README.txt": b"x", ".DS_Store": b"x", "cat/.DS_Store": b"x", "cat/._1.jpg": b"x", "docs/more/a.md": b"x"}
    declared = spec(make_folder(tmp_path / "zoo", animals(2) | beside), 4)
    assert len(samples(declared)) == 4


def test_every_problem_is_counted_by_its_kind(tmp_path: Path) -> None:
    bad = {"cat/8.jpg": b"x", "cat/9.jpg": b"", "sea_lion/9.bmp": b"BM"}
    declared = spec(make_folder(tmp_path / "zoo", animals(1) | bad), 5)
    with pytest.raises(PoolError, match=r"2 of 5 .* \(2 undecodable_image, 1 unsupported_format; first: cat/8\.jpg\)"):
        samples(declared)


def test_the_same_member_twice_refuses_the_set(tmp_path: Path) -> None:
    tar = make_tar(tmp_path / "zoo.tar", [*animals(1).items(), ("cat/0.jpg", jpeg())])
    with pytest.raises(PoolError, match="1 duplicate_key"):
        samples(spec(tar, 3))


def test_a_class_of_the_subset_without_images_refuses_the_set(tmp_path: Path) -> None:
    declared = folder_shift(make_folder(tmp_path / "zoo", animals(1)), 2, CLASSES)
    with pytest.raises(PoolError, match=r"^shifts\.zoo: .*zoo: class folders without images: dog"):
        samples(declared)


def test_classes_outside_the_subset_are_left_out_of_a_set_of_folders(tmp_path: Path) -> None:
    declared = spec(make_folder(tmp_path / "zoo", animals(2) | {"dog/1.jpg": jpeg()}), 4)
    assert {sample.label for sample in samples(declared)} == {"cat", "sea_lion"}


@pytest.mark.parametrize(("label", "status"), [("ape", "unknown_class_ape"), (None, "missing_label")])
def test_an_unknown_class_or_no_class_refuses_the_set(label: str | None, status: str) -> None:
    declared = {"subset": ["cat"], "class_names": ["cat"]}
    items = [
        Item(key="a", extension="jpg", image=jpeg(), label="cat"),
        Item(key="b", extension="jpg", image=jpeg(), label=label),
    ]
    with pytest.raises(PoolError, match=rf"1 of 2 images can be used \(1 {status}; first: b\)"):
        list(shifts.samples_of("zoo", items, declared, WHERE))


def test_a_set_of_shards_needs_images_and_labels_only(tmp_path: Path) -> None:
    members = {"a.jpg": jpeg(seed=1), "a.cls": b"1", "b.jpg": jpeg(seed=2), "b.cls": b"2"}
    declared = {**spec(make_tar(tmp_path / "0.tar", members), 2), "kind": "shards", "label": "cls"}
    found = samples(declared)
    assert [(sample.label, sample.image) for sample in found] == [("cat", jpeg(seed=1)), ("sea_lion", jpeg(seed=2))]


def test_names_map_folders_to_the_label_space(tmp_path: Path) -> None:
    declared = spec(make_folder(tmp_path / "zoo", {"n01/1.jpg": jpeg(), "n02/1.jpg": jpeg()}), 2)
    found = samples({**declared, "names": {"n01": "cat", "n02": "sea_lion"}})
    assert [sample.label for sample in found] == ["cat", "sea_lion"]
    assert len({sample.id for sample in found}) == 2


def logits_with(labels: list[int]) -> Any:
    """Logits whose largest value lies at these classes."""
    return np.eye(3, dtype=np.float32)[labels]


def test_misclassified_candidates_in_their_order(tmp_path: Path) -> None:
    candidates = prepared(tmp_path)  # classes 1, 1, 2, 2
    wrong = shifts.misclassified(candidates, predict(logits_with([1, 2, 1, 1]), candidates.allowed), 2, WHERE)
    assert wrong["id"].tolist() == candidates.index["id"].tolist()[1:3]


def test_a_prediction_outside_the_allowed_classes_does_not_count(tmp_path: Path) -> None:
    candidates = prepared(tmp_path)
    logits = np.array([[9, 1, 0], [9, 0, 1], [9, 0, 1], [9, 0, 1]], dtype=np.float32)  # class 0 is masked
    wrong = shifts.misclassified(candidates, predict(logits, candidates.allowed), 1, WHERE)
    assert wrong["id"].tolist() == [candidates.index["id"].iloc[1]]


def test_too_few_wrong_candidates_are_an_error(tmp_path: Path) -> None:
    candidates = prepared(tmp_path)
    expected = r"^shifts\.hard\.items: 2 declared, but the reference model gets only 1 of 4 candidates wrong"
    with pytest.raises(CountError, match=expected):
        shifts.misclassified(candidates, predict(logits_with([1, 1, 2, 1]), candidates.allowed), 2, "shifts.hard")
