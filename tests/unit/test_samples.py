"""Sheets of samples in a grid: images of any shape, captions of any script, each in its own cell."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, save
from datalines.plotting.distributions import Pair, PoolFigure
from datalines.samples import grid, sheet
from datalines.thumbnails import reduced
from tests.builders import noise

sheets = importlib.import_module("workflow.scripts.papers.qnq.fig_10_samples")
CAPTIONS = [
    *("a cat", "", "日本の古い城 🌸", "مرحبا بالعالم", "שלום, $5_x^2 \\alpha {scale}", "tab\tand\r\nnewline"),
    *("1994 WWW KAWASAKI NINJA THROTTLE TUBE GRIPS MOTORWAY MAMMOTH WOWWW MMMM", "word " * 200, "unbroken" * 60),
]
SIZES = [(40, 30), (30, 40), (12, 3000), (3000, 9), (1, 1), (700, 500), (500, 700), (64, 64), (20, 60)]


def pairs(count: int) -> list[Pair]:
    drawn = []
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        caption = CAPTIONS[number % len(CAPTIONS)]
        drawn.append(Pair(reduced(noise(width, height, number)), caption, f"{number:032x}", width, height))
    return drawn


def draw(count: int = 20, **options: Any) -> Drawing:
    figure = PoolFigure(
        "Toy", ["art", "photo"], {"art": "Kunst 日本"}, {"pool": "art", **options}, kept={"art": 9300},
        pictures=lambda pool, n: pairs(min(n, count)),
    )  # fmt: skip
    return sheets.draw(figure)


def test_the_sheet_has_a_cell_for_every_pair_and_a_row_in_the_table() -> None:
    drawing = draw()
    assert len(drawing.figure.axes) == 20
    table = drawing.points
    assert table["id"].tolist() == [pair.id for pair in pairs(20)]
    assert table["caption"].tolist() == [pair.caption for pair in pairs(20)]
    assert table[["row", "column"]].to_numpy().tolist() == [
        [row, column] for row in range(1, 5) for column in range(1, 6)
    ]
    assert (table["width"][2], table["height"][2]) == (12, 3000)
    assert "Kunst □□: 20 random pairs of 9,300" in {text.get_text() for text in drawing.figure.texts}


def test_nothing_overlaps_and_nothing_leaves_the_page() -> None:
    figure = draw().figure
    figure.draw_without_rendering()
    page = figure.bbox.padded(2)
    boxes = [text.get_window_extent() for text in figure.texts if text.get_text()]
    boxes += [axes.get_window_extent() for axes in figure.axes]
    for place, box in enumerate(boxes):
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, place
        for other in boxes[:place]:
            wide, tall = min(box.x1, other.x1) - max(box.x0, other.x0), min(box.y1, other.y1) - max(box.y0, other.y0)
            assert wide <= 1 or tall <= 1, place


def test_equal_sheets_have_equal_bytes(tmp_path: Path) -> None:
    first, second = (save(draw(6), tmp_path / stem) for stem in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.suffix
    assert pd.read_csv(first[3], keep_default_na=False)["caption"].tolist() == [pair.caption for pair in pairs(6)]


def test_few_pairs_keep_the_size_of_their_cells() -> None:
    few, many = draw(2).figure, draw(20).figure
    assert few.axes[0].get_position().width * few.get_figwidth() == pytest.approx(
        many.axes[0].get_position().width * many.get_figwidth(), rel=0.3
    )
    assert few.get_figheight() < many.get_figheight() / 2


def test_options_choose_pool_rows_and_columns() -> None:
    assert len(draw(20, rows=2, columns=3).figure.axes) == 6
    with pytest.raises(DatalinesError, match=r"options.pool is 'yfcc'; write one of its pools: art, photo"):
        draw(pool="yfcc")
    with pytest.raises(DatalinesError, match="columns and rows must be at least 1"):
        draw(columns=0)


def test_large_images_are_reduced_and_small_ones_kept() -> None:
    assert reduced(Image.new("L", (3000, 1500))).size == (480, 240)
    assert reduced(Image.new("RGB", (3000, 2))).size == (480, 1)
    small = noise(31, 17, 0)
    assert np.array_equal(np.asarray(reduced(small)), np.asarray(small))


def test_rows_may_be_empty_but_not_all() -> None:
    picture = (np.zeros((20, 30), np.uint8), "a cat")
    assert len(sheet([("Photo", [picture, picture]), ("None", [])]).axes) == 2
    for make in (lambda: grid([]), lambda: sheet([("None", [])])):
        with pytest.raises(ValueError, match="at least one image"):
            make()
