"""Draw the items of a testbed domain: image, caption, class and style, the same for the same (domain, seed, index)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datalines.testbed.captions import write_caption
from datalines.testbed.domain import CLASSES, Domain
from datalines.testbed.draws import BLOCK, draw_block
from datalines.testbed.palette import MEDIA
from datalines.testbed.render import render_block


@dataclass(frozen=True)
class Example:
    """One item of a domain. `image` is uint8 RGB of shape (height, width, 3)."""

    index: int
    class_name: str
    caption: str
    style: str
    image: NDArray[np.uint8]


def generate(domain: Domain, seed: int, start: int, stop: int) -> Iterator[Example]:
    """Items `start` to `stop - 1` of a domain, in order.

    Whole blocks are drawn and then cut, so any partition of a range gives the same items. `seed` is a non-negative
    integer; pools and evaluation sets that must not share images need different ones (see `draws`).
    Raises ValueError unless 0 <= start <= stop.
    """
    if not 0 <= start <= stop:
        raise ValueError(f"a range of items needs 0 <= start <= stop, not {start} and {stop}")
    styles = [medium.style for medium in MEDIA.values()]
    for block in range(start // BLOCK, -(-stop // BLOCK)):
        first = block * BLOCK
        draws = draw_block(domain, seed, block)
        images = render_block(draws)
        for item in range(max(start - first, 0), min(stop - first, BLOCK)):
            yield Example(
                index=first + item,
                class_name=CLASSES[draws.label[item]],
                caption=write_caption(domain, draws, item),
                style=styles[draws.medium[item]],
                image=images[item],
            )


def encode_jpeg(image: NDArray[np.uint8], quality: int) -> bytes:
    """An RGB image of shape (height, width, 3) as a JPEG file of the given quality (1 to 100)."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
