"""Distributions of sources: what is drawn is what the samples say, listed in the table, whatever the values are."""

import importlib
import string
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, looks, save
from datalines.plotting.distributions import COLUMNS, LEVELS, PoolFigure, cumulative
from datalines.plotting.logscale import log_limits, log_ticks

TITLES = {"photo": "Photos", "art": "Paintings", "sketch": "Sketches", "spike": "One size", "single": "Alone"}
PANELS = {
    "fig_07_caption_lengths": ["characters", "words"],
    "fig_08_image_sizes": ["root-area", "width", "height"],
    "fig_09_aspect_ratios": ["aspect"],
}


def script(name: str) -> ModuleType:
    return importlib.import_module(f"workflow.scripts.papers.qnq.{name}")


def statistics(count: int = 900) -> pd.DataFrame:
    """Heavy tails (photo, art), a constant source of 1,000 pixels (spike), and a source of one sample (single)."""
    draw = np.random.default_rng(0)
    tables = []
    for pool, mean in (("photo", 4.8), ("art", 3.5), ("spike", 4.0), ("single", 4.0)):
        n = 1 if pool == "single" else count
        characters = np.exp(draw.normal(mean, 1.2, n)).astype(int) + 1
        sides = [np.full(n, 1000)] * 2 if pool == "spike" else np.exp(draw.normal(6, 0.7, (2, n))).astype(int) + 8
        table = {"pool": pool, "id": [f"{number:032x}" for number in range(n)], "characters": characters}
        table |= {"words": characters // 6 + 1, "width": sides[0], "height": sides[1], "bytes": 9}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)


def draw(name: str, table: pd.DataFrame, pools: list[str] | None = None) -> Drawing:
    return script(name).draw(PoolFigure("Toy", pools or list(dict.fromkeys(table["pool"])), TITLES, {}, table))


def drawn(axes: Axes) -> set[tuple[float, float]]:
    """Every point of the curves and medians of a panel."""
    return {
        (round(float(x), 6), round(float(y), 6))
        for line in axes.lines
        if line.get_color() in {look.colour for look in looks(TITLES, list(TITLES)).values()}
        for x, y in zip(np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata()), strict=True)
    }


@pytest.mark.parametrize("name", PANELS)
def test_every_drawn_number_is_in_the_table(name: str) -> None:
    drawing = draw(name, statistics())
    assert list(drawing.points) == COLUMNS
    for panel, axes in zip(PANELS[name], drawing.figure.axes, strict=False):
        rows = drawing.points[drawing.points["panel"] == panel]
        listed = rows[rows["layer"].isin(["curve", "median"])][["x", "y"]].to_numpy()
        assert drawn(axes) == {(round(float(x), 6), round(float(y), 6)) for x, y in listed}
        assert rows[rows["layer"] == "median"]["n"].tolist() == [900, 900, 900, 1]


def test_curves_and_medians_are_those_of_the_samples() -> None:
    table = statistics()
    points = draw("fig_08_image_sizes", table).points.query("panel == 'width'")
    for pool, values in table.groupby("pool")["width"]:
        own = points[points["pool"] == pool]
        curve = own[own["layer"] == "curve"].iloc[1:]
        for x, y in curve[["x", "y"]].to_numpy():
            assert y == pytest.approx(100 * (values <= x).mean())
        (median,) = own[own["layer"] == "median"].to_dict("records")
        assert (median["x_low"], median["x"], median["x_high"]) == tuple(np.quantile(values, [0.25, 0.5, 0.75]))


def test_a_source_of_one_size_is_one_step_and_a_remark() -> None:
    drawing = draw("fig_08_image_sizes", statistics())
    spike = drawing.points.query("panel == 'height' and pool == 'spike' and layer == 'curve'")
    assert spike[["x", "y"]].to_numpy().tolist() == [[1000, 0], [1000, 100]]
    assert "Values of height that many samples share: One size 1,000 (100 %)." in drawing.notes


def test_formats_are_marked_and_listed() -> None:
    drawing = draw("fig_09_aspect_ratios", statistics())
    marks = drawing.points[drawing.points["layer"] == "mark"]
    assert {"1:1", "4:3", "3:2", "16:9"} <= set(marks["label"])
    names = {text.get_text(): text.get_position()[0] for text in drawing.figure.axes[0].texts}
    assert names == dict(zip(marks["label"], marks["x"], strict=True))


def test_the_legend_gives_n_median_and_quartiles() -> None:
    table = statistics()
    drawing = draw("fig_07_caption_lengths", table)
    texts = [text.get_text() for text in drawing.figure.axes[-1].texts]
    photo = table[table["pool"] == "photo"]
    low, middle, high = (int(value) for value in np.quantile(photo["characters"], [0.25, 0.5, 0.75]))
    place = texts.index("Photos")
    assert texts[place + 1] == "900"
    assert texts[place + 2].startswith(f"{middle:,}") and texts[place + 2].endswith(f"{high:,})"), (
        low,
        texts[place + 2],
    )


def test_a_source_has_the_colour_that_it_has_in_the_figures_of_lines() -> None:
    drawing = draw("fig_09_aspect_ratios", statistics(), ["art", "spike"])
    lines = looks(TITLES, ["photo", "art", "spike"])
    curves = [line for line in drawing.figure.axes[0].lines if line.get_zorder() == 3]
    assert [line.get_color() for line in curves] == [lines["art"].colour, lines["spike"].colour]


def test_sources_that_share_a_colour_differ_in_their_lines() -> None:
    titles = {f"s{number}": f"Source {number}" for number in range(13)}
    table = pd.concat([statistics(40).query("pool == 'photo'").assign(pool=slug) for slug in ("s0", "s12")])
    figure = PoolFigure("Toy", ["s0", "s12"], titles, {}, table)
    lines = [
        line for line in script("fig_09_aspect_ratios").draw(figure).figure.axes[0].lines if line.get_zorder() == 3
    ]
    assert lines[0].get_color() == lines[1].get_color() and lines[0].get_linestyle() != lines[1].get_linestyle()


def test_empty_captions_begin_at_their_share_and_are_told() -> None:
    table = statistics(60).query("pool == 'art'").reset_index(drop=True)
    table.loc[:14, ["characters", "words"]] = 0
    drawing = draw("fig_07_caption_lengths", table)
    curve = drawing.points.query("panel == 'words' and layer == 'curve'")
    assert curve["y"].iloc[0] == 25.0 and curve["x"].iloc[0] == drawing.figure.axes[1].get_xlim()[0]
    assert "Samples of 0 words, left of the axis: Paintings 15 of 60." in drawing.notes
    nothing = draw("fig_07_caption_lengths", table.assign(characters=0, words=0))
    assert nothing.points.query("layer == 'curve'")["y"].eq(100).all()
    nothing.figure.draw_without_rendering()


@pytest.mark.parametrize("name", PANELS)
def test_equal_drawings_have_equal_bytes(name: str, tmp_path: Path) -> None:
    first, second = (save(draw(name, statistics(120)), tmp_path / stem) for stem in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.suffix


def test_pools_and_numbers_that_are_missing_are_named() -> None:
    with pytest.raises(DatalinesError, match=r"'Toy': records/statistics.csv has no row of pool sketch"):
        draw("fig_07_caption_lengths", statistics(5), ["photo", "sketch"])
    for bad in (np.nan, -1):
        with pytest.raises(DatalinesError, match=r"pool photo: characters must be a number of at least 0"):
            draw("fig_07_caption_lengths", statistics(5).assign(characters=bad), ["photo"])


@pytest.mark.parametrize("name", [*PANELS, "fig_10_samples"])
def test_captions_hold_known_fields_only(name: str) -> None:
    text = script(name).__doc__ or ""
    fields = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    assert fields <= {"pools", "scale", "sample"}
    assert "paper's" in text and len(text.split()) > 60


@given(st.lists(st.integers(0, 30) | st.floats(0.01, 1e6), min_size=1, max_size=1500))
def test_cumulative_points_are_exact_and_close_together(values: list[float]) -> None:
    x, share = cumulative(np.array(values, dtype=float))
    assert (np.diff(x) > 0).all() and share[-1] == 1 and x[-1] == max(values)
    assert np.allclose(share, [np.mean(np.array(values) <= value) for value in x])
    # between two points the true curve rises by less than a level, or by the one step of the second point
    below = np.array([np.mean(np.array(values) < value) for value in x])
    assert (below - np.concatenate([[0], share[:-1]]) <= 1 / LEVELS + 1e-9).all()


@given(st.floats(1e-3, 1e6), st.floats(2.0, 1e6))
def test_log_ticks_are_few_inside_and_apart(low: float, factor: float) -> None:
    high = low * factor
    found = log_ticks(low, high)
    assert len(found) <= 6 and all(low <= value <= high for value in found)
    if len(found) > 1:
        assert np.diff(np.log10(found)).min() / np.log10(factor) > 0.08
    assert found or factor < 3.4


@given(st.lists(st.lists(st.integers(0, 10**6), max_size=50), max_size=4))
def test_log_limits_hold_all_of_small_samples(samples: list[list[int]]) -> None:
    low, high = log_limits([np.array(sample, dtype=float) for sample in samples])
    assert low > 0 and high / low >= 1.99
    assert all(low < value < high for sample in samples for value in sample if value > 0)


def test_a_heavy_tail_does_not_stretch_the_axis() -> None:
    values = np.concatenate([np.full(9990, 50.0), np.full(10, 65_536.0)])
    assert log_limits([values])[1] < 100
