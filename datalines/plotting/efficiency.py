"""Curves of error against the number of training pairs, with the power laws behind them (QNQ, appendix C)."""

from collections.abc import Mapping, Sequence
from string import ascii_lowercase

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from datalines.plotting.cells import Cells
from datalines.plotting.drawing import Drawing, Figure
from datalines.plotting.house import Look, house_style, looks
from datalines.plotting.logscale import log_ticks
from datalines.plotting.panels import tabulate
from datalines.robustness.efficiency import curves, power_laws
from datalines.robustness.transforms import Array

COLUMNS = ["panel", "layer", "family", "label", "x", "y", "y_low", "y_high", "n", "b", "b_low", "b_high"]
_LETTERS = 14  # of a name in the table
_DOTS = (0, (1, 1.2))
_ASIDE = 1.035  # factor by which curves are moved apart along x, so that their bars do not overlap
_NAME, _VALUE, _LINE = 0.47, 0.105, 0.088  # columns and rows of the table of exponents, as shares of its cell


def efficiency_panels(records: pd.DataFrame, figure: Figure) -> Drawing:
    """A panel for the reference set and for every shift, a curve for every family, and a table of exponents.

    All numbers in the points table are percentages; layer `point` has the mean of log errors over `n` seeds with its
    interval, layer `law` the fitted law of `n` runs with its exponent b.
    """
    sets, level = [figure.reference, *figure.shifts], float(figure.options.get("level", 0.95))
    families = [slug for slug in figure.options.get("families", figure.titles) if slug != figure.baseline]
    rows = records[records["family"].astype(str).isin(families)]
    means = curves(rows, sets, level)
    laws = power_laws(rows, sets, level, int(figure.options.get("resamples", 1000)))
    look = looks(figure.titles, [slug for slug in families if slug in set(means["family"])])
    drawn: list[dict[str, object]] = []
    with house_style():
        cells = Cells(len(sets))
        for place, (name, axes) in enumerate(zip(sets, cells.axes, strict=True)):
            part, fitted = means[means["shift"] == name], laws[laws["shift"] == name]
            drawn += _draw_panel(axes, name, part, fitted, look)
            _scales(axes, part)
            axes.set_title(f"({ascii_lowercase[place]}) {figure.name(name)}")
            if place % cells.columns == 0:
                axes.set_ylabel("Error (%)")
            if place + cells.columns >= len(sets):
                axes.set_xlabel("Training pairs")
        if cells.corner is None:
            cells.legend([_handle(entry) for entry in look.values()])
        else:
            _table(cells.corner, laws, sets, look)
    table = tabulate(drawn, COLUMNS)
    return Drawing(cells.canvas, table.assign(label=table["family"].map(figure.titles)), _remarks(means, laws, level))


def _draw_panel(
    axes: Axes, name: str, means: pd.DataFrame, laws: pd.DataFrame, look: Mapping[str, Look]
) -> list[dict[str, object]]:
    """Curves and laws of one set; returns what was drawn."""
    drawn: list[dict[str, object]] = []
    for place, (slug, entry) in enumerate(look.items()):
        part, law = means[means["family"] == slug].sort_values("samples"), laws[laws["family"] == slug]
        x, y, low, high = (part[key].to_numpy(dtype=float) for key in ("samples", "error", "low", "high"))
        y, low, high = 100 * y, 100 * low, 100 * high
        aside = _ASIDE ** (place - (len(look) - 1) / 2)
        at = x * aside
        axes.vlines(at, low, high, color=entry.colour, linewidth=0.6, alpha=0.6, zorder=3)
        axes.plot(at, y, color=entry.colour, marker=entry.marker, markersize=3.4, markeredgecolor="white",
                  markeredgewidth=0.3, linewidth=1.0, zorder=4)  # fmt: skip
        drawn.append({"panel": name, "layer": "point", "family": slug, "x": x, "y": y, "y_low": low, "y_high": high,
                      "n": part["n_seeds"].to_numpy()})  # fmt: skip
        a, b = (float(law[key].iloc[0]) for key in ("a", "b"))
        if np.isfinite(b):
            ends = np.array([x.min(), x.max()])
            axes.plot(aside * ends, 100 * a * ends**-b, color=entry.colour, linewidth=0.7, linestyle=_DOTS, zorder=2)
            exponent = {key: float(law[key].iloc[0]) for key in ("b", "b_low", "b_high")}
            drawn.append({"panel": name, "layer": "law", "family": slug, "x": ends, "y": 100 * a * ends**-b,
                          "n": int(law["n"].iloc[0]), **exponent})  # fmt: skip
    return drawn


def _scales(axes: Axes, means: pd.DataFrame) -> None:
    """Logarithmic axes around the points and their bars, with ticks as plain numbers."""
    bars: Array = 100 * means[["error", "low", "high"]].to_numpy(dtype=float)
    inside = np.clip(bars, None, 100)  # an interval of few seeds may reach beyond every error
    ends = {"x": (means["samples"].min() * 0.8, means["samples"].max() * 1.25),
            "y": (np.nanmin(inside) * 0.97, np.nanmax(inside) * 1.03)}  # fmt: skip
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        low, high = (float(end) for end in ends[name])
        axes.set(**{f"{name}scale": "log", f"{name}lim": (low, high)})
        axis.set_major_locator(FixedLocator(_ticks(low, high)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers on a logarithmic axis: evenly spaced ones where it is shorter than half a decade."""
    if high / low > 3:
        return log_ticks(low, high)
    for step in (1, 2, 5, 10, 20):
        found = [float(value) for value in range(-int(-low // step) * step, int(high) + 1, step)]
        if len(found) <= 6:
            return found
    return log_ticks(low, high)


def _handle(entry: Look) -> Line2D:
    return Line2D([], [], color=entry.colour, marker=entry.marker, markersize=4, markeredgecolor="white",
                  markeredgewidth=0.4, label=entry.label)  # fmt: skip


def _table(axes: Axes, laws: pd.DataFrame, sets: Sequence[str], look: Mapping[str, Look]) -> None:
    """The legend as a small table: marker and name of every family, and its exponent on every set."""
    exponents = laws.set_index(["family", "shift"])["b"].to_dict()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    top = 0.5 + _LINE * (len(look) + 1) / 2
    axes.text(_NAME, top + _LINE, "Exponent b", fontsize=7, va="center")
    for place in range(len(sets)):
        axes.text(
            _NAME + _VALUE * (place + 0.8), top, f"({ascii_lowercase[place]})", ha="right", va="center", fontsize=6.5
        )
    for line, (slug, entry) in enumerate(look.items()):
        y = top - _LINE * (line + 1)
        axes.plot([0, 0.09], [y, y], color=entry.colour, linewidth=0.9)
        axes.plot(0.045, y, color=entry.colour, marker=entry.marker, markersize=4, markeredgecolor="white",
                  markeredgewidth=0.4)  # fmt: skip
        name = entry.label if len(entry.label) <= _LETTERS else f"{entry.label[: _LETTERS - 1].rstrip()}…"
        axes.text(0.11, y, name, va="center", fontsize=6.5)
        for place, name in enumerate(sets):
            b = exponents.get((slug, name), float("nan"))
            text = f"{b:.2f}".replace("0.", ".", 1) if np.isfinite(b) else "–"
            axes.text(_NAME + _VALUE * (place + 0.8), y, text, ha="right", va="center", fontsize=6)


def _remarks(means: pd.DataFrame, laws: pd.DataFrame, level: float) -> list[str]:
    """Seeds behind the means, intervals of the exponents, and bars that are missing."""
    seeds = sorted(means["n_seeds"].unique())
    told = [f"Means are over {' or '.join(str(n) for n in seeds)} seed(s)."]
    if 1 in seeds:
        told.append("A mean of one seed has no bar.")
    widths = (laws["b_high"] - laws["b_low"]).dropna()
    if len(widths):
        told.append(
            f"The exponents' {100 * level:g} % intervals, in the csv beside the figure, are {widths.min():.2f} to "
            f"{widths.max():.2f} wide (median {widths.median():.2f})."
        )
    return told
