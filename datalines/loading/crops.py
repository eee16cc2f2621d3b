"""Random resized crops: torchvision's RandomResizedCrop, drawn for a position of an epoch and not for a batch.

What is drawn for a position depends on (seed, epoch, position, view) alone. Unlike torchvision's, boxes are not rounded
to whole pixels: at 32 pixels, rounding would move areas and aspect ratios by several per cent.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from datalines.loading.keys import WORDS_A_TICK, fractions

TRIES = 10  # torchvision's
_LEFT, _TOP, _FLIP, DRAWS = 2 * TRIES, 2 * TRIES + 1, 2 * TRIES + 2, 2 * TRIES + 4

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge in pixels."""


def draws(seed: int, epoch: int, start: int, stop: int, view: int = 0) -> npt.NDArray[np.float64]:
    """What chance decides for positions start..stop: numbers in [0, 1), shape (stop - start, DRAWS)."""
    ticks = DRAWS // WORDS_A_TICK
    found = fractions("crops", seed, epoch, view, count=(stop - start) * DRAWS, tick=start * ticks)
    return found.reshape(-1, DRAWS)


def box(draw: Sequence[float], width: int, height: int, scale: Sequence[float], ratio: Sequence[float]) -> Box:
    """The part of an image (width and height in pixels) that a position's draws choose.

    Its area is uniform in `scale` as a share of the image's, the logarithm of its aspect ratio uniform in that of
    `ratio`. Of ten tries the first that fits is taken; if none fits, the largest central part with a ratio in range.
    """
    low, high = math.log(ratio[0]), math.log(ratio[1])
    for attempt in range(TRIES):
        area = width * height * (scale[0] + (scale[1] - scale[0]) * draw[attempt])
        aspect = math.exp(low + (high - low) * draw[TRIES + attempt])
        wide, tall = math.sqrt(area * aspect), math.sqrt(area / aspect)
        if wide <= width and tall <= height:
            left, top = (width - wide) * draw[_LEFT], (height - tall) * draw[_TOP]
            return left, top, min(left + wide, width), min(top + tall, height)
    wide, tall = min(width, height * ratio[1]), min(height, width / ratio[0])
    left, top = (width - wide) / 2, (height - tall) / 2
    return left, top, left + wide, top + tall


def flipped(draw: Sequence[float]) -> bool:
    """Whether a position's crop is mirrored, in a recipe that mirrors half of them."""
    return draw[_FLIP] < 0.5


def crop(image: Image.Image, part: Box, side: int, flip: bool) -> npt.NDArray[np.uint8]:
    """A part of an image, resized to (side, side, 3), bicubic and antialiased, and mirrored if asked for."""
    resized = image.resize((side, side), Image.Resampling.BICUBIC, box=part)
    return np.asarray(resized.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else resized)
