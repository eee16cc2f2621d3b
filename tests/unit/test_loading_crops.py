"""Crops are torchvision's in distribution and, given the same draws, in place; a position's draws know of no batch."""

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import kstest, uniform
from torchvision.transforms import RandomResizedCrop, functional, transforms

from datalines.loading.crops import TRIES, box, crop, draws, flipped
from tests.builders import noise

RATIO = (0.75, 4 / 3)
SCALES = [(0.9, 1.0), (0.08, 1.0), (0.5, 0.5)]


@given(st.integers(0, 2**40), st.integers(0, 9), st.integers(1, 9), st.integers(0, 2))
def test_what_is_drawn_for_a_position_depends_on_no_batch(start: int, before: int, count: int, view: int) -> None:
    whole = draws(0, 1, start, start + before + count, view)
    assert (whole[before:] == draws(0, 1, start + before, start + before + count, view)).all()


@pytest.mark.parametrize("key", [(1, 1, 0), (0, 2, 0), (0, 1, 1)])
def test_seed_epoch_and_view_each_change_the_draws(key: tuple[int, int, int]) -> None:
    seed, epoch, view = key
    assert (draws(0, 1, 0, 50) != draws(seed, epoch, 0, 50, view)).any(axis=1).all()


def test_draws_are_uniform_and_do_not_repeat() -> None:
    found = draws(3, 2, 0, 4000)
    assert len(np.unique(found)) == found.size
    assert kstest(found.ravel(), "uniform").pvalue > 0.01
    # Neighbouring columns and positions are not alike: no correlation beyond 5 standard errors.
    assert abs(np.corrcoef(found, rowvar=False) - np.eye(found.shape[1])).max() < 5 / math.sqrt(4000)
    assert abs(np.corrcoef(found[1:].ravel(), found[:-1].ravel())[0, 1]) < 5 / math.sqrt(found.size)


class _Drawn:
    """Stands in for torch inside torchvision: what would be random comes from a list."""

    def __init__(self, areas: list[float], aspects: list[float], top: float, left: float) -> None:
        self._numbers = (value for pair in zip(areas, aspects, strict=True) for value in pair)
        self._places: Iterator[float] = iter((top, left))
        self.tensor, self.log, self.exp = torch.tensor, torch.log, torch.exp

    def empty(self, count: int) -> Any:
        return SimpleNamespace(uniform_=lambda low, high: torch.tensor([low + (high - low) * next(self._numbers)]))

    def randint(self, low: int, high: int, size: tuple[int]) -> torch.Tensor:
        return torch.tensor([low + int((high - low) * next(self._places))])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("size", [(2000, 1500), (1500, 2000), (1000, 1000), (3000, 500), (500, 3000)])
def test_the_same_draws_give_torchvisions_box(
    size: tuple[int, int], scale: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for its rounding to whole pixels: of edges, and of whether a try still fits, which we leave out here."""
    compared = 0
    for draw in draws(0, 1, 0, 300).tolist():
        mine = box(draw, *size, scale, RATIO)
        if _on_the_border(draw, size, scale):
            continue
        stand_in = _Drawn(draw[:TRIES], draw[TRIES : 2 * TRIES], draw[2 * TRIES + 1], draw[2 * TRIES])
        monkeypatch.setattr(transforms, "torch", stand_in)
        top, left, height, width = RandomResizedCrop.get_params(Image.new("L", size), list(scale), list(RATIO))
        monkeypatch.undo()
        assert np.abs(np.subtract(mine, (left, top, left + width, top + height))).max() <= 2
        compared += 1
    assert compared > 250


def _on_the_border(draw: list[float], size: tuple[int, int], scale: tuple[float, float]) -> bool:
    """Whether a try is within a pixel of just fitting."""
    area = math.prod(size) * (scale[0] + (scale[1] - scale[0]) * np.array(draw[:TRIES]))
    aspect = np.exp(math.log(RATIO[0]) + math.log(RATIO[1] / RATIO[0]) * np.array(draw[TRIES : 2 * TRIES]))
    return bool(np.any([abs(np.sqrt(area * aspect) - size[0]) < 1, abs(np.sqrt(area / aspect) - size[1]) < 1]))


def test_areas_ratios_and_places_are_spread_as_declared() -> None:
    """In an image that every try fits into, nothing is cut off the distributions."""
    edges = np.array([box(draw, 900, 900, (0.2, 0.5), RATIO) for draw in draws(1, 1, 0, 5000).tolist()])
    width, height = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
    spread = {
        "area": (width * height / 900**2, 0.2, 0.5),
        "ratio": (np.log(width / height), math.log(0.75), math.log(4 / 3)),
        "left": (edges[:, 0] / (900 - width), 0, 1),
        "top": (edges[:, 1] / (900 - height), 0, 1),
    }
    for name, (values, low, high) in spread.items():
        assert kstest(values, uniform(low, high - low).cdf).pvalue > 0.01, name


@given(
    st.integers(1, 400), st.integers(1, 400), st.floats(0.01, 1), st.floats(0.2, 1), st.floats(1, 5), st.integers(0, 9)
)
def test_boxes_lie_inside_any_image(
    width: int, height: int, least: float, narrow: float, wide: float, position: int
) -> None:
    draw = draws(0, 1, position, position + 1)[0].tolist()
    left, top, right, bottom = box(draw, width, height, (least, 1.0), (narrow, wide))
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert crop(Image.new("RGB", (width, height)), (left, top, right, bottom), 3, False).shape == (3, 3, 3)


def test_where_no_try_fits_the_centre_is_taken() -> None:
    draw = draws(0, 1, 0, 1)[0].tolist()
    assert box(draw, 1000, 100, (1.0, 1.0), (0.5, 2.0)) == (400, 0, 600, 100)
    assert box(draw, 100, 1000, (1.0, 1.0), (0.5, 2.0)) == (0, 400, 100, 600)


def test_whole_images_stay_as_they_are() -> None:
    image = noise(16, 16, 0)
    for draw in draws(0, 1, 0, 20).tolist():
        whole = box(draw, 16, 16, (1.0, 1.0), (1.0, 1.0))
        assert whole == (0, 0, 16, 16)
        assert (crop(image, whole, 16, False) == np.asarray(image)).all()
        assert (crop(image, whole, 16, True) == np.asarray(image)[:, ::-1]).all()


def test_half_of_the_crops_are_mirrored() -> None:
    assert 900 < sum(flipped(draw) for draw in draws(0, 1, 0, 2000).tolist()) < 1100


def test_pixels_are_those_of_torchvision() -> None:
    """At whole pixels, but for the outermost ones: a box lets Pillow look past its edges, a cut-out image does not."""
    image = noise(90, 70, 1).resize((180, 140), Image.Resampling.BILINEAR)
    theirs = functional.resized_crop(image, 20, 30, 100, 120, [40, 40], functional.InterpolationMode.BICUBIC)
    mine = crop(image, (30, 20, 150, 120), 40, False)
    assert mine.dtype == np.uint8
    assert (mine[2:-2, 2:-2] == np.asarray(theirs)[2:-2, 2:-2]).all()
    assert np.abs(mine.astype(int) - np.asarray(theirs)).max() < 40
