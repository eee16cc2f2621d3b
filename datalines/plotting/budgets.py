"""Two panels of single training runs, accuracy and average robustness, over data budgets or networks."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from datalines.plotting.cells import Cells
from datalines.plotting.drawing import Drawing
from datalines.plotting.house import Look, house_style

PANELS = {
    "val": ("Reference set, 100 classes", "Top-1 accuracy (%)"),
    "average": ("Average robustness, four shifts", "Mean top-1 accuracy (%)"),
}
POINT_COLUMNS = ["panel", "series", "model", "place", "y", "y_low", "y_high", "connected", "hollow"]
_ASIDE = 0.05  # between the markers of two series
_SIDE = 0.4  # free at either end of the horizontal axis, where neighbouring places are 1 apart
_GREY = "#666666"


class Series(NamedTuple):
    """Runs of one kind. `rows` has model, place (horizontal), and val and average with their _low and _high, all
    fractions; optional columns `connected` (on the line, else a marker beside it) and `hollow` are booleans."""

    look: Look
    rows: pd.DataFrame


def run_panels(
    series: Sequence[Series],
    ticks: Mapping[float, str],
    label: str,
    counts: Mapping[str, str],
    hollow: str = "",
    cut: float | None = None,
) -> Drawing:
    """A panel of the accuracy and one of the average, with the intervals given, in percent.

    `ticks` are places and their names, `label` is the horizontal axis', `counts` says per panel how many images there
    are, `hollow` what a hollow marker is, and `cut` is the place where the horizontal axis leaves something out.
    """
    rows = []
    with house_style():
        cells = Cells(len(PANELS), ratio=0.85)
        for axes, (name, (title, ylabel)) in zip(cells.axes, PANELS.items(), strict=True):
            for order, one in enumerate(series):
                rows.append(_draw(axes, one, name, (order - (len(series) - 1) / 2) * _ASIDE))
            _frame(axes, ticks, cut)
            axes.set(title=title, xlabel=label, ylabel=ylabel)
            axes.text(0.985, 0.045, counts[name], transform=axes.transAxes, ha="right", fontsize=6, color=_GREY)
        handles = [_handle(one.look) for one in series]
        if hollow:
            shape: dict[str, Any] = {"linestyle": "none", "marker": "s", "markerfacecolor": "white"}
            handles.append(Line2D([], [], color=_GREY, markeredgewidth=0.9, label=hollow, **shape))
        cells.legend(handles)
    return Drawing(cells.canvas, pd.concat(rows, ignore_index=True), [])


def _draw(axes: Axes, one: Series, name: str, shift: float) -> pd.DataFrame:
    held = one.rows.assign(
        connected=one.rows.get("connected", pd.Series(True, index=one.rows.index)),
        hollow=one.rows.get("hollow", pd.Series(False, index=one.rows.index)),
    )
    place = held["place"].to_numpy(dtype=float)
    at = place + shift
    y, low, high = (100 * held[f"{name}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high"))
    on = held["connected"].to_numpy(dtype=bool)
    axes.plot(at[on], y[on], color=one.look.colour, zorder=2)
    axes.errorbar(at, y, yerr=[y - low, high - y], fmt="none", ecolor=one.look.colour, elinewidth=0.7, zorder=3)
    for hollow in (False, True):
        chosen = held["hollow"].to_numpy(dtype=bool) == hollow
        axes.plot(at[chosen], y[chosen], linestyle="none", marker=one.look.marker, markersize=4.4, zorder=4,
                  markerfacecolor="white" if hollow else one.look.colour,
                  markeredgecolor=one.look.colour if hollow else "white",
                  markeredgewidth=0.9 if hollow else 0.4)  # fmt: skip
    drawn = pd.DataFrame({"place": place, "y": y, "y_low": low, "y_high": high, "model": held["model"].to_numpy()})
    marks = held[["connected", "hollow"]].reset_index(drop=True)
    return pd.concat([drawn.assign(panel=name, series=one.look.label), marks], axis=1)[POINT_COLUMNS]


def _frame(axes: Axes, ticks: Mapping[float, str], cut: float | None) -> None:
    axes.set_xlim(min(ticks) - _SIDE, max(ticks) + _SIDE)
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_major_formatter(FixedFormatter(list(ticks.values())))
    axes.xaxis.set_minor_locator(NullLocator())
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom - 0.12 * (top - bottom), top)  # room for the number of images
    if cut is not None:
        for place in (cut - 0.06, cut + 0.06):
            axes.plot([place - 0.06, place + 0.06], [-0.02, 0.02], transform=axes.get_xaxis_transform(),
                      color="#444444", linewidth=0.6, clip_on=False)  # fmt: skip


def _handle(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, marker=look.marker, markeredgecolor="white", markeredgewidth=0.4,
                  label=look.label)  # fmt: skip
