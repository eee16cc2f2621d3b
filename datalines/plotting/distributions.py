"""Distributions of sources, overlaid: cumulative shares on logarithmic axes, with a legend that is a small table.

Cumulative shares need no bins: many samples of one size are a vertical step, and a source of one value is one step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from PIL import Image

from datalines.errors import DatalinesError
from datalines.plotting.drawing import Drawing
from datalines.plotting.house import Look, house_style, looks
from datalines.plotting.logscale import log_limits, log_scale
from datalines.samples import plain

Array = NDArray[np.float64]

COLUMNS = ["panel", "layer", "pool", "label", "x", "x_low", "x_high", "y", "n"]
LEVELS = 400  # steps of a drawn curve: it is exact where it has a point and at most 0.25 points off between two
SPIKE = 0.2  # a share of equal values that is worth a remark
_NAME, _COUNT, _MEDIAN = 1.62, 0.55, 1.18  # inches: columns of the legend
_LINE = 0.145  # inches: its rows
_DASHES = (0, (2.5, 1.2))


class Pair(NamedTuple):
    """One sample of a pool to look at: the image, reduced for drawing, and its size in pixels as it is stored."""

    image: Image.Image
    caption: str
    id: str
    width: int
    height: int


@dataclass(frozen=True)
class PoolFigure:
    """A figure of pools, or of evaluation sets (whose slugs stand in `pools`), as the config declares it.

    `titles` are the display names of families, ensembles, shifts and pools in the order of all figures, which sets the
    colours: a pool looks like the family of its name. `statistics` are the rows of records/statistics.csv, `kept` the
    numbers of samples. `pictures` gives n random samples of a pool or set, the same ones each time, those of one class
    where `of` names it.
    """

    title: str
    pools: list[str]
    titles: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    statistics: pd.DataFrame = field(default_factory=pd.DataFrame)
    kept: dict[str, int] = field(default_factory=dict)
    pictures: Callable[..., list[Pair]] = field(default=lambda name, n, of="": [])

    def name(self, slug: str) -> str:
        """Display name of a pool; the slug itself where none is given."""
        return self.titles.get(slug, slug)


@dataclass(frozen=True)
class Panel:
    """One measure: its slug in the csv, axis label, heading in the legend, the values of rows, marks, and decimals."""

    name: str
    axis: str
    heading: str
    values: Callable[[pd.DataFrame], Any]
    marks: Mapping[str, float] = field(default_factory=dict)
    digits: int = 0

    def show(self, value: float) -> str:
        """A value as the legend gives it; the quartiles of small whole numbers keep one decimal."""
        digits = 1 if self.digits == 0 and value < 10 and value != int(value) else self.digits
        return f"{value:,.{digits}f}"


def cumulative(values: Array) -> tuple[Array, Array]:
    """Points (x, share of values <= x) of the cumulative distribution: all of them, or about LEVELS even in share."""
    ordered = np.sort(values)
    ranks = np.ceil(np.linspace(1 / LEVELS, 1, LEVELS) * len(ordered)).astype(np.int64) - 1
    x = np.unique(ordered[ranks])
    return x, np.searchsorted(ordered, x, side="right") / len(ordered)


def distributions(figure: PoolFigure, panels: Sequence[Panel]) -> Drawing:
    """A row of panels, one per measure, with a curve per pool; the legend gives n, medians and quartiles.

    Raises DatalinesError for a pool without rows in records/statistics.csv, and for values that are no number.
    """
    values = {panel.name: _values(figure, panel) for panel in panels}
    look = looks(figure.titles, figure.pools)
    rows: list[pd.DataFrame] = []
    notes: list[str] = []
    with house_style():
        canvas, cells, legend = _cells(len(panels), len(figure.pools))
        for panel, axes in zip(panels, cells, strict=True):
            rows += _draw_panel(axes, panel, values[panel.name], look)
            notes += _remarks(panel, values[panel.name], look)
        cells[0].set_ylabel("Samples at or below (%)")
        _draw_legend(legend, panels, values, look)
    return Drawing(canvas, pd.concat(rows, ignore_index=True).reindex(columns=COLUMNS), notes)


def _values(figure: PoolFigure, panel: Panel) -> dict[str, Array]:
    """The panel's values of every pool, checked."""
    found = {}
    for pool in figure.pools:
        rows = figure.statistics[figure.statistics["pool"] == pool]
        if rows.empty:
            raise DatalinesError(
                f"figure {figure.title!r}: records/statistics.csv has no row of pool {pool}; "
                "delete that file and run again"
            )
        values = np.asarray(panel.values(rows), dtype=np.float64)
        if not (np.isfinite(values) & (values >= 0)).all():
            raise DatalinesError(
                f"figure {figure.title!r}: records/statistics.csv, pool {pool}: {panel.name} must be a number of at "
                "least 0 in every row; delete that file and run again"
            )
        found[pool] = values
    return found


def _draw_panel(axes: Axes, panel: Panel, values: Mapping[str, Array], look: Mapping[str, Look]) -> list[pd.DataFrame]:
    """Marks, curves and medians of one measure; returns what was drawn."""
    low, high = log_limits(values.values())
    log_scale(axes, low, high)
    axes.set(xlabel=panel.axis, ylim=(0, 101.5), yticks=[0, 25, 50, 75, 100])
    axes.axhline(50, color="#cfcfcf", linewidth=0.6, zorder=1)
    rows = [_draw_marks(axes, panel, low, high)]
    for pool, style in _lines(look).items():
        x, share = cumulative(values[pool])
        seen = x > 0  # a logarithmic axis has no place for 0: such a curve begins at its left end, at their share
        start = (float(x[0]), 0.0) if seen[0] else (low, 100 * share[0])
        end = x[seen] if seen.any() else np.array([high])
        drawn_x = np.concatenate([[start[0]], end])
        drawn_y = np.concatenate([[start[1]], 100 * share[-len(end) :]])
        axes.plot(drawn_x, drawn_y, drawstyle="steps-post", color=look[pool].colour, linestyle=style, zorder=3)
        keys: dict[str, Any] = {"panel": panel.name, "pool": pool, "label": look[pool].label, "n": len(values[pool])}
        rows.append(pd.DataFrame({**keys, "layer": "curve", "x": drawn_x, "y": drawn_y}))
        quartiles = np.quantile(values[pool], [0.25, 0.5, 0.75])
        spread = dict(zip(["x_low", "x", "x_high"], quartiles, strict=True))
        rows.append(pd.DataFrame([{**keys, **spread, "layer": "median", "y": 50.0}]))
        axes.plot(quartiles[1], 50, marker=look[pool].marker, color=look[pool].colour, markersize=4.8,
                  markeredgecolor="white", markeredgewidth=0.4, linestyle="none", zorder=4)  # fmt: skip
    return rows


def _draw_marks(axes: Axes, panel: Panel, low: float, high: float) -> pd.DataFrame:
    """Thin lines at the marked values inside the axis, each with its name above the panel."""
    inside = {name: value for name, value in panel.marks.items() if low < value < high}
    transform = axes.get_xaxis_transform()
    for name, value in inside.items():
        axes.axvline(value, color="#b5b5b5", linewidth=0.5, linestyle=(0, (1.5, 1.5)), zorder=2)
        axes.text(value, 1.02, name, transform=transform, rotation=90, ha="center", va="bottom", fontsize=6,
                  color="#555555")  # fmt: skip
    return pd.DataFrame({"panel": panel.name, "layer": "mark", "label": list(inside), "x": list(inside.values())})


def _lines(look: Mapping[str, Look]) -> dict[str, Any]:
    """Line style by pool: solid, and dashed where the colour has been used before."""
    seen: set[str] = set()
    styles: dict[str, Any] = {}
    for pool, entry in look.items():
        styles[pool] = _DASHES if entry.colour in seen else "-"
        seen.add(entry.colour)
    return styles


def _remarks(panel: Panel, values: Mapping[str, Array], look: Mapping[str, Look]) -> list[str]:
    """Remarks on sources of which many samples have one and the same value, and on zeros."""
    spikes, zeros = [], []
    for pool, own in values.items():
        distinct, counts = np.unique(own, return_counts=True)
        top = int(counts.argmax())
        share = counts[top] / len(own)
        if share >= SPIKE and len(own) >= 20 and distinct[top]:
            spikes.append(f"{look[pool].label} {panel.show(float(distinct[top]))} ({100 * share:.0f} %)")
        if distinct[0] == 0:
            zeros.append(f"{look[pool].label} {counts[0]:,} of {len(own):,}")
    notes = [f"Values of {panel.heading} that many samples share: {', '.join(spikes)}."] if spikes else []
    return [*notes, f"Samples of 0 {panel.heading}, left of the axis: {', '.join(zeros)}."] if zeros else notes


def _cells(panels: int, pools: int) -> tuple[Canvas, list[Axes], Axes]:
    """A figure with a row of panels and, beneath them, room for the legend, which needs a line per pool."""
    width = {1: 3.7, 2: 5.5}.get(panels, 7.0)
    lines = (pools + 1.6) * _LINE
    tall = 2.35 if panels < 3 else 2.1
    canvas = Canvas(figsize=(width, tall + lines), layout="constrained")
    grid = canvas.add_gridspec(2, panels, height_ratios=[tall, lines])
    cells = [canvas.add_subplot(grid[0, place]) for place in range(panels)]
    for axes in cells[1:]:
        axes.tick_params(labelleft=False)
    legend = canvas.add_subplot(grid[1, :])
    legend.set_axis_off()
    return canvas, cells, legend


def _draw_legend(
    axes: Axes, panels: Sequence[Panel], values: Mapping[str, Mapping[str, Array]], look: Mapping[str, Look]
) -> None:
    """A table: line and marker, name, n, and for each measure the median with its quartiles."""
    ends = np.cumsum([_NAME, _COUNT, *[_MEDIAN] * len(panels)])
    axes.set(xlim=(0, ends[-1]), ylim=(len(look) + 1.2, 0))
    headings = ["n", *(f"{panel.heading}: median (IQR)" for panel in panels)]
    for end, heading in zip(ends[1:], headings, strict=True):
        axes.text(end, 0.5, heading, ha="right", va="center", fontsize=6, color="#555555")
    for line, (pool, style) in enumerate(_lines(look).items(), start=1):
        colour, marker = look[pool].colour, look[pool].marker
        axes.plot([0.0, 0.12, 0.24], [line + 0.5] * 3, color=colour, linestyle=style, marker=marker, markevery=[1],
                  markersize=4.4, markeredgecolor="white", markeredgewidth=0.4, clip_on=False)  # fmt: skip
        axes.text(0.32, line + 0.5, _short(look[pool].label), va="center", fontsize=6.5)
        cells = [f"{len(values[panels[0].name][pool]):,}"]
        for panel in panels:
            low, middle, high = np.quantile(values[panel.name][pool], [0.25, 0.5, 0.75])
            cells.append(f"{panel.show(middle)} ({panel.show(low)}–{panel.show(high)})")
        for end, text in zip(ends[1:], cells, strict=True):
            axes.text(end, line + 0.5, text, ha="right", va="center", fontsize=6.5)


def _short(label: str, most: int = 26) -> str:
    label = plain(label)
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"
