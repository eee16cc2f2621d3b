"""Marks of single models: markers, crosses of intervals and paths, drawn as few artists so that many models are quick
to draw, and finer where there are many."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from datalines.plotting.house import Look
from datalines.robustness.transforms import Array

DASHES = (0, (2.5, 1.8))


class Density(NamedTuple):
    """How points are drawn: size of markers and width of their white edge in points, opacity of markers and bars."""

    size: float
    edge: float
    opacity: float
    bars: float  # 0: none
    line: float  # width of fitted lines, in points
    above: bool  # whether lines lie above the markers, cased in white


_SPARSE = Density(3.9, 0.4, 1.0, 0.4, 1.1, False)
_MEDIUM = Density(3.0, 0.3, 0.9, 0.22, 1.2, False)
_DENSE = Density(2.3, 0.0, 0.55, 0.0, 1.1, True)


def density(points: int) -> Density:
    """How to draw a panel of so many points."""
    return _SPARSE if points <= 60 else _MEDIUM if points <= 140 else _DENSE


def draw_bars(axes: Axes, at: Mapping[str, Array], colour: str, opacity: float) -> None:
    """Crosses of the intervals x_low to x_high and y_low to y_high through x and y, all of one shape (k,): one path."""
    gap = np.full(len(at["x"]), np.nan)
    x = np.column_stack([at["x_low"], at["x_high"], gap, at["x"], at["x"], gap]).ravel()
    y = np.column_stack([at["y"], at["y"], gap, at["y_low"], at["y_high"], gap]).ravel()
    axes.plot(x, y, color=colour, linewidth=0.5, alpha=opacity, zorder=3, solid_capstyle="butt")


def draw_markers(
    axes: Axes, x: Array, y: Array, look: Look, style: Density, hollow: bool = False, zorder: float = 4
) -> None:
    """Markers at x and y (k,), filled with a white edge, or hollow."""
    edge = look.colour if hollow or not style.edge else "white"
    axes.plot(x, y, linestyle="none", marker=look.marker, markersize=style.size, alpha=style.opacity,
              markerfacecolor="none" if hollow else look.colour, markeredgecolor=edge,
              markeredgewidth=max(style.edge, 0.4) if hollow else style.edge, zorder=zorder)  # fmt: skip


def draw_line(axes: Axes, x: Array, y: Array, colour: str, style: Density) -> None:
    """A fitted line: below the markers, or cased in white above them where they are dense."""
    if style.above:
        axes.plot(x, y, color="white", linewidth=style.line + 0.8, alpha=0.75, zorder=4.4)
    axes.plot(x, y, color=colour, linewidth=style.line, zorder=4.5 if style.above else 2.5)
