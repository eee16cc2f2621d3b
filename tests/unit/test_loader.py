"""The order of the samples, the batches and the crops depend on (data, seed, epoch, step) and on nothing else."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datalines.images import ImageError
from datalines.loader import augment, batch_positions, decode_all, epoch_order
from tests.unit.tiny_runs import pixels, png

ROOT = Path(__file__).parents[2]
WHOLE: dict[str, Any] = {"scale": [1.0, 1.0], "ratio": [1.0, 1.0], "flip": False}
CROPS: dict[str, Any] = {"scale": [0.3, 0.6], "ratio": [0.75, 4 / 3], "flip": False}


def images(count: int = 6) -> torch.Tensor:
    """Noise between 0 and 1."""
    return pixels(count).float() / 255


def positions(side: int = 16) -> torch.Tensor:
    """Images whose channels are their own coordinates, x and y in [-1, 1], as grid_sample counts them."""
    line = (2 * torch.arange(side) + 1) / side - 1
    return torch.stack([line.expand(side, side), line.view(-1, 1).expand(side, side), torch.zeros(side, side)])


def test_an_epochs_order_is_a_permutation() -> None:
    order = epoch_order("data", 0, 1, 101)
    assert sorted(order) == list(range(101))
    assert list(order) != list(range(101))


@pytest.mark.parametrize("other", [("other", 0, 1), ("data", 1, 1), ("data", 0, 2)])
def test_data_seed_and_epoch_each_change_the_order(other: tuple[str, int, int]) -> None:
    assert (epoch_order("data", 0, 1, 101) == epoch_order("data", 0, 1, 101)).all()
    assert (epoch_order("data", 0, 1, 101) != epoch_order(*other, 101)).any()


def test_seed_and_epoch_are_not_run_together() -> None:
    assert (epoch_order("data", 1, 11, 50) != epoch_order("data", 11, 1, 50)).any()


def test_the_order_is_the_same_in_another_process() -> None:
    code = "from datalines.loader import epoch_order; print(epoch_order('data', 3, 2, 30).tolist())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(epoch_order("data", 3, 2, 30).tolist())


def test_batches_are_full_and_no_sample_comes_twice_in_an_epoch() -> None:
    order = epoch_order("data", 0, 1, 29)
    batches = [batch_positions(order, step, 8) for step in range(29 // 8)]
    assert [len(batch) for batch in batches] == [8, 8, 8]
    assert len(set(np.concatenate(batches))) == 24


def test_another_remainder_is_left_out_in_every_epoch() -> None:
    left_out = {frozenset(epoch_order("data", 0, epoch, 29)[24:]) for epoch in range(1, 6)}
    assert len(left_out) == 5


def test_images_are_decoded_in_their_order() -> None:
    encoded = [png(seed) for seed in range(5)]
    decoded = decode_all(encoded, 16, threads=2)
    assert decoded.shape == (5, 3, 16, 16)
    assert decoded.dtype == torch.uint8
    for position, data in enumerate(encoded):
        assert torch.equal(decoded[position], decode_all([data], 16, threads=1)[0])


def test_an_image_that_does_not_decode_is_an_error() -> None:
    with pytest.raises(ImageError):
        decode_all([png(0), b"no image"], 16, threads=2)


def test_whole_images_stay_as_they_are() -> None:
    batch = images()
    assert torch.allclose(augment(batch, WHOLE, (0, 1, 0)), batch, atol=1e-5)


def test_a_flip_mirrors_some_images_and_leaves_the_others() -> None:
    batch = images(40)
    result = augment(batch, {**WHOLE, "flip": True}, (0, 1, 0))
    same = [torch.allclose(after, before, atol=1e-5) for after, before in zip(result, batch, strict=True)]
    turned = [torch.allclose(after, before.flip(2), atol=1e-5) for after, before in zip(result, batch, strict=True)]
    assert all(kept != mirrored for kept, mirrored in zip(same, turned, strict=True))
    assert 8 < sum(turned) < 32


@pytest.mark.parametrize("key", [(1, 1, 0), (0, 2, 0), (0, 1, 1)])
def test_crops_are_keyed(key: tuple[int, int, int]) -> None:
    batch = images()
    first = augment(batch, CROPS, (0, 1, 0))
    assert first.numpy().tobytes() == augment(batch, CROPS, (0, 1, 0)).numpy().tobytes()
    assert not torch.allclose(first, augment(batch, CROPS, key), atol=1e-3)


def test_every_image_has_its_own_box_inside_the_image() -> None:
    """Pixels that hold their own coordinates show where a crop lies: area and aspect as asked for, edges inside the
    image."""
    seen = augment(positions().repeat(200, 1, 1, 1), CROPS, (0, 1, 0))[:, :2]
    # The outermost samples lie half a pixel of the crop inside its edges.
    left, right = seen[:, 0, :, 0].mean(dim=1), seen[:, 0, :, -1].mean(dim=1)
    top, bottom = seen[:, 1, 0].mean(dim=1), seen[:, 1, -1].mean(dim=1)
    width, height = (right - left) / 2 * 16 / 15, (bottom - top) / 2 * 16 / 15
    assert min(left.min(), top.min()) > -1.02
    assert max(right.max(), bottom.max()) < 1.02
    assert len({round(value.item(), 3) for value in width}) > 100
    area, ratio = width * height, width / height
    assert 0.28 < area.min() < 0.33 and 0.56 < area.max() < 0.62
    assert 0.73 < ratio.min() < 0.8 and 1.25 < ratio.max() < 1.38
