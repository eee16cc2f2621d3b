"""Logits of a model on a shift, predictions under a mask, and what is measured from them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datalines import evaluation, shifts
from datalines.accuracy import measure, predict
from datalines.evaluation import decode_all, decoded, logits
from datalines.images import ImageError, decode, square
from datalines.objectives import Objective, normalise
from datalines.shards import Sample
from tests.scripts.tiny_files import write_shift
from tests.unit.tiny_runs import CLASSES, objective, png, recipe, supervised

CPU = torch.device("cpu")
PROMPTS = ["a photo of a {}."]
VALUES = np.array([[9.0, 1.0, 0.0], [9.0, 0.0, 2.0], [9.0, 5.0, 4.0], [9.0, 3.0, 7.0]], dtype=np.float32)


def allowed(*names: str) -> np.ndarray:
    """A mask over CLASSES."""
    return np.array([name in names for name in CLASSES])


def test_masked_classes_are_never_predicted_however_large_their_logits() -> None:
    assert predict(VALUES, allowed(*CLASSES)).tolist() == [0, 0, 0, 0]
    assert predict(VALUES, allowed("dog", "fish")).tolist() == [1, 2, 1, 2]
    assert predict(-1000 * VALUES, allowed("cat")).tolist() == [0, 0, 0, 0]


def test_what_is_measured_of_a_case_made_by_hand() -> None:
    """Predictions 1 2 1 2 against 1 2 2 2: three of four right; dog 1 of 1, fish 2 of 3."""
    result = measure(VALUES, np.array([1, 2, 2, 2]), allowed("dog", "fish"))
    assert {key: result[key] for key in ("classes", "n", "correct", "top1")} == {
        "classes": 2,
        "n": 4,
        "correct": 3,
        "top1": 0.75,
    }
    assert result["mean_per_class"] == pytest.approx((1 + 2 / 3) / 2)
    # Clopper-Pearson for 3 of 4 at 95 %, from the definition: P(X >= 3 | low) = P(X <= 3 | high) = 0.025.
    low, high = result["top1_low"], result["top1_high"]
    assert 4 * low**3 * (1 - low) + low**4 == pytest.approx(0.025, rel=1e-6)
    assert 1 - high**4 == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize(("label", "low", "high"), [(1, 0.025**0.1, 1.0), (2, 0.0, 1 - 0.025**0.1)])
def test_intervals_at_all_and_none_right(label: int, low: float, high: float) -> None:
    result = measure(np.tile([0.0, 1.0, 0.0], (10, 1)), np.full(10, label), allowed(*CLASSES))
    assert (result["top1_low"], result["top1_high"]) == (pytest.approx(low), pytest.approx(high))


def test_a_narrower_level_gives_a_narrower_interval() -> None:
    wide, narrow = (measure(VALUES, np.array([1, 2, 2, 2]), allowed("dog", "fish"), level) for level in (0.95, 0.5))
    assert wide["top1_low"] < narrow["top1_low"] < 0.75 < narrow["top1_high"] < wide["top1_high"]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_an_error(bad: float) -> None:
    values = VALUES.copy()
    values[2, 0] = bad
    with pytest.raises(ValueError, match="finite before masking"):
        measure(values, np.array([1, 2, 1, 2]), allowed("dog", "fish"))


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory) -> shifts.EvaluationSet:
    """A prepared shift of 12 images."""
    return shifts.load(write_shift(tmp_path_factory.mktemp("toy"), "toy", 12))


def ready(of: dict[str, Any], seed: int = 0) -> Objective:
    """A recipe's objective in evaluation mode."""
    found = objective(of, seed)
    found.model.eval()
    return found


def values(of: Objective, shift: shifts.EvaluationSet) -> np.ndarray:
    """The logits of one model."""
    (found,) = logits([of], shift, CPU, threads=1)
    return found


@pytest.mark.parametrize("of", [recipe(), supervised()], ids=["clip", "supervised"])
def test_logits_have_a_row_an_image_in_order_and_a_column_a_class(
    of: dict[str, Any], shift: shifts.EvaluationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = ready(of)
    whole = values(ours, shift)
    assert whole.shape == (12, 3) and whole.dtype == np.float32
    images = torch.stack(
        [torch.from_numpy(square(decode(data), 16).copy()).permute(2, 0, 1) for data in shift.encoded()]
    )
    with torch.no_grad():
        expected = ours.classifier(CLASSES, shift.manifest["prompts"])(normalise(images))
    assert np.allclose(whole, expected.numpy(), atol=1e-5)
    monkeypatch.setattr(evaluation, "BATCH", 5)
    assert np.allclose(values(ours, shift), whole, atol=1e-5)


def test_several_models_look_at_images_that_are_read_once(
    shift: shifts.EvaluationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [ready(recipe(), seed) for seed in (0, 1)]
    alone = [values(model, shift) for model in models]
    read: list[int] = []
    sound = evaluation.decode_all

    def counted(encoded: list[bytes], side: int, threads: int, border: int) -> torch.Tensor:
        read.append(len(encoded))
        return sound(encoded, side, threads, border)

    monkeypatch.setattr(evaluation, "BATCH", 5)
    monkeypatch.setattr(evaluation, "decode_all", counted)
    first, second = logits(models, shift, CPU, threads=2)
    assert read == [5, 5, 2]
    assert np.allclose(first, alone[0], atol=1e-5) and np.allclose(second, alone[1], atol=1e-5)
    assert not np.allclose(first, second, atol=1e-2)


def test_no_gradients_are_kept(shift: shifts.EvaluationSet) -> None:
    ours = ready(recipe())
    values(ours, shift)
    assert all(value.grad is None for value in ours.model.parameters())


def test_images_of_a_shift_come_in_the_order_of_its_labels(tmp_path: Path) -> None:
    samples = [
        Sample(f"{seed:032x}", "png", png(seed), name, name) for seed, name in enumerate(["fish", "cat", "fish", "dog"])
    ]
    spec = {"items": 4, "kind": "folder", "version": 1, "class_names": CLASSES, "subset": CLASSES, "prompts": PROMPTS}
    shifts.write(tmp_path, "toy", samples, spec, "shifts.toy")
    loaded = shifts.load(tmp_path / "manifest.json")
    assert loaded.labels.tolist() == [2, 0, 2, 1]
    assert list(loaded.encoded()) == [sample.image for sample in samples]


def test_images_are_decoded_in_their_order_whatever_the_number_of_threads() -> None:
    encoded = [png(seed) for seed in range(5)]
    found = decode_all(encoded, 16, threads=2)
    assert found.shape == (5, 3, 16, 16) and found.dtype == torch.uint8
    for position, data in enumerate(encoded):
        expected = torch.from_numpy(square(decode(data), 16).copy()).permute(2, 0, 1)
        assert torch.equal(found[position], expected)


def test_an_image_that_does_not_decode_is_an_error() -> None:
    with pytest.raises(ImageError):
        decode_all([png(0), b"no image"], 16, threads=2)


def test_batches_come_in_their_order_and_only_the_next_is_decoded_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "BATCH", 2)
    taken: list[int] = []

    def encoded() -> Iterator[bytes]:
        for seed in range(7):
            taken.append(seed)
            yield png(seed)

    batches = decoded(encoded(), 16, threads=1)
    found = [next(batches)]
    assert len(taken) == 4
    found += batches
    assert [len(batch) for batch in found] == [2, 2, 2, 1]
    assert torch.equal(torch.cat(found), decode_all([png(seed) for seed in range(7)], 16, threads=1))
    assert list(decoded([], 16, threads=1)) == []


def test_an_image_of_a_later_batch_that_does_not_decode_is_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "BATCH", 2)
    batches = decoded([png(0), png(1), png(2), b"no image"], 16, threads=1)
    assert len(next(batches)) == 2
    with pytest.raises(ImageError):
        next(batches)


def test_a_zero_shot_model_is_told_what_classes_are_called_and_a_head_knows_its_labels(tmp_path: Path) -> None:
    """Texts may be other words than the labels, as class names are beside WordNet ids."""
    plain = shifts.load(write_shift(tmp_path / "plain", "plain"))
    renamed = shifts.load(write_shift(tmp_path / "renamed", "plain", class_texts=["tiger", "wolf", "shark"]))
    for of, differ in ((objective(recipe()), True), (objective(supervised()), False)):
        of.model.eval()
        (first,), (second,) = (logits([of], shift, CPU, 1) for shift in (plain, renamed))
        assert np.array_equal(first, second) is not differ
