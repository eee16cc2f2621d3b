"""Normalisation of images."""

import pytest
import torch

from datalines.objectives import MEAN, STD, normalise
from tests.unit.tiny_runs import pixels


def test_images_are_normalised_by_clips_constants() -> None:
    batch = torch.stack([torch.zeros(3, 2, 2), torch.full((3, 2, 2), 255.0)]).to(torch.uint8)
    result = normalise(batch)
    assert result.dtype == torch.float32
    for channel in range(3):
        assert result[0, channel, 0, 0].item() == pytest.approx(-MEAN[channel] / STD[channel], rel=1e-6)
        assert result[1, channel, 1, 1].item() == pytest.approx((1 - MEAN[channel]) / STD[channel], rel=1e-6)


def test_any_leading_dimensions_are_taken_and_the_images_are_left_as_they_were() -> None:
    batch = pixels(6)
    kept = batch.clone()
    expected = normalise(batch)
    assert torch.equal(normalise(batch.view(2, 3, 3, 16, 16)), expected.view(2, 3, 3, 16, 16))
    assert torch.equal(normalise(batch[0]), expected[0])
    assert torch.equal(batch, kept)


def test_the_memory_format_of_every_view_is_kept() -> None:
    views = torch.stack([pixels(4), pixels(4, seed=1)]).permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    result = normalise(views)
    assert all(view.is_contiguous(memory_format=torch.channels_last) for view in result)
    assert torch.equal(result, normalise(views.contiguous()))


def test_a_first_use_without_gradients_does_not_stand_in_the_way_of_training() -> None:
    with torch.inference_mode():
        normalise(pixels(2))
    layer = torch.nn.Conv2d(3, 1, 1)
    layer(normalise(pixels(2))).sum().backward()
    assert layer.weight.grad is not None
