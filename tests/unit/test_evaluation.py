"""Logits of a model on a shift, predictions under a mask, and what is measured from them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from datalines import evaluation, shifts
from datalines.accuracy import measure, predict
from datalines.evaluation import logits, pixels
from datalines.images import decode, square
from datalines.shards import Sample
from tests.unit import tiny_runs
from tests.unit.tiny_runs import CLASSES, objective, png, recipe, supervised

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


@pytest.mark.parametrize("of", [recipe(), supervised()], ids=["clip", "supervised"])
def test_logits_have_a_row_an_image_and_a_column_a_class(
    of: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = objective(of)
    ours.model.eval()
    images = tiny_runs.pixels(12)
    whole = logits(ours, images, CLASSES, PROMPTS)
    assert whole.shape == (12, 3) and whole.dtype == np.float32
    monkeypatch.setattr(evaluation, "BATCH", 5)
    assert np.allclose(logits(ours, images, CLASSES, PROMPTS), whole, atol=1e-5)
    assert np.allclose(logits(ours, images.flip(0), CLASSES, PROMPTS), whole[::-1], atol=1e-5)


def test_no_gradients_are_kept() -> None:
    ours = objective(recipe())
    logits(ours, tiny_runs.pixels(3), CLASSES, PROMPTS)
    assert all(value.grad is None for value in ours.model.parameters())


def test_images_of_a_shift_come_in_the_order_of_its_labels(tmp_path: Path) -> None:
    samples = [
        Sample(f"{seed:032x}", "png", png(seed), name, name) for seed, name in enumerate(["fish", "cat", "fish", "dog"])
    ]
    spec = {"items": 4, "kind": "folder", "version": 1, "class_names": CLASSES, "subset": CLASSES, "prompts": PROMPTS}
    shifts.write(tmp_path, "toy", samples, spec, "shifts.toy")
    loaded = shifts.load(tmp_path / "manifest.json")
    found = pixels(loaded, 16, threads=2)
    assert loaded.labels.tolist() == [2, 0, 2, 1]
    for position, sample in enumerate(samples):
        expected = torch.from_numpy(square(decode(sample.image), 16).copy()).permute(2, 0, 1)
        assert torch.equal(found[position], expected)
