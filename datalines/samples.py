"""Sheets of sample images: one row per source or shift, captions beneath the images, for reports and papers."""

import textwrap
from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from numpy.typing import NDArray
from PIL import Image

from datalines.plotting.house import house_style

Picture = Image.Image | NDArray[np.uint8]

CAPTION_LINES = 3
_WIDTH = 7.0  # inches, a text block's width
_LABEL = 0.95  # inches for the row labels
_TITLE = 0.34
_CAPTION = 0.36
_GAP = 0.07


@cache
def _known_signs() -> frozenset[int]:
    with house_style():
        return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def plain(text: str) -> str:
    """Text on one line, with signs that the house font lacks (emoji, many scripts) as hollow squares."""
    return "".join(sign if ord(sign) in _known_signs() else "\u25a1" for sign in " ".join(text.split()))


def fold(text: str, width: int, lines: int = CAPTION_LINES) -> str:
    """Text wrapped to `width` characters and cut with an ellipsis after `lines` lines."""
    return "\n".join(textwrap.wrap(plain(text), width, max_lines=lines, placeholder=" …"))


def _pixels(picture: Picture) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 from a PIL image of any mode or an array, grey ones included."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(np.asarray(picture, dtype=np.uint8))
    return np.asarray(image.convert("RGB"))


def sheet(rows: Sequence[tuple[str, Sequence[tuple[Picture, str]]]], title: str = "") -> Figure:
    """A figure of rows (label, [(image, caption), ...]); rows may differ in length, images in size and aspect.

    Images keep their aspect inside cells of equal width, small ones are enlarged without smoothing. Raises
    ValueError when there is no image at all.
    """
    columns = max((len(pictures) for _, pictures in rows), default=0)
    if columns == 0:
        raise ValueError("rows: a sheet needs at least one image")
    cell = (_WIDTH - _LABEL - columns * _GAP) / columns
    grids = [[(_pixels(picture), caption) for picture, caption in pictures] for _, pictures in rows]
    heights = [_row_height(grid, cell) for grid in grids]
    below = [(_CAPTION if any(caption.strip() for _, caption in grid) else 0) + _GAP for grid in grids]
    height = (_TITLE if title else _GAP) + sum(heights) + sum(below)
    with house_style():
        figure = Figure(figsize=(_WIDTH, height))
        if title:
            figure.text(0.5, 1 - 0.1 / height, title, ha="center", va="top", fontsize=8.5)
        bottom = height - (_TITLE if title else _GAP)
        for (label, _), grid, tall, gap in zip(rows, grids, heights, below, strict=True):
            bottom -= tall
            name = "\n".join(fold(part, 14) for part in label.splitlines())
            figure.text((_LABEL - 0.12) / _WIDTH, (bottom + tall / 2) / height, name, ha="right", va="center")
            for place, (pixels, caption) in enumerate(grid):
                _draw(figure, (_LABEL + place * (cell + _GAP), bottom, cell, tall), pixels, caption)
            bottom -= gap
    return figure


def _row_height(grid: Sequence[tuple[NDArray[np.uint8], str]], cell: float) -> float:
    """Inches that the tallest image of a row needs in cells of a given width; never more than the width."""
    return cell * min(1.0, max((pixels.shape[0] / pixels.shape[1] for pixels, _ in grid), default=0.3))


def _draw(figure: Figure, box: tuple[float, float, float, float], pixels: NDArray[np.uint8], caption: str) -> None:
    """One image on the floor of its box (left, bottom, width, height in inches) with its caption beneath."""
    left, bottom, wide, tall = box
    width, height = figure.get_size_inches()
    axes = figure.add_axes((left / width, bottom / height, wide / width, tall / height))
    axes.imshow(pixels, interpolation="nearest" if max(pixels.shape[:2]) < 100 else "antialiased")
    axes.set_anchor("S")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=True, color="#cccccc", linewidth=0.4)
    text = fold(caption, max(8, int(wide / 0.044)))
    figure.text((left + wide / 2) / width, (bottom - 0.035) / height, text, ha="center", va="top", fontsize=5,
                color="#444444", linespacing=1.15)  # fmt: skip
