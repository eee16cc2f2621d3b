"""Sweeps over the share of one source in a mixture: colours that run with the share, and a panel of slopes."""

from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from datalines.errors import DatalinesError
from datalines.plotting.drawing import Drawing, Figure
from datalines.plotting.house import Look, house_style
from datalines.plotting.networks import network_handles, network_markers
from datalines.plotting.panels import LinePanels
from datalines.robustness.transforms import Array

SHIFT_MARKERS = ("o", "s", "^", "D", "v", "P")
SHIFT_LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
COLOURS = "viridis"
DARKEST, LIGHTEST = 0.0, 0.86  # the map's last part is too light on white
_REACH = 1.0  # how far beyond the slopes their panel goes for intervals, as a share of the slopes' spread
_LEAST_REACH = 0.25  # of slope
_ASIDE = 2.4  # percentage points between the markers of two shifts


def ratio_sweep(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """A panel per shift with the lines at every share, and a last panel with their slopes against the share.

    Option `shares` is {slug: share of the first source, 0 to 1} of every family, or of every line where the experiment
    declares lines; option `networks` {recipe: name} then tells the networks of a line apart by marker. Raises
    DatalinesError where a share is missing.
    """
    panels = LinePanels(records, fits, figure, extra=1)
    kind = "line" if panels.lines else "model"
    look = share_looks(panels.slugs(kind), panels.spec)
    markers = network_markers(records, figure)
    for slug in look:
        panels.family(slug, look[slug], kind, markers=markers)
    panels.handles.extend(network_handles(records, figure))
    with house_style():
        panels.handles.extend(draw_slopes(panels, panels.spare[0], look, kind))
    return panels.drawing()


def share_looks(slugs: Sequence[str], figure: Figure) -> dict[str, Look]:
    """Colour by share of the first source; families in falling order of that share."""
    shares = _shares(figure)
    unknown = [slug for slug in slugs if slug not in shares]
    if unknown:
        raise DatalinesError(
            f"figure {figure.title!r}, options.shares: state the share of {', '.join(unknown)} (0 to 1)"
        )
    ramp = mpl.colormaps[COLOURS]
    order = sorted(slugs, key=lambda slug: -shares[slug])
    colours = {slug: to_hex(ramp(DARKEST + (LIGHTEST - DARKEST) * (1 - shares[slug]))) for slug in order}
    return {slug: Look(colours[slug], SHIFT_MARKERS[0], figure.name(slug)) for slug in order}


def draw_slopes(panels: LinePanels, axes: Axes, look: Mapping[str, Look], kind: str = "model") -> list[Line2D]:
    """Slope of each line against its share, a row of markers per shift, with bootstrap intervals; returns what the
    legend needs to tell several shifts apart."""
    shares, shifts = _shares(panels.spec), panels.spec.shifts
    first = [slug for slug in look if shares[slug] == 1]
    distinct = sorted({100 * shares[slug] for slug in look})
    gap = min(np.diff(distinct), default=100.0)
    places = (len(shifts) - 1) / 2 - np.arange(len(shifts))  # side by side, so that intervals do not overlap
    offsets = min(_ASIDE, 0.8 * gap / len(shifts)) * places
    rows = panels.fits[panels.fits["family"].isin(list(look)) & (panels.fits["kind"] == kind)]
    rows = rows[rows["shift"].isin(shifts)].assign(share=rows["family"].map(shares)).sort_values("share")
    marks = islice(zip(cycle(SHIFT_MARKERS), cycle(SHIFT_LINES), strict=False), len(shifts))
    handles: list[Line2D] = []
    for shift, offset, (marker, style) in zip(shifts, offsets, marks, strict=True):
        part = rows[rows["shift"] == shift]
        at = part["share"].to_numpy(dtype=float) * 100 + offset
        y, low, high = (part[name].to_numpy(dtype=float) for name in ("slope", "slope_low", "slope_high"))
        axes.plot(at, y, color="#8a8a8a", linewidth=0.8, linestyle=style, zorder=2)
        shape: dict[str, Any] = {
            "marker": marker,
            "markersize": 4.2,
            "markeredgecolor": "white",
            "markeredgewidth": 0.4,
        }
        for slug, x, middle, bottom, top in zip(part["family"], at, y, low, high, strict=True):
            axes.plot([x, x], [bottom, top], color=look[slug].colour, linewidth=0.7, zorder=3)
            axes.plot(x, middle, color=look[slug].colour, zorder=4, **shape)
        panels.record(shift, "slope", family=part["family"].to_numpy(), x=100 * part["share"].to_numpy(), y=y,
                      y_low=low, y_high=high)  # fmt: skip
        label = f"slope on {panels.spec.name(shift)}"
        handles.append(Line2D([], [], color="#5a5a5a", linestyle=style, linewidth=0.8, label=label, **shape))
    name = panels.spec.name(first[0]) if first else "the first source"
    axes.set(title="Slope of the line", xlabel=f"Share of {name} (%)", ylabel=f"Slope on {panels.spec.axis} axes")
    axes.set_xlim(107, -7)  # the paper's order: from the first source alone to the second alone
    ends = [rows[name].to_numpy(dtype=float) for name in ("slope", "slope_low", "slope_high")]
    panels.notes.extend(_limit(axes, *ends))
    return handles if len(handles) > 1 else []


def _limit(axes: Axes, slopes: Array, low: Array, high: Array) -> list[str]:
    """Vertical limits that hold all slopes, and intervals as far as these do not dwarf them; remarks on others."""
    bottom, top = float(np.nanmin(slopes)), float(np.nanmax(slopes))
    reach = max(_REACH * (top - bottom), _LEAST_REACH)
    start, end = max(float(np.nanmin([bottom, *low])), bottom - reach), min(float(np.nanmax([top, *high])), top + reach)
    span = end - start
    axes.set_ylim(start - 0.06 * span, end + 0.06 * span)
    beyond = int(((low < start) | (high > end)).sum())
    return [f"{beyond} interval(s) of slopes reach beyond their panel; the csv has the ends."] if beyond else []


def _shares(figure: Figure) -> dict[str, float]:
    return {str(slug): float(share) for slug, share in figure.options.get("shares", {}).items()}
