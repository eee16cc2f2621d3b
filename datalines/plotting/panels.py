"""Panels of lines: one panel per shift, reference accuracy against shifted accuracy, one line per family."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from datalines.errors import DatalinesError
from datalines.plotting.drawing import Drawing, Figure
from datalines.plotting.house import EQUALITY_COLOUR, Look, house_style, looks
from datalines.plotting.scales import limits, percent_scale, to_axis, to_percent
from datalines.robustness.families import fit_points, join_points, line_points
from datalines.robustness.lines import Line

POINT_COLUMNS = [
    *["panel", "layer", "family", "label", "size", "seed", "epoch", "weight"],
    *["x", "x_low", "x_high", "y", "y_low", "y_high", "n"],
]
_PERCENT = ["x", "x_low", "x_high", "y", "y_low", "y_high"]
_CHOICES = {"model": "families", "ensemble": "ensembles"}  # the options that say which to draw
_DASHES = (0, (2.5, 1.8))
_EXTENSION = 0.04  # how far a line runs past its outermost points, as a share of their distance
_LEGEND_LINE = 0.15  # inches
_GRID = 60  # points along a drawn line


class LinePanels:
    """A figure under construction. Scripts add layers, then ask for the drawing.

    `extra` free cells follow the shift panels (`spare`). All numbers in the points table are percentages.
    """

    def __init__(self, records: pd.DataFrame, fits: pd.DataFrame, figure: Figure, extra: int = 0) -> None:
        names = sorted({str(name) for name in records["experiment"]})
        if len(names) != 1:
            raise DatalinesError(f"records: one experiment expected, found {', '.join(names) or 'none'}")
        self.experiment, self.spec = names[0], figure
        joined = join_points(records, figure.reference)
        keep = joined["shift"].isin(figure.shifts)
        for kind, option in _CHOICES.items():
            if option in figure.options:
                keep &= (joined["kind"] != kind) | joined["family"].isin(figure.options[option])
        edge = joined[["x", "y"]].isin([0.0, 1.0]).any(axis=1) & (figure.axis != "linear")
        self.points = joined.assign(drawable=~edge)[keep]
        self.fits = fits[fits["axis"] == figure.axis].assign(family=fits["family"].astype(str))
        shown = set(self.points.loc[self.points["drawable"], "shift"])
        missing = [shift for shift in figure.shifts if shift not in shown]
        if missing:
            raise DatalinesError(f"figure {figure.title!r}: no point to draw on shift(s) {', '.join(missing)}")
        self.rows: list[pd.DataFrame] = []
        self.handles: list[Line2D] = []
        self.notes: list[str] = self._remarks()
        with house_style():
            self.columns = _grid_columns(len(figure.shifts) + extra)
            self.canvas, cells, self.corner = _cells(len(figure.shifts) + extra, self.columns)
            self.panels = dict(zip(figure.shifts, cells, strict=False))
            self.spare = cells[len(figure.shifts) :]
            self._frame()

    def slugs(self, kind: str) -> list[str]:
        """Families (kind `model`) or ensembles (kind `ensemble`) to draw, in the options' or else the titles' order."""
        present = set(self.points.loc[self.points["kind"] == kind, "family"])
        order = list(self.spec.options.get(_CHOICES[kind], self.spec.titles))
        return [*(slug for slug in order if slug in present), *sorted(present.difference(order))]

    def _remarks(self) -> list[str]:
        """Remarks on points that are not drawn or not fitted."""
        remarks, floor = [], float(self.spec.options.get("floor", 0.0))
        lost = int((~self.points["drawable"]).sum())
        if lost:
            remarks.append(f"{lost} point(s) at 0 or 100 % have no place on {self.spec.axis} axes.")
        if (self.points["drawable"] & (self.points["x"] < floor)).any():
            reference = self.spec.name(self.spec.reference)
            remarks.append(f"Hollow markers, below {100 * floor:g} % on {reference}, take no part in the lines.")
        return remarks

    def _frame(self) -> None:
        """Scales, the line of equality, titles and labels of the shift panels."""
        reference = self.spec.name(self.spec.reference)
        drawable = self.points[self.points["drawable"]]
        x_limits = limits(100 * drawable["x"].to_numpy(), self.spec.axis)
        for place, (shift, axes) in enumerate(self.panels.items()):
            part = drawable[drawable["shift"] == shift]
            y_limits = limits(100 * part["y"].to_numpy(), self.spec.axis)
            percent_scale(axes, self.spec.axis, x_limits, y_limits)
            ends = np.array([max(x_limits[0], y_limits[0]), min(x_limits[1], y_limits[1])])
            if ends[0] < ends[1]:
                axes.plot(ends, ends, color=EQUALITY_COLOUR, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
                self.record(shift, "equality", "", x=ends, y=ends)
            axes.set_title(self.spec.name(shift))
            axes.text(0.98, 0.03, _count(part["n"]), transform=axes.transAxes, ha="right", va="bottom",
                      fontsize=6, color="#666666")  # fmt: skip
            if place % self.columns == 0:
                axes.set_ylabel("Accuracy on the shift (%)")
            if self.spare or place + self.columns >= len(self.panels):  # a spare cell has an axis of its own
                axes.set_xlabel(f"Accuracy on {reference} (%)")

    def record(self, panel: str, layer: str, family: str, **columns: Any) -> None:
        """Add what was just drawn to the points table: arrays (k,) of the columns of POINT_COLUMNS."""
        label = self.spec.name(family) if family else ""
        frame = pd.DataFrame(columns).assign(panel=panel, layer=layer, family=family, label=label)
        self.rows.append(frame.reindex(columns=POINT_COLUMNS))

    def family(self, slug: str, look: Look, kind: str = "model", line: bool = True, size: float = 3.9) -> None:
        """Add one family to every panel: its points with exact binomial bars, its fitted line and the line's band.

        Of an ensemble over a grid of weights only the equal-weight points are drawn; see `paths` for the rest.
        `size` is that of the markers, in points.
        """
        mine = self.points[(self.points["family"] == slug) & (self.points["kind"] == kind)]
        counts = []
        with house_style():
            for shift, axes in self.panels.items():
                part = mine[mine["shift"] == shift]
                if line and len(part):
                    self._line(axes, part, look)
                if len(part):
                    counts.append(self._markers(axes, line_points(part), look, size))
            label = f"{look.label}{', baseline' if slug == self.spec.baseline else ''} ({max(counts, default=0)})"
            self.handles.append(Line2D([], [], color=look.colour, marker=look.marker, markersize=size + 0.1,
                                       markeredgecolor="white", markeredgewidth=0.4, label=label,
                                       linestyle="-" if line else _DASHES))  # fmt: skip

    def _markers(self, axes: Axes, part: pd.DataFrame, look: Look, size: float) -> int:
        """Draw points; hollow ones take no part in the line (they lie below the floor)."""
        shown = part[part["drawable"]]
        percent = {name: 100 * shown[name].to_numpy(dtype=float) for name in _PERCENT}
        bars = [[percent[a] - percent[f"{a}_low"], percent[f"{a}_high"] - percent[a]] for a in ("x", "y")]
        axes.errorbar(percent["x"], percent["y"], xerr=bars[0], yerr=bars[1], fmt="none", ecolor=look.colour,
                      elinewidth=0.5, alpha=0.4, zorder=3)  # fmt: skip
        below = shown["x"].to_numpy(dtype=float) < float(self.spec.options.get("floor", 0.0))
        for mask, face in ((~below, look.colour), (below, "none")):
            axes.plot(percent["x"][mask], percent["y"][mask], linestyle="none", marker=look.marker, markersize=size,
                      markerfacecolor=face, markeredgecolor="white" if face != "none" else look.colour,
                      markeredgewidth=0.4, zorder=4)  # fmt: skip
        keys = {name: shown[name].to_numpy() for name in ["size", "seed", "epoch", "weight", "n"]}
        self.record(str(part["shift"].iloc[0]), "point", str(part["family"].iloc[0]), **keys, **percent)
        return len(shown)

    def _line(self, axes: Axes, part: pd.DataFrame, look: Look) -> None:
        """The fitted line over the range of its points, slightly extended, with its bootstrap band."""
        options = self.spec.options
        fit = fit_points(part, self.experiment, self.spec.axis, float(options.get("floor", 0.0)),
                         int(options.get("resamples", 1000)))  # fmt: skip
        line = self._stored(part, fit.line)
        if not np.isfinite(line.slope):
            self.notes.append(f"{look.label} on {self.spec.name(str(part['shift'].iloc[0]))}: too few points.")
            return
        ends = np.sort(to_axis(100 * fit.x, self.spec.axis))[[0, -1]]
        pad = _EXTENSION * (ends[1] - ends[0])
        x = to_percent(np.linspace(ends[0] - pad, ends[1] + pad, _GRID), self.spec.axis)
        y, band = 100 * line.predict(x / 100), (np.full(_GRID, np.nan), np.full(_GRID, np.nan))
        if fit.resampled is not None:
            low, high = fit.resampled.band(x / 100, float(options.get("level", 0.95)))
            band = (100 * low, 100 * high)
            axes.fill_between(x, *band, color=look.colour, alpha=0.13, linewidth=0, zorder=1.5)
        axes.plot(x, y, color=look.colour, zorder=2.5)
        self.record(str(part["shift"].iloc[0]), "line", str(part["family"].iloc[0]), x=x, y=y, y_low=band[0],
                        y_high=band[1])  # fmt: skip

    def _stored(self, part: pd.DataFrame, fresh: Line) -> Line:
        """The line of the fits table, after checking that it is the line of these very points."""
        key = {name: str(part[name].iloc[0]) for name in ("kind", "family", "shift")}
        found = self.fits
        for name, value in key.items():
            found = found[found[name] == value]
        if len(found) != 1:
            raise DatalinesError(f"fits: {len(found)} rows for {key} on axis {self.spec.axis}; exactly one is needed")
        row = found.iloc[0]
        same = int(row["n"]) == fresh.n and np.allclose(row["slope"], fresh.slope, rtol=1e-3, equal_nan=True)
        if not same:
            raise DatalinesError(
                f"fits: {key} has n={row['n']} and slope={row['slope']}, its records give n={fresh.n} and "
                f"slope={fresh.slope:g}; rebuild the fits, or state the experiment's floor in the figure's options"
            )
        return Line(self.spec.axis, float(row["slope"]), float(row["intercept"]), fresh.r2, fresh.n, fresh.dropped)

    def paths(self, slug: str, look: Look) -> None:
        """Add an ensemble's walk over its weights: a dashed path for each size, seed and epoch."""
        points = self.points[self.points["drawable"]]
        mine = points[(points["family"] == slug) & (points["kind"] == "ensemble")]
        with house_style():
            for (shift, _, _, _), path in mine.groupby(["shift", "size", "seed", "epoch"], sort=True):
                walk = path.sort_values("weight")
                x, y = 100 * walk["x"].to_numpy(dtype=float), 100 * walk["y"].to_numpy(dtype=float)
                self.panels[str(shift)].plot(x, y, color=look.colour, linewidth=0.8, linestyle=_DASHES,
                                             alpha=0.8, zorder=3)  # fmt: skip
                keys = {name: walk[name].to_numpy() for name in ["size", "seed", "epoch", "weight", "n"]}
                self.record(str(shift), "path", slug, **keys, x=x, y=y)

    def drawing(self) -> Drawing:
        """Add the legend and hand the figure over with its table of points and its notes."""
        with house_style():
            equality = Line2D([], [], color=EQUALITY_COLOUR, linewidth=0.7, linestyle=(0, (4, 3)), label="y = x")
            handles = [*self.handles, equality]
            if self.corner is not None:
                self.corner.legend(handles=handles, loc="center left", bbox_to_anchor=(0.0, 0.5))
            else:
                columns = _columns([str(handle.get_label()) for handle in handles], self.canvas.get_figwidth())
                height = self.canvas.get_figheight() + _LEGEND_LINE * -(-len(handles) // columns)
                self.canvas.set_figheight(height)  # so that a long legend takes nothing from the panels
                self.canvas.legend(handles=handles, loc="outside lower center", ncols=columns)
        return Drawing(self.canvas, pd.concat(self.rows, ignore_index=True), self.notes)


def _count(n: pd.Series) -> str:
    low, high = int(n.min()), int(n.max())
    return f"n = {low:,} images" if low == high else f"n = {low:,} to {high:,} images"


def _columns(labels: Sequence[str], width: float) -> int:
    """Legend columns that fit a width in inches, evened out over the rows."""
    entry = 0.42 + 0.058 * max(len(label) for label in labels)
    most = max(1, int(width / entry))
    lines = -(-len(labels) // most)
    return -(-len(labels) // lines)


def _grid_columns(count: int) -> int:
    return count if count <= 3 else 2 if count == 4 else 3


def _cells(count: int, columns: int) -> tuple[Canvas, list[Axes], Axes | None]:
    """A figure with `count` cells in a grid, and the blank cell for the legend where one is left over."""
    lines = -(-count // columns)
    width = {1: 3.4, 2: 5.5}.get(columns, 7.0)
    canvas = Canvas(figsize=(width, lines * (width / columns) * 0.93 + 0.1), layout="constrained")
    grid = canvas.add_gridspec(lines, columns)
    cells = [canvas.add_subplot(grid[place // columns, place % columns]) for place in range(count)]
    if count == lines * columns:
        return canvas, cells, None
    corner = canvas.add_subplot(grid[lines - 1, count % columns :])
    corner.set_axis_off()
    return canvas, cells, corner


def line_panels(
    records: pd.DataFrame, fits: pd.DataFrame, figure: Figure, look: Mapping[str, Look] | None = None
) -> Drawing:
    """The plain figure: every family (and ensemble) of the records with points, line and band in every panel."""
    panels = LinePanels(records, fits, figure)
    for kind in ("model", "ensemble"):
        slugs = panels.slugs(kind)
        style = look or looks(figure.titles, slugs, figure.baseline)
        for slug in slugs:
            panels.family(slug, style[slug], kind)
    return panels.drawing()
