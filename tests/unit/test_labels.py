"""Label spaces: masks as minus infinity, logits of the allowed classes alone, and heads of another label space."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import save_file

from datalines import shifts
from datalines.accuracy import compact, measure, predict
from datalines.config.evalsets import read_mapping
from datalines.errors import TrainingError
from datalines.evaluation import logits
from datalines.files import write_json
from datalines.labels import LabelMapping, label_mapping
from datalines.records import StoredLogits, ensemble_rows, read
from tests.scripts.tiny_files import write_shift
from tests.unit.golden_classes import OBJECTS
from tests.unit.tiny_runs import CLASSES, objective, recipe, supervised

CPU = torch.device("cpu")
GROUPS = {"pet": ["dog", "cat"], "swimmer": ["fish"]}
TEXTS = {"cat": "kitten", "dog": "puppy", "fish": "fish"}
MAPPING = {"classes": "animals", "zero_shot": "own", "groups": GROUPS, "texts": TEXTS}
finite = st.floats(-50, 50, width=32)


@st.composite
def masked(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, classes) and a mask that allows at least one class."""
    n, classes = draw(st.integers(1, 5)), draw(st.integers(1, 7))
    allowed = draw(arrays(bool, classes).filter(lambda mask: bool(mask.any())))
    return draw(arrays(np.float32, (n, classes), elements=finite)), allowed


@given(masked())
def test_masked_classes_are_as_if_their_logits_were_minus_infinity(case: tuple[np.ndarray, np.ndarray]) -> None:
    values, allowed = case
    expected = np.where(allowed, values, -np.inf).argmax(axis=1)
    assert predict(values, allowed).tolist() == expected.tolist()
    assert predict(compact(values, allowed), allowed).tolist() == expected.tolist()
    labels = np.zeros(len(values), dtype=np.int64)
    assert measure(values, labels, allowed) == measure(compact(values, allowed), labels, allowed)


def test_zero_would_be_the_wrong_mask() -> None:
    """All logits negative: a masked class set to zero would win every image."""
    values = np.array([[-1.0, -3.0, -2.0], [-5.0, -4.0, -9.0]], dtype=np.float32)
    allowed = np.array([False, True, True])
    assert predict(values, allowed).tolist() == [2, 1]
    assert np.where(allowed, values, 0).argmax(axis=1).tolist() == [0, 0]


def test_another_number_of_columns_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"logits have 4 columns; a label space of 3 classes, 2 of them allowed"):
        compact(np.zeros((1, 4)), np.array([False, True, True]))


def test_accuracy_counts_images_and_not_classes() -> None:
    """Nine images of one class, all right, and one of another, wrong: 90 % of images, 50 % of classes."""
    values = np.tile([1.0, 0.0], (10, 1))
    result = measure(values, np.array([0] * 9 + [1]), np.array([True, True]))
    assert (result["top1"], result["mean_per_class"]) == (0.9, 0.5)


def golden() -> LabelMapping:
    """The 113 folders of ObjectNet, with numbers for names."""
    groups = {folder: [str(number) for number in numbers] for folder, (_, numbers) in OBJECTS.items()}
    return label_mapping(groups, {name: name for group in groups.values() for name in group})


@given(st.integers(0, 2**32 - 1))
def test_the_largest_of_the_125_decides_as_in_the_robustness_testbed(seed: int) -> None:
    """argmax within the 125 labels, right if it belongs to the folder's list: the same as max-collapse to 113."""
    mapping = golden()
    head = np.random.default_rng(seed).normal(size=(40, 1000)).astype(np.float32)
    columns = np.array([int(name) for name in mapping.names])
    collapsed = mapping.collapse(torch.from_numpy(head[:, columns])).numpy()
    assert collapsed.shape == (40, 113)
    folders = list(OBJECTS.values())
    winner = columns[head[:, columns].argmax(axis=1)]
    for decision, label in zip(collapsed.argmax(axis=1), winner, strict=True):
        assert label in folders[decision][1]


def test_a_class_has_the_largest_logit_of_its_own() -> None:
    mapping = label_mapping({"a": ["x"], "b": ["y", "z"]}, {"x": "X", "y": "Y", "z": "Z"})
    assert (mapping.names, mapping.texts) == (("x", "y", "z"), ("X", "Y", "Z"))
    values = torch.tensor([[1.0, -2.0, -1.0], [-9.0, -3.0, -8.0]])
    assert mapping.collapse(values).tolist() == [[1.0, -1.0], [-9.0, -3.0]]


@pytest.mark.parametrize(
    ("groups", "text"),
    [({"a": ["x"], "b": ["x"]}, "x belongs to two classes"), ({"a": ["x"], "b": []}, "b has no class of the other")],
)
def test_a_mapping_must_decide(groups: dict[str, list[str]], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        label_mapping(groups, {"x": "x"})


def mapped_shift(folder: Path, **changes: Any) -> shifts.EvaluationSet:
    """Noise of the classes `pet` and `swimmer`, of which no head knows."""
    plain = write_shift(folder, "toy")
    index = shifts.load(plain).index
    names = {"cat": "pet", "dog": "pet", "fish": "swimmer"}
    samples = [
        shifts.Sample(row.id, row.extension, image, row.caption, names[row.label])
        for row, image in zip(index.itertuples(), shifts.load(plain).encoded(), strict=True)
    ]
    spec = {"kind": "folder", "version": 1, "items": 18, "class_names": ["pet", "swimmer"], "prompts": ["a {}"]}
    shifts.write(folder / "mapped", "toy", samples, {**spec, "subset": ["pet", "swimmer"], **changes}, "shifts.toy")
    return shifts.load(folder / "mapped" / "manifest.json")


def values(of: dict[str, Any], shift: shifts.EvaluationSet) -> np.ndarray:
    ours = objective(of)
    ours.model.eval()
    (found,) = logits([ours], shift, CPU, threads=1)
    return found


def test_a_head_of_another_label_space_is_read_by_the_mapping(tmp_path: Path) -> None:
    plain = values(supervised(), shifts.load(write_shift(tmp_path / "plain", "toy")))
    found = values(supervised(), mapped_shift(tmp_path, mapping=MAPPING))
    assert found.shape == (18, 2)
    cat, dog, fish = (CLASSES.index(name) for name in ("cat", "dog", "fish"))
    expected = np.stack([np.maximum(plain[:, cat], plain[:, dog]), plain[:, fish]], axis=1)
    assert np.allclose(found, expected, atol=1e-6)


def test_without_a_mapping_both_label_spaces_are_named(tmp_path: Path) -> None:
    expected = (
        r"the head predicts 3 classes \(cat, dog, fish\), shift toy has 2 classes \(pet, swimmer\), and it declares no "
        r"mapping; train on the set's classes, or declare shifts\.toy\.mapping"
    )
    with pytest.raises(TrainingError, match=expected):
        values(supervised(), mapped_shift(tmp_path))
    unfit = {**MAPPING, "groups": {**GROUPS, "swimmer": ["whale"]}, "texts": {**TEXTS, "whale": "whale"}}
    with pytest.raises(TrainingError, match="its mapping does not fit either"):
        values(supervised(), mapped_shift(tmp_path / "unfit", mapping=unfit))


def test_a_zero_shot_model_is_told_the_sets_names_or_the_mapped_ones(tmp_path: Path) -> None:
    own = mapped_shift(tmp_path / "own", mapping=MAPPING)
    without = mapped_shift(tmp_path / "without")
    mapped = mapped_shift(tmp_path / "mapped", mapping={**MAPPING, "zero_shot": "mapped"})
    told = shifts.load(
        write_shift(tmp_path / "plain", "toy", class_texts=["kitten", "puppy", "fish"], prompts=["a {}"])
    )
    assert np.array_equal(values(recipe(), own), values(recipe(), without))
    asked = values(recipe(), told)  # kitten, puppy, fish
    expected = np.stack([asked[:, :2].max(axis=1), asked[:, 2]], axis=1)
    assert np.allclose(values(recipe(), mapped), expected, atol=1e-5)


@pytest.mark.parametrize("of", [recipe(), supervised()], ids=["clip", "supervised"])
def test_masked_classes_have_no_column_and_the_others_their_own_logits(of: dict[str, Any], tmp_path: Path) -> None:
    subset = ["cat", "fish"]
    some = shifts.load(write_shift(tmp_path / "some", "toy", 12, subset=subset))
    spec = {"subset": CLASSES, "items": 12}
    images = [
        shifts.Sample(row.id, row.extension, image, row.caption, row.label)
        for row, image in zip(some.index.itertuples(), some.encoded(), strict=True)
    ]
    whole = {**{key: some.manifest[key] for key in ("kind", "version", "class_names", "prompts")}, **spec}
    shifts.write(tmp_path / "all", "toy", images, whole, "shifts.toy")
    full = values(of, shifts.load(tmp_path / "all" / "manifest.json"))
    found = values(of, some)
    assert found.shape == (12, 2) and full.shape == (12, 3)
    assert np.allclose(found, compact(full, some.allowed), atol=1e-5)


def stored(folder: Path, values: np.ndarray, allowed: np.ndarray, labels: np.ndarray) -> Any:
    """An evaluation on disk with these logits."""
    path = folder / "natural.json"
    run = {"family": "photo", "size": "full", "seed": 0, "objective": "clip", "recipe": "small", "samples": 9}
    write_json(path, {**run, "spec": "0" * 12, "measures": [{"epoch": 1, "samples_seen": 9}]})
    content = {"001/r": values, "labels/r": labels, "allowed/r": allowed.astype(np.uint8)}
    save_file({name: np.ascontiguousarray(array) for name, array in content.items()}, path.with_suffix(".safetensors"))
    return read(path)


def test_an_ensemble_of_files_with_and_without_masked_columns_is_the_same(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    allowed, labels = np.array([False, True, True, False, True]), draw.choice([1, 2, 4], 60)
    first, second = (draw.normal(size=(60, 5)).astype(np.float32) for _ in range(2))
    first[:, 0] += 100
    ensemble = {"members": ["photo", "art"], "sizes": ["full"], "weights": [0.3], "epochs": [1]}
    found = []
    for number, (one, two) in enumerate(
        [(first, second), (compact(first, allowed), second), (first, compact(second, allowed))]
    ):
        members = [
            stored(tmp_path / f"{number}{side}", array, allowed, labels) for side, array in enumerate((one, two))
        ]
        found.append(ensemble_rows("pair", ensemble, members, ["r"]))
    assert found[0] == found[1] == found[2]
    mixed = 0.3 * first.astype(float) + 0.7 * second
    assert found[0][0]["correct"] == (np.where(allowed, mixed, -np.inf).argmax(axis=1) == labels).sum()


def test_arrays_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    save_file({"001/r": array, "labels/r": np.array([0, 1])}, tmp_path / "a.safetensors")
    arrays_of = StoredLogits(tmp_path / "a.safetensors")
    assert sorted(arrays_of) == ["001/r", "labels/r"] and len(arrays_of) == 2
    assert np.array_equal(arrays_of["001/r"], array) and "002/r" not in arrays_of
    with pytest.raises(KeyError):
        arrays_of["002/r"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"pet": ["cat", "dog"]}, "lacks swimmer"),
        ({**GROUPS, "bird": ["cat"]}, "names classes that the set does not have: bird"),
        ({**GROUPS, "swimmer": ["whale"]}, "names classes that the other list does not have: whale"),
        ({**GROUPS, "swimmer": ["dog"]}, "lists for two classes, between which a logit could not decide: dog"),
        ({**GROUPS, "swimmer": []}, r"is not \{class of the set: \[classes of the other list\]\}"),
        (["pet"], r"is not \{class of the set"),
    ],
)
def test_a_mapping_file_says_what_is_wrong_with_it(tmp_path: Path, content: Any, text: str) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=text):
        read_mapping(path, ["pet", "swimmer"], CLASSES)


def test_a_mapping_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_mapping(tmp_path / "none.json", ["pet"], CLASSES)
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read: Expecting"):
        read_mapping(tmp_path / "broken.json", ["pet"], CLASSES)
