"""Panels of published models: accuracy against accuracy by group, a baseline with its band, exact intervals, y = x."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from datalines.plotting.cells import Cells
from datalines.plotting.house import EQUALITY_COLOUR, Look
from datalines.plotting.marks import DASHES, Density, draw_bars, draw_markers
from datalines.plotting.panels import tabulate
from datalines.plotting.scales import limits, percent_scale, to_axis, to_percent
from datalines.published.averaged import AverageBaseline, MeanPiece
from datalines.published.baselines import Baseline, Piece
from datalines.robustness.intervals import clopper_pearson
from datalines.robustness.transforms import Array

ENDS = ["x", "x_low", "x_high", "y", "y_low", "y_high"]
PUBLISHED_COLUMNS = ["panel", "layer", "group", "model", *ENDS, "er", "fitted", "n_x", "n_y"]
LINE_COLOUR, PALE = "#222222", "#b5b5b5"
BARS = 0.995
"""Level of the testbed's bars."""

SET_NAMES = {
    "v2": "ImageNet-V2",
    "sketch": "ImageNet-Sketch",
    "r": "ImageNet-R",
    "objectnet": "ObjectNet",
    "a": "ImageNet-A",
    "average": "average of V2, Sketch, R, A",
}
_EQUALITY: dict[str, Any] = {"color": EQUALITY_COLOUR, "linewidth": 0.8, "linestyle": (0, (4, 3))}
_GRID = 200  # points along a drawn line, as in the testbed
_CROWD = Density(3.0, 0.25, 0.8, 0.3, 1.1, False)
_FEW = Density(4.6, 0.5, 1.0, 0.6, 1.1, False)
_BACKGROUND = Density(2.4, 0.0, 0.5, 0.0, 1.1, False)
DENSITIES = {"crowd": _CROWD, "few": _FEW, "background": _BACKGROUND}


def with_intervals(rows: pd.DataFrame, level: float = BARS) -> pd.DataFrame:
    """Tidy rows with the ends x_low, x_high, y_low, y_high of exact binomial intervals, fractions.

    Averages over several sets are no binomial proportions and have no vertical interval.
    """
    found = rows.copy()
    for side in ("x", "y"):
        total = rows[f"n_{side}"].to_numpy()
        low, high = clopper_pearson(np.round(rows[side].to_numpy() * total), total, level)
        found[f"{side}_low"], found[f"{side}_high"] = low, high
    found.loc[(rows["shift"] == "average").to_numpy(), ["y_low", "y_high"]] = np.nan
    return found


class Scatter:
    """One panel under construction: axes in percent on a transformed scale, and rows for all that is drawn."""

    def __init__(self, axes: Axes, name: str, baseline: Baseline | AverageBaseline, shown: pd.DataFrame) -> None:
        """`shown` are all rows that will be drawn; the limits are made for them, and for y = x."""
        self.axes, self.name, self.baseline, self.axis = axes, name, baseline, baseline.axis
        self.rows: list[dict[str, Any]] = []
        self.handles: list[Line2D] = []
        x, y = (100 * shown[side].to_numpy(dtype=np.float64) for side in ("x", "y"))
        self.x_limits = limits(x, self.axis, 0.05)
        self.y_limits = limits(np.append(y, self.x_limits[1]), self.axis, 0.04)
        percent_scale(axes, self.axis, self.x_limits, self.y_limits)
        ends = np.array([max(self.x_limits[0], self.y_limits[0]), min(self.x_limits[1], self.y_limits[1])])
        if ends[0] < ends[1]:
            axes.plot(ends, ends, zorder=1, **_EQUALITY)
            self.handles.append(Line2D([], [], label="y = x", **_EQUALITY))
            self.record("equality", x=ends, y=ends)

    def record(self, layer: str, group: str = "", **columns: Any) -> None:
        """Note what was drawn, in percent."""
        self.rows.append({"panel": self.name, "layer": layer, "group": group, "model": "", **columns})

    def titles(self, shift: str, restricted: bool = False) -> None:
        """Title and labels: the shift and the set that it is held against."""
        of = ", classes of the shift" if restricted else ""
        self.axes.set_title(SET_NAMES[shift])
        self.axes.set_xlabel(f"Accuracy on ImageNet{of} (%)")
        self.axes.set_ylabel(f"Accuracy on {SET_NAMES[shift]} (%)" if shift != "average" else "Average accuracy (%)")

    def models(
        self,
        rows: pd.DataFrame,
        group: str,
        look: Look,
        density: str = "crowd",
        hollow: NDArray[np.bool_] | bool = False,
        counted: bool = True,
    ) -> None:
        """Points of one group (tidy rows) with their bars; those of the mask `hollow` (k,) take no part in a line.

        The legend says how many they are, unless `counted` is false.
        """
        if rows.empty:
            return
        style = DENSITIES[density]
        ends = with_intervals(rows)
        percent = {name: 100 * ends[name].to_numpy(dtype=np.float64) for name in ENDS}
        open_ = np.broadcast_to(np.asarray(hollow, dtype=np.bool_), len(rows))
        if style.bars:
            draw_bars(self.axes, percent, look.colour, style.bars)
        for mask, empty in ((~open_, False), (open_, True)):
            if mask.any():
                draw_markers(self.axes, percent["x"][mask], percent["y"][mask], look, style, empty)
        er = percent["y"] - 100 * self.baseline.predict(rows["x"])
        facts = {name: rows[name].to_numpy() for name in ("model", "n_x", "n_y")}
        self.record("point", group, **percent, **facts, er=er, fitted=~open_)
        label = f"{look.label} ({len(rows)})" if counted else look.label
        self.handles.append(_marker(look, label, bool(open_.all())))

    def lines(self, colour: str = LINE_COLOUR, level: float = 0.95, label: str = "Linear fit") -> None:
        """The baseline's line, or its two lines beside a knee, with bands; dashed where no model behind it lies."""
        low, high = self.x_limits
        knee = None if self.baseline.knee is None else 100 * self.baseline.knee
        bounds = [(low, high)] if knee is None else [(low, knee), (knee, high)]
        pieces: Sequence[Piece | MeanPiece] = self.baseline.pieces
        for piece, (start, end) in zip(pieces, bounds, strict=True):
            x = between(start, end, self.axis)
            y, (under, over) = 100 * piece.line.predict(x / 100), piece.band(x / 100, level)
            inside = (x >= 100 * piece.x_min) & (x <= 100 * piece.x_max)
            self.axes.fill_between(x, 100 * under, 100 * over, color=colour, alpha=0.16, linewidth=0, zorder=1.5)
            self.axes.plot(x, y, color=colour, linewidth=0.7, linestyle=DASHES, zorder=4.5)
            self.axes.plot(x[inside], y[inside], color=colour, linewidth=1.1, zorder=4.6)
            self.record(f"line-{piece.part}", x=x, y=y, y_low=100 * under, y_high=100 * over, fitted=inside)
        self.handles.append(Line2D([], [], color=colour, linewidth=1.1, label=label))

    def other_line(
        self, x: Array, y: Array, group: str, look: Look, label: str, known: tuple[float, float] = (0.0, 100.0)
    ) -> None:
        """Another line (percent, (k,) each) without a band; dashed outside of `known`, the range of its models."""
        inside = (x >= known[0]) & (x <= known[1])
        self.axes.plot(x, y, color=look.colour, linewidth=0.8, linestyle=DASHES, zorder=3.4)
        self.axes.plot(x[inside], y[inside], color=look.colour, linewidth=1.1, zorder=3.5)
        self.record("line", group, x=x, y=y, fitted=inside)
        self.handles.append(Line2D([], [], color=look.colour, linewidth=1.0, label=label))

    def counted(self, rows: pd.DataFrame) -> None:
        """Numbers of images in the lower right corner."""
        told = "\n".join(f"n = {' or '.join(f'{n:,}' for n in sorted(set(rows[f'n_{end}'])))} images ({end})"
                         for end in ("x", "y"))  # fmt: skip
        self.axes.text(0.985, 0.015, told, transform=self.axes.transAxes, ha="right", fontsize=6, color="#555555")


def _marker(look: Look, label: str, hollow: bool) -> Line2D:
    """A legend's entry for markers."""
    face, edge = ("none", look.colour) if hollow else (look.colour, "white")
    return Line2D([], [], linestyle="none", marker=look.marker, markersize=4.4, markerfacecolor=face,
                  markeredgecolor=edge, markeredgewidth=0.7 if hollow else 0.3, label=label)  # fmt: skip


def between(low: float, high: float, axis: str) -> Array:
    """Percentages (200,) from low to high, even steps on the axis."""
    ends = to_axis([low, high], axis)
    return to_percent(np.linspace(float(ends[0]), float(ends[1]), _GRID), axis)


def draw_heights(axes: Axes, x: Array, held: pd.DataFrame, look: Look, density: str = "crowd") -> None:
    """Effective robustness (columns er, er_low, er_high of `held`, in points) over x (k,), with vertical bars."""
    style, er = DENSITIES[density], held["er"].to_numpy(dtype=np.float64)
    ends = er - held["er_low"].to_numpy(dtype=np.float64), held["er_high"].to_numpy(dtype=np.float64) - er
    axes.errorbar(x, er, yerr=ends, fmt="none", ecolor=look.colour, elinewidth=0.5, alpha=style.bars, zorder=3)
    draw_markers(axes, x, er, look, style)


def legend(cells: Cells, handles: Sequence[Line2D]) -> None:
    """The legend of a figure of one column below its panel, in two columns of small print."""
    cells.canvas.set_figheight(cells.canvas.get_figheight() + 0.14 * -(-len(handles) // 2))
    cells.canvas.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=6.3, columnspacing=1.0,
                        handletextpad=0.5)  # fmt: skip


def drawn(panels: Sequence[Scatter]) -> pd.DataFrame:
    """The table of everything in some panels, columns PUBLISHED_COLUMNS."""
    return tabulate([row for panel in panels for row in panel.rows], PUBLISHED_COLUMNS)
