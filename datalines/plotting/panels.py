"""Panels of lines: one panel per shift, reference accuracy against shifted accuracy, one line per family."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from datalines.errors import DatalinesError
from datalines.plotting.cells import Cells
from datalines.plotting.drawing import Drawing, Figure
from datalines.plotting.house import EQUALITY_COLOUR, Look, house_style, looks
from datalines.plotting.marks import DASHES, density, draw_bars, draw_line, draw_markers
from datalines.plotting.roles import mixture_of, role_looks
from datalines.plotting.scales import limits, percent_scale, to_axis, to_percent
from datalines.robustness.families import fit_points, join_points, line_points, merge_lines
from datalines.robustness.lines import Line

POINT_COLUMNS = [
    *["panel", "layer", "family", "label", "size", "seed", "epoch", "weight"],
    *["x", "x_low", "x_high", "y", "y_low", "y_high", "n"],
]
_PERCENT = ["x", "x_low", "x_high", "y", "y_low", "y_high"]
_KEYS = ["family", "size", "seed", "epoch", "weight", "n"]
_FIT_KEY = ["kind", "family", "shift"]
_CHOICES = {"model": "families", "ensemble": "ensembles", "line": "lines"}  # the options that say which to draw
_EQUALITY: dict[str, Any] = {"color": EQUALITY_COLOUR, "linewidth": 0.7, "linestyle": (0, (4, 3))}
_EXTENSION = 0.04  # how far a line runs past its outermost points, as a share of their distance
_GRID = 50  # points along a drawn line


class LinePanels:
    """A figure under construction. Scripts add layers, then ask for the drawing.

    Where the experiment declares lines, these are drawn instead of its single families. `extra` free cells follow the
    shift panels (`spare`). All numbers in the points table are percentages.
    """

    def __init__(self, records: pd.DataFrame, fits: pd.DataFrame, figure: Figure, extra: int = 0) -> None:
        names = sorted({str(name) for name in records["experiment"]})
        if len(names) != 1:
            raise DatalinesError(f"records: one experiment expected, found {', '.join(names) or 'none'}")
        self.experiment = names[0]
        self.lines: dict[str, dict[str, Any]] = figure.options.get("lines", {})
        self.spec = replace(figure, titles={**figure.titles, **{slug: at["title"] for slug, at in self.lines.items()}})
        joined = merge_lines(join_points(records, figure.reference), self.lines)
        keep = joined["shift"].isin(figure.shifts)
        for kind in ("model", "ensemble"):
            if _CHOICES[kind] in figure.options:
                keep &= (joined["kind"] != kind) | joined["family"].isin(figure.options[_CHOICES[kind]])
        edge = joined[["x", "y"]].isin([0.0, 1.0]).any(axis=1) & (figure.axis != "linear")
        joined = joined.assign(drawable=~edge, member=joined["run"].str.split("/").str[0])
        self.points = joined[keep & (joined["kind"] != ("model" if self.lines else "line"))]
        self.fits = fits[fits["axis"] == figure.axis].astype({"kind": str, "family": str, "shift": str})
        self._fitted: dict[Any, Any] = self.fits.groupby(_FIT_KEY, sort=False).indices
        shown = self.points.loc[self.points["drawable"], "shift"].value_counts()
        missing = [shift for shift in figure.shifts if shift not in shown.index]
        if missing:
            raise DatalinesError(f"figure {figure.title!r}: no point to draw on shift(s) {', '.join(missing)}")
        self.resample = str(figure.options.get("resample", "runs"))
        self.unbanded: list[str] = []  # labels of what has too few runs for a band
        self.style = density(self._crowd())
        self.rows: list[dict[str, Any]] = []
        self.handles: list[Line2D] = []
        self.notes: list[str] = self._remarks()
        with house_style():
            self.cells = Cells(len(figure.shifts) + extra)
            self.panels = dict(zip(figure.shifts, self.cells.axes, strict=False))
            self.spare = self.cells.axes[len(figure.shifts) :]
            self._frame()

    def slugs(self, kind: str) -> list[str]:
        """Families (kind `model`), ensembles or lines to draw, in the options' or else the titles' order."""
        if kind == "line":
            return list(self.lines)
        present = set(self.points.loc[self.points["kind"] == kind, "family"])
        order = list(self.spec.options.get(_CHOICES[kind], self.spec.titles))
        return [*(slug for slug in order if slug in present), *sorted(present.difference(order))]

    def _crowd(self) -> int:
        """The most markers in a panel."""
        groups = self.points.groupby(["shift", "kind", "family"], sort=False)
        counts = {key: len(line_points(part)) for key, part in groups}
        return max(sum(n for key, n in counts.items() if key[0] == shift) for shift in self.spec.shifts)

    def _remarks(self) -> list[str]:
        """Remarks on points that are not drawn or not fitted, and on bars that are left out."""
        remarks, floor = [], float(self.spec.options.get("floor", 0.0))
        lost = int((~self.points["drawable"]).sum())
        if lost:
            remarks.append(f"{lost} point(s) at 0 or 100 % have no place on {self.spec.axis} axes.")
        if (self.points["drawable"] & (self.points["x"] < floor)).any():
            reference = self.spec.name(self.spec.reference)
            remarks.append(f"Hollow markers, below {100 * floor:g} % on {reference}, take no part in the lines.")
        if not self.style.bars:
            ends = [self.points[f"{a}_high"] - self.points[f"{a}_low"] for a in ("x", "y")]
            width = 50 * max(float(end.max()) for end in ends)
            remarks.append(
                f"With so many points the bars are left out: an exact 95 % interval of one accuracy reaches at most "
                f"{width:.1f} points to either side. The csv beside the figure has them all."
            )
        drawn = "whole runs with all their epochs" if self.resample == "runs" else "single models"
        return [*remarks, f"Bands come from resampling {drawn}."]

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
                axes.plot(ends, ends, zorder=1, **_EQUALITY)
                self.record(shift, "equality", x=ends, y=ends)
            axes.set_title(self.spec.name(shift))
            axes.text(0.98, 0.03, _count(part["n"]), transform=axes.transAxes, ha="right", va="bottom",
                      fontsize=6, color="#666666")  # fmt: skip
            if place % self.cells.columns == 0:
                axes.set_ylabel("Accuracy on the shift (%)")
            if self.spare or place + self.cells.columns >= len(self.panels):  # a spare cell has an axis of its own
                axes.set_xlabel(self.cells.fold(f"Accuracy on {reference} (%)"))

    def record(self, panel: str, layer: str, **columns: Any) -> None:
        """Add what was just drawn to the points table: arrays (k,) of the columns of POINT_COLUMNS."""
        self.rows.append({"panel": panel, "layer": layer, **columns})

    def own(self, slug: str, kind: str) -> pd.DataFrame:
        """Points (rows of `points`) of a family, an ensemble or a line, in all panels."""
        return self.points[(self.points["kind"] == kind) & (self.points["family"] == slug)]

    def family(
        self,
        slug: str,
        look: Look,
        kind: str = "model",
        line: bool = True,
        larger: float = 0.0,
        markers: Mapping[str, str] | None = None,
        legend: bool = True,
    ) -> None:
        """Add one family, ensemble or line to every panel: its points, its fitted line and the line's band.

        Of an ensemble over a grid of weights only the equal-weight points are drawn; see `paths` for the rest.
        `larger` is added to the markers' size, in points; `markers` are the shapes of the single families of a line.
        """
        mine, counts = self.own(slug, kind), [0]
        style = self.style._replace(size=self.style.size + larger)
        if larger:
            style = style._replace(opacity=1.0, edge=0.5)
        with house_style():
            for shift, axes in self.panels.items():
                part = mine[mine["shift"] == shift]
                if line and len(part):
                    self._line(axes, part, look)
                if len(part):
                    through = line_points(part)
                    for member, group in through.groupby("member", sort=False):
                        shape = (markers or {}).get(str(member), look.marker)
                        self._markers(axes, group, replace(look, marker=shape), style)
                    counts.append(int(through["drawable"].sum()))
        if not legend:
            return
        label = f"{look.label}{', baseline' if slug == self.spec.baseline else ''} ({max(counts)})"
        shape = "none" if markers else look.marker
        self.handles.append(Line2D([], [], color=look.colour, marker=shape, markersize=max(style.size, 3.9) + 0.1,
                                   markeredgecolor="white", markeredgewidth=0.4, label=label, linewidth=style.line,
                                   linestyle="-" if line else DASHES))  # fmt: skip

    def _markers(self, axes: Axes, part: pd.DataFrame, look: Look, style: Any) -> None:
        """Draw points; hollow ones take no part in the line (they lie below the floor)."""
        shown = part[part["drawable"]]
        percent = {name: 100 * shown[name].to_numpy(dtype=float) for name in _PERCENT}
        if style.bars:
            draw_bars(axes, percent, look.colour, style.bars)
        below = shown["x"].to_numpy(dtype=float) < float(self.spec.options.get("floor", 0.0))
        above = 4.6 if style.opacity == 1 and self.style.above else 4
        for mask, hollow in ((~below, False), (below, True)):
            if mask.any():
                draw_markers(axes, percent["x"][mask], percent["y"][mask], look, style, hollow, above)
        keys = {name: shown[name].to_numpy() for name in _KEYS} | {"family": shown["member"].to_numpy()}
        self.record(str(part["shift"].iloc[0]), "point", **keys, **percent)

    def _line(self, axes: Axes, part: pd.DataFrame, look: Look) -> None:
        """The fitted line over the range of its points, slightly extended, with its bootstrap band."""
        options, (kind, slug, shift) = self.spec.options, (str(part[key].iloc[0]) for key in _FIT_KEY)
        fit = fit_points(part, self.experiment, self.spec.axis, float(options.get("floor", 0.0)),
                         int(options.get("resamples", 1000)), self.resample)  # fmt: skip
        line = self._stored((kind, slug, shift), fit.line)
        if not np.isfinite(line.slope):
            self.notes.append(f"{look.label} on {self.spec.name(shift)}: too few points.")
            return
        ends = np.sort(to_axis(100 * fit.x, self.spec.axis))[[0, -1]]
        pad = _EXTENSION * (ends[1] - ends[0])
        x = to_percent(np.linspace(ends[0] - pad, ends[1] + pad, _GRID), self.spec.axis)
        y, band = 100 * line.predict(x / 100), (np.full(_GRID, np.nan), np.full(_GRID, np.nan))
        if fit.resampled is not None:
            low, high = fit.resampled.band(x / 100, float(options.get("level", 0.95)))
            band = (100 * low, 100 * high)
            axes.fill_between(x, *band, color=look.colour, alpha=0.13, linewidth=0, zorder=1.5)
        else:
            self.unbanded.append(look.label)
        draw_line(axes, x, y, look.colour, self.style)
        self.record(shift, "line", family=slug, x=x, y=y, y_low=band[0], y_high=band[1])

    def _stored(self, key: tuple[str, str, str], fresh: Line) -> Line:
        """The line of the fits table, after checking that it is the line of these very points."""
        places = self._fitted.get(key, np.empty(0, dtype=np.int64))
        named = dict(zip(_FIT_KEY, key, strict=True))
        if len(places) != 1:
            raise DatalinesError(
                f"fits: {len(places)} rows for {named} on axis {self.spec.axis}; exactly one is needed"
            )
        row = self.fits.iloc[places[0]]
        same = int(row["n"]) == fresh.n and np.allclose(row["slope"], fresh.slope, rtol=1e-3, equal_nan=True)
        if not same:
            raise DatalinesError(
                f"fits: {named} has n={row['n']} and slope={row['slope']}, its records give n={fresh.n} and "
                f"slope={fresh.slope:g}; rebuild the fits, or state the experiment's floor in the figure's options"
            )
        return Line(self.spec.axis, float(row["slope"]), float(row["intercept"]), fresh.r2, fresh.n, fresh.dropped)

    def paths(self, slug: str, look: Look) -> None:
        """Add an ensemble's walk over its weights: a dashed path for each size, seed and epoch."""
        mine = self.own(slug, "ensemble")
        mine = mine[mine["drawable"]].sort_values(["size", "seed", "epoch", "weight"])
        with house_style():
            for shift, axes in self.panels.items():
                part = mine[mine["shift"] == shift]
                walks = part.groupby(["size", "seed", "epoch"], sort=False).ngroup().to_numpy()
                breaks = np.flatnonzero(np.diff(walks)) + 1  # a path ends where the next one begins
                x, y = (np.insert(100 * part[name].to_numpy(dtype=float), breaks, np.nan) for name in ("x", "y"))
                axes.plot(x, y, color=look.colour, linewidth=0.8 if self.style.bars else 0.6, linestyle=DASHES,
                          alpha=0.8 if self.style.bars else 0.45, zorder=3)  # fmt: skip
                keys = {name: part[name].to_numpy() for name in _KEYS}
                self.record(shift, "path", **keys, x=100 * part["x"], y=100 * part["y"])

    def drawing(self) -> Drawing:
        """Add the legend and hand the figure over with its table of points and its notes."""
        if self.unbanded:
            few = f"fewer than three {'runs' if self.resample == 'runs' else 'models'}"
            self.notes.append(f"No band, for {few}: {', '.join(dict.fromkeys(self.unbanded))}.")
        with house_style():
            self.cells.legend([*self.handles, Line2D([], [], label="y = x", **_EQUALITY)])
        table = tabulate(self.rows, POINT_COLUMNS)
        names = {slug: self.spec.name(slug) if slug else "" for slug in table["family"].unique()}
        return Drawing(self.cells.canvas, table.assign(label=table["family"].map(names)), self.notes)


def _count(n: pd.Series) -> str:
    low, high = int(n.min()), int(n.max())
    return f"n = {low:,} images" if low == high else f"n = {low:,} to {high:,} images"


def tabulate(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The table of what was drawn: layers, whose columns are arrays of one length or single values, one below another.

    A column that a layer lacks is empty there: a missing number, and in `family` no text.
    """
    # Of a layer without a point, arrays are empty; single values stand beside arrays of any length.
    lengths = [next((len(value) for value in row.values() if np.ndim(value)), 1) for row in rows]
    empty = {"family": ""}
    parts = {
        name: [np.broadcast_to(np.asarray(row.get(name, empty.get(name, np.nan)), dtype=object), length)
               for row, length in zip(rows, lengths, strict=True)]
        for name in columns
    }  # fmt: skip
    return pd.DataFrame({name: np.concatenate(part) for name, part in parts.items()}).infer_objects()


def line_panels(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """The plain figure: every family (and ensemble) of the records with points, line and band in every panel.

    Option `mixture` names the family that is drawn in black, to be held against the others.
    """
    panels = LinePanels(records, fits, figure)
    families, ensembles = panels.slugs("model"), panels.slugs("ensemble")
    look = {**looks(figure.titles, ensembles), **role_looks(figure, families, mixture_of(figure, families))}
    for kind, slugs in (("model", families), ("ensemble", ensembles)):
        for slug in slugs:
            panels.family(slug, look[slug], kind)
    return panels.drawing()
