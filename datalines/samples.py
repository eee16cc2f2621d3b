"""Sheets of sample images with captions: a row per source or shift, or a grid of one source."""

import textwrap
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from numpy.typing import NDArray
from PIL import Image

from datalines.errors import DatalinesError
from datalines.images import decode
from datalines.plotting.house import house_style
from datalines.thumbnails import reduced

Picture = Image.Image | NDArray[np.uint8]

CAPTION_LINES = 3
GRID_LINES = 5
_LEADING = 1.22  # distance of a caption's lines, in font sizes
_FLATTEST = 0.12  # height of the lowest row, as a share of a cell's width
_WIDTH = 7.0  # inches, a text block's width
_LABEL = 0.95  # inches for the row labels
_TITLE = 0.34
_GAP = 0.07


@cache
def _known_signs() -> frozenset[int]:
    with house_style():
        return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


@cache
def _advance(sign: str) -> float:
    """Width of a sign in the house font, in font sizes."""
    with house_style():
        font = get_font(findfont("DejaVu Sans"))
    font.set_size(100, 72)
    return float(font.load_char(ord(sign)).linearHoriAdvance / 65536 / 100)


def plain(text: str) -> str:
    """Text on one line, with signs that the house font lacks (emoji, many scripts) as hollow squares."""
    return "".join(sign if ord(sign) in _known_signs() else "\u25a1" for sign in " ".join(text.split()))


def fold(text: str, width: int, lines: int = CAPTION_LINES) -> str:
    """Text wrapped to `width` characters and cut with an ellipsis after `lines` lines."""
    return "\n".join(textwrap.wrap(plain(text), width, max_lines=lines, placeholder=" …"))


def _fit(text: str, inches: float, lines: int, size: float) -> str:
    """Text folded to lines of about this length in a font of `size` points: capitals and squares take more room."""
    signs = plain(text)
    mean = sum(map(_advance, signs)) / len(signs) if signs else 1.0
    return fold(signs, max(8, int(0.95 * inches * 72 / (size * mean))), lines)


def _pixels(picture: Picture) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 from a PIL image of any mode or an array, grey ones included; large ones reduced."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(np.asarray(picture, dtype=np.uint8))
    return np.asarray(reduced(image))


def pictures(samples: pd.DataFrame, kind: str, name: str, count: int, of: str = "") -> pd.DataFrame:
    """The first `count` collected samples of a pool (`kind` pool) or evaluation set (shift), all where there are fewer,
    with a column `image` of decoded images. `of` is a class that was asked for by itself.

    Raises DatalinesError where fewer were collected than the set has and `count` asks for.
    """
    rows = samples[(samples["kind"] == kind) & (samples["name"] == name) & (samples["of"] == of)]
    rows = rows.sort_values("place").head(count)
    if rows.empty or (not of and len(rows) < min(count, int(rows["total"].iloc[0]))):
        what = f"{name}, class {of}" if of else name
        raise DatalinesError(
            f"records/samples.parquet holds {len(rows)} of {count} samples of {what}; delete it and run again"
        )
    images: list[Any] = [decode(data) for data in rows["png"]]
    return rows.assign(image=images)


def sheet(rows: Sequence[tuple[str, Sequence[tuple[Picture, str]]]], title: str = "") -> Figure:
    """A figure of rows (label, [(image, caption), ...]); rows may differ in length, images in size and aspect.

    Images keep their aspect inside cells of equal width, small ones are enlarged without smoothing. Raises
    ValueError when there is no image at all.
    """
    columns = max((len(pictures) for _, pictures in rows), default=0)
    return _figure(rows, title, columns, _LABEL, CAPTION_LINES, 5)


def grid(pictures: Sequence[tuple[Picture, str]], columns: int = 5, title: str = "") -> Figure:
    """A figure of (image, caption) pairs in rows of `columns`, with more of each caption than `sheet` shows.

    Raises ValueError when there is no image at all.
    """
    rows = [("", pictures[start : start + columns]) for start in range(0, len(pictures), columns)]
    return _figure(rows, title, columns, 0.0, GRID_LINES, 6)


def _figure(
    rows: Sequence[tuple[str, Sequence[tuple[Picture, str]]]],
    title: str,
    columns: int,
    margin: float,
    lines: int,
    size: float,
) -> Figure:
    """Rows of images right of a margin in inches for labels; captions of `lines` lines at most, in `size` points."""
    if not any(pictures for _, pictures in rows):
        raise ValueError("rows: a sheet needs at least one image")
    cell = (_WIDTH - margin - columns * _GAP) / columns
    grids = [[(_pixels(picture), _fit(text, cell, lines, size)) for picture, text in line] for _, line in rows]
    heights = [_row_height(entries, cell) for entries in grids]
    leading = _LEADING * size / 72
    below = [leading * max((_lines(text) for _, text in entries), default=0) + 0.06 + _GAP for entries in grids]
    height = (_TITLE if title else _GAP) + sum(heights) + sum(below)
    with house_style():
        figure = Figure(figsize=(_WIDTH, height))
        if title:
            figure.text(0.5, 1 - 0.1 / height, plain(title), ha="center", va="top", fontsize=8.5)
        bottom = height - (_TITLE if title else _GAP)
        for (label, _), entries, tall, gap in zip(rows, grids, heights, below, strict=True):
            bottom -= tall
            if label:
                name = "\n".join(fold(part, 14) for part in label.splitlines())
                figure.text((margin - 0.12) / _WIDTH, (bottom + tall / 2) / height, name, ha="right", va="center")
            for place, (pixels, text) in enumerate(entries):
                _draw(figure, (margin + place * (cell + _GAP) + _GAP / 2, bottom, cell, tall), pixels, text, size)
            bottom -= gap
    return figure


def _lines(text: str) -> int:
    return len(text.splitlines())


def _row_height(entries: Sequence[tuple[NDArray[np.uint8], str]], cell: float) -> float:
    """Inches that the tallest image of a row needs in cells of a given width; never more than the width."""
    ratios = [pixels.shape[0] / pixels.shape[1] for pixels, _ in entries]
    return cell * min(1.0, max([_FLATTEST, *ratios]))


def _draw(
    figure: Figure, box: tuple[float, float, float, float], pixels: NDArray[np.uint8], text: str, size: float
) -> None:
    """One image on the floor of its box (left, bottom, width, height in inches) with its folded caption beneath."""
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
    figure.text((left + wide / 2) / width, (bottom - 0.035) / height, text, ha="center", va="top", fontsize=size,
                color="#444444", linespacing=1.15)  # fmt: skip
