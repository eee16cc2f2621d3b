"""The figure of the first batches: every share stands in the table and in its place, for any number of mixtures."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import StepPatch

from datalines.plotting.batchshares import COLUMNS, Mixed, batch_shares
from datalines.plotting.drawing import Drawing
from datalines.plotting.house import PALETTE

TITLES = {name: name.upper() for name in ("wit", "yfcc", "laion", "redcaps", "cc12m", "coco", "sbu")}


def mixed(name: str, pools: list[str], batches: int = 100, title: str = "") -> Mixed:
    """Shares drawn at random about equal declared ones."""
    declared = np.full(len(pools), 1 / len(pools))
    counts = np.random.default_rng(len(name)).multinomial(64, declared, batches)
    return Mixed(name, title or f"Mixture {name}", pools, declared, counts / 64, 64, 8000)


def several(count: int) -> Drawing:
    return batch_shares([mixed(str(number), ["yfcc", "laion"]) for number in range(count)], TITLES)


def test_every_share_is_in_the_table_and_drawn() -> None:
    shown = mixed("m", ["laion", "yfcc", "wit"])
    drawing = batch_shares([shown], TITLES)
    table = drawing.points
    assert list(table.columns) == COLUMNS
    assert len(table) == 300
    wide = table.pivot(index="batch", columns="pool", values="share")[shown.pools]
    assert np.allclose(wide.to_numpy(), 100 * shown.shares)
    assert np.allclose(table["declared"], 100 / 3)
    stacked = [patch.get_data() for patch in drawing.figure.axes[0].patches if isinstance(patch, StepPatch)]
    heights = np.array([data.values - data.baseline for data in stacked])
    assert np.allclose(heights.T, 100 * shown.shares)
    assert stacked[0].edges[[0, -1]].tolist() == [0.5, 100.5]


def test_the_declared_shares_are_lines_and_numbers() -> None:
    axes = batch_shares([mixed("m", ["laion", "yfcc", "wit"])], TITLES).figure.axes[0]
    assert [line.get_ydata()[0] for line in axes.lines] == pytest.approx([100 / 3, 200 / 3])
    assert [text.get_text() for text in axes.texts].count("33.3 %") == 3


def test_a_source_has_the_colour_of_its_place_in_the_titles() -> None:
    axes = batch_shares([mixed("m", ["laion", "wit"])], TITLES).figure.axes[0]
    assert [to_hex(patch.get_facecolor()).upper() for patch in axes.patches] == [PALETTE[2], PALETTE[0]]


def test_remarks_tell_how_far_batches_are_off() -> None:
    shares = np.array([[0.5, 0.5], [0.25, 0.75]])
    shown = Mixed("m", "M", ["wit", "yfcc"], np.array([0.5, 0.5]), shares, 4, 100)
    assert batch_shares([shown], TITLES).notes == ["M: off by up to 25 points, all 2 by 12.5."]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 12])
def test_nothing_overlaps_and_nothing_leaves_the_page(count: int) -> None:
    pools = list(TITLES)
    shown = [mixed(str(number), pools[: 2 + number % 6], title="A long title " * 5) for number in range(count)]
    figure = batch_shares(shown, TITLES).figure
    figure.draw_without_rendering()
    page = figure.bbox.padded(2)
    boxes = [axes.get_tightbbox() for axes in figure.axes] + [legend.get_window_extent() for legend in figure.legends]
    for place, box in enumerate(boxes):
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, place
        for other in boxes[:place]:
            wide, tall = min(box.x1, other.x1) - max(box.x0, other.x0), min(box.y1, other.y1) - max(box.y0, other.y0)
            assert wide <= 1 or tall <= 1, place
    assert min(axes.get_position().width * figure.get_figwidth() for axes in figure.axes) > 1.4


def test_panels_that_begin_a_row_or_end_a_column_are_labelled() -> None:
    axes = several(5).figure.axes
    assert [bool(one.get_ylabel()) for one in axes] == [True, False, False, True, False]
    assert [bool(one.get_xlabel()) for one in axes] == [False, False, True, True, True]


def test_a_table_of_many_mixtures_tells_them_apart() -> None:
    table: pd.DataFrame = several(3).points
    assert table.groupby("mixture").size().to_dict() == {"0": 200, "1": 200, "2": 200}
