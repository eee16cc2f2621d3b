"""Figures of the theory: simulations beside closed forms, and the theory's interpolation beside measured slopes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike
from scipy.special import ndtri

from datalines.errors import DatalinesError
from datalines.plotting.cells import Cells
from datalines.plotting.drawing import Drawing, PlainFigure
from datalines.plotting.house import EQUALITY_COLOUR, PALETTE, house_style
from datalines.theory.measured import LARGEST, Interpolation, fit_interpolation

COLUMNS = ["panel", "layer", "series", "x", "y", "y_low", "y_high", "n"]
FORMULA_COLOUR, MARGIN_COLOUR = "#222222", "#5a5a5a"
DASHES, DOTS = (0, (4, 2.5)), (0, (1, 1.8))
_CURVE = 201  # points along a drawn curve


def table(tables: Mapping[str, pd.DataFrame], name: str, figure: PlainFigure) -> pd.DataFrame:
    """The table `name` of a figure. Raises DatalinesError where the figure does not declare it."""
    if name not in tables:
        raise DatalinesError(f"figure {figure.title!r}, tables: add {name} (found {', '.join(tables) or 'none'})")
    return tables[name]


def of_kind(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The rows of one kind, less the columns that say nothing of it. Raises DatalinesError where there is none."""
    found = rows[rows["kind"] == kind]
    if found.empty:
        raise DatalinesError(f"theory: no row of kind {kind}; run the simulation anew (rule simulate_theory)")
    return found.dropna(axis="columns", how="all")


class Sheet:
    """Panels under construction, with the table of all that is drawn in them."""

    def __init__(self, count: int, ratio: float = 0.93) -> None:
        self.cells = Cells(count, ratio)
        self.rows: list[pd.DataFrame] = []
        self.handles: list[Line2D] = []
        self.notes: list[str] = []

    @property
    def axes(self) -> list[Axes]:
        """The panels."""
        return self.cells.axes

    def record(self, panel: str, layer: str, series: str, **columns: Any) -> None:
        """Add what was just drawn: arrays (k,) or single values of x, y, y_low, y_high, n."""
        frame = pd.DataFrame(columns).assign(panel=panel, layer=layer, series=series)
        self.rows.append(frame.reindex(columns=COLUMNS))

    def curve(self, axes: Axes, panel: str, series: str, x: ArrayLike, y: ArrayLike, **style: Any) -> None:
        """A curve of a formula."""
        axes.plot(x, y, **{"color": FORMULA_COLOUR, "zorder": 2.5, **style})
        self.record(panel, "formula", series, x=np.asarray(x, dtype=float), y=np.asarray(y, dtype=float))

    def points(
        self,
        axes: Axes,
        panel: str,
        series: str,
        at: Mapping[str, ArrayLike],
        colour: str,
        marker: str,
        size: float = 3.6,
    ) -> None:
        """Markers at x and y with intervals y_low to y_high where these are given; n beside them in the table."""
        place = {name: np.asarray(values, dtype=float) for name, values in at.items()}
        if "y_low" in place:
            axes.vlines(place["x"], place["y_low"], place["y_high"], color=colour, linewidth=0.7, zorder=3)
        axes.plot(place["x"], place["y"], linestyle="none", marker=marker, markersize=size, color=colour,
                  markeredgecolor="white", markeredgewidth=0.3, zorder=4)  # fmt: skip
        self.record(panel, "point", series, **place)

    def shares(self, axes: Axes, panel: str, series: str, values: ArrayLike, **style: Any) -> None:
        """The share of values, in percent, that are at most so large; beyond the axis the line runs on."""
        ordered = np.sort(np.asarray(values, dtype=float))
        height = 100 * np.arange(1, len(ordered) + 1) / len(ordered)
        axes.step(np.concatenate([[-1e9], ordered, [1e9]]), np.concatenate([[0.0], height, [100.0]]), where="post",
                  **style)  # fmt: skip
        self.record(panel, "share", series, x=ordered, y=height, n=len(ordered))

    def key(self, label: str, colour: str, **style: Any) -> None:
        """An entry of the legend."""
        self.handles.append(Line2D([], [], color=colour, label=label, **style))

    def drawing(self) -> Drawing:
        """Add the legend and hand the figure over."""
        with house_style():
            self.cells.legend(self.handles)
        return Drawing(self.cells.canvas, pd.concat(self.rows, ignore_index=True), self.notes)


def shares_of(figure: PlainFigure) -> dict[str, float]:
    """Option `shares` of a figure: family slug -> share of the first source, 0 to 1, in falling order."""
    given = figure.options.get("shares")
    if not isinstance(given, dict) or len(given) < 3:
        raise DatalinesError(
            f"figure {figure.title!r}, options.shares: state the share of the first source (0 to 1) of three families "
            "or more, e.g. {yfcc: 1.0, yfcc50-laion50: 0.5, laion: 0.0}"
        )
    return {str(slug): float(share) for slug, share in sorted(given.items(), key=lambda item: -float(item[1]))}


def slopes_by_share(fits: pd.DataFrame, figure: PlainFigure, level: float = 0.95) -> pd.DataFrame:
    """Measured slopes of the families with a share: shift, family, share, slope, slope_low, slope_high, se, n.

    `fits` are those of one experiment; their probit rows are taken, for the theory is of probits. `se` is the width of
    the interval over that of a normal one of the same level. Option `shifts` picks and orders shifts; the others stay
    out. Raises DatalinesError for families and shifts that are not in the fits.
    """
    shares = shares_of(figure)
    rows = fits[(fits["axis"] == "probit") & (fits["kind"] == "model")]
    shifts = [str(shift) for shift in figure.options.get("shifts", dict.fromkeys(rows["shift"]))]
    for option, wanted, present in (("shares", shares, rows["family"]), ("shifts", shifts, rows["shift"])):
        missing = [slug for slug in wanted if slug not in set(present)]
        if missing:
            raise DatalinesError(f"figure {figure.title!r}, options.{option}: no fitted line of {', '.join(missing)}")
    found = rows[rows["family"].isin(list(shares)) & rows["shift"].isin(shifts)]
    width = (found["slope_high"] - found["slope_low"]) / (2 * ndtri((1 + level) / 2))
    found = found.assign(share=found["family"].map(shares), se=width)
    order = found["shift"].map({shift: place for place, shift in enumerate(shifts)})
    columns = ["shift", "family", "share", "slope", "slope_low", "slope_high", "se", "n"]
    return found.assign(order=order).sort_values(["order", "share"], ascending=[True, False])[columns]


def measured_panels(fits: pd.DataFrame, figure: PlainFigure, level: float = 0.95) -> Drawing:
    """A panel per shift: measured slopes of mixtures by share, and the theory's curve with one ratio for all shifts."""
    rows = slopes_by_share(fits, figure, level)
    known = rows[np.isfinite(rows["slope"])]
    fit = fit_interpolation(known, level)
    shifts = list(dict.fromkeys(known["shift"]))
    with house_style():
        sheet = Sheet(len(shifts))
        for place, (shift, axes) in enumerate(zip(shifts, sheet.axes, strict=True)):
            _measured_panel(sheet, axes, known[known["shift"] == shift], fit, figure)
            if place % sheet.cells.columns == 0:
                axes.set_ylabel("Slope on probit axes")
            axes.set_xlabel(f"Share of {figure.name(next(iter(shares_of(figure))))} (%)")
    sheet.key("measured", PALETTE[0], marker="o", linestyle="none", markersize=4)
    sheet.key("theory, fitted ratio", FORMULA_COLOUR)
    sheet.key("theory, ratio 1", EQUALITY_COLOUR, linestyle=DASHES)
    sheet.notes += _told(fit, len(known), len(rows), level)
    return sheet.drawing()


def _measured_panel(sheet: Sheet, axes: Axes, rows: pd.DataFrame, fit: Interpolation, figure: PlainFigure) -> None:
    """Slopes on one shift with their intervals, the fitted curve with the band of the ratio's interval."""
    shift = str(rows["shift"].iloc[0])
    share = np.linspace(0, 1, _CURVE)
    ends = [fit.curve(shift, share, which) for which in (1, 2)]
    axes.fill_between(100 * share, np.minimum(*ends), np.maximum(*ends), color=FORMULA_COLOUR, alpha=0.12, linewidth=0)
    best = fit.curve(shift, share)
    sheet.curve(axes, shift, "fitted ratio", 100 * share, best)
    straight = fit.curve(shift, share, 3)
    sheet.curve(axes, shift, "ratio 1", 100 * share, straight, color=EQUALITY_COLOUR, linestyle=DASHES, zorder=2)
    at = {"x": 100 * rows["share"], "y": rows["slope"], "y_low": rows["slope_low"], "y_high": rows["slope_high"]}
    sheet.points(axes, shift, "measured", at | {"n": rows["n"]}, PALETTE[0], "o", 4)
    axes.set_title(figure.name(shift))
    axes.set_xlim(105, -5)  # as in the figure of the sweep: from the first source alone to the second alone
    low, high = _view(rows)
    axes.set_ylim(low, high)
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8}
    axes.text(0.98, 0.03, _models(rows["n"]), transform=axes.transAxes, ha="right", va="bottom", fontsize=6,
              color="#666666", zorder=5, bbox=behind)  # fmt: skip


def _view(rows: pd.DataFrame) -> tuple[float, float]:
    """Ends of the vertical axis: all slopes, and intervals as far as the spread of the slopes again beyond them."""
    low, high = rows["slope"].min(), rows["slope"].max()
    room = max(high - low, 0.3)
    ends = np.fmax(rows["slope_low"].min(), low - room), np.fmin(rows["slope_high"].max(), high + room)
    pad = 0.06 * (ends[1] - ends[0])
    return float(ends[0] - pad), float(ends[1] + pad)


def _models(counts: pd.Series) -> str:
    low, high = int(counts.min()), int(counts.max())
    return f"n = {low} models a slope" if low == high else f"n = {low} to {high} models a slope"


def _told(fit: Interpolation, known: int, rows: int, level: float) -> list[str]:
    """What was fitted, in words."""
    low = f"{fit.low:.2g}" if fit.low > 0 else f"below {1 / LARGEST:g}"
    high = f"{fit.high:.2g}" if np.isfinite(fit.high) else f"above {LARGEST:g}"
    unit = "" if fit.weighted else " (squared slopes; all weigh the same, for some have no interval)"
    notes = [
        f"Ratio of the sources' projections on the reference set, one for all panels: {fit.ratio:.2g} "
        f"({100 * level:g} % interval {low} to {high}); misfit {fit.misfit:.3g} on {fit.dof} degrees of freedom, "
        f"{fit.straight:.3g} with ratio 1{unit}; n = {known} slopes."
    ]
    if known < rows:
        notes.append(f"{rows - known} line(s) have too few points for a slope.")
    return notes


def plain_ticks(axis: Axis, places: Sequence[float]) -> None:
    """Ticks of a logarithmic axis at these places, as plain numbers, and no others."""
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def label_panels(axes: Sequence[Axes], titles: Sequence[str]) -> None:
    """Titles of panels, in order."""
    for cell, title in zip(axes, titles, strict=True):
        cell.set_title(title)
