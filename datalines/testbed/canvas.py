"""The grid on which a group of images is drawn, with the numbers of their media laid out as arrays."""

from dataclasses import dataclass, replace

import numpy as np

from datalines.testbed.draws import Draws, Floats, Ints
from datalines.testbed.palette import MEDIA

_PLAIN = ("texture", "light", "shadow", "wobble", "camera", "grey", "posterise", "vivid")
_TABLE = {name: np.array([getattr(medium, name) for medium in MEDIA.values()], np.float32) for name in _PLAIN}
_SPANS = {
    name: np.array([getattr(medium, name) for medium in MEDIA.values()], np.float32) for name in ("line", "line_width")
}


def column(values: Floats) -> Floats:
    """One number per image, shaped (images, 1, 1) to meet grids."""
    return values[:, None, None]


def lay(under: Floats, over: Floats, cover: Floats) -> None:
    """Blend, in place, `over` (images, 3), (3,) or like `under`, into `under` (images, 3, rows, columns) by `cover`."""
    if over.ndim < 4:
        over = np.broadcast_to(over, (len(under), 3))[:, :, None, None]
    change = over - under
    change *= cover[:, None]
    under += change


@dataclass(frozen=True)
class Canvas:
    """A group of images of one class. Coordinates are in half shorter sides from the image's centre, y upwards."""

    draws: Draws
    items: Ints
    x: Floats  # (images, 1, columns)
    y: Floats  # (images, rows, 1)
    pixel: Floats  # (images, 1, 1): the side of a pixel
    medium: dict[str, Floats]  # (images,) each: the medium's numbers, after the domain's strengths

    @classmethod
    def of(cls, draws: Draws, items: Ints) -> "Canvas":
        """The canvas for these items of a block, large enough for the largest."""
        height, width = draws.height[items].astype(np.float32), draws.width[items].astype(np.float32)
        pixel = column(2 / np.minimum(height, width))
        columns = np.arange(int(width.max()), dtype=np.float32) + np.float32(0.5)
        rows = np.arange(int(height.max()), dtype=np.float32) + np.float32(0.5)
        kind = draws.medium[items]
        medium = {name: table[kind] for name, table in _TABLE.items()}
        medium["light"] = medium["light"] * draws.light
        for place, (name, table) in enumerate(_SPANS.items()):
            span = table[kind]
            medium[name] = span[:, 0] + (span[:, 1] - span[:, 0]) * draws.look[items, 49 + place]
        x = (columns - column(width) / 2) * pixel
        y = (column(height) / 2 - rows[:, None]) * pixel
        return cls(draws, items, x, y, pixel, medium)

    def rows(self, rows: Ints) -> "Canvas":
        """The canvas of a part of the images."""
        medium = {name: values[rows] for name, values in self.medium.items()}
        return replace(
            self, items=self.items[rows], x=self.x[rows], y=self.y[rows], pixel=self.pixel[rows], medium=medium
        )

    def look(self, index: int) -> Floats:
        """Uniform number `index` of each image, (images, 1, 1)."""
        return column(self.draws.look[self.items, index])

    def looks(self, first: int, last: int) -> Floats:
        """Uniform numbers `first` to `last - 1` of each image, (images, last - first)."""
        return self.draws.look[self.items, first:last]
