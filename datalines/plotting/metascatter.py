"""Figures of the meta-analysis of JANuS (Feuer et al. 2023): every model's accuracy against one shift or the average of
four, by what it was trained on, with the lines of some groups."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from datalines.plotting.house import EQUALITY_COLOUR, Look
from datalines.plotting.marks import DASHES, Density, draw_markers
from datalines.plotting.scales import limits, percent_scale, to_axis, to_percent
from datalines.published.meta import LABEL_SETS, groups
from datalines.robustness.lines import Line, effective_robustness, fit_line
from datalines.robustness.transforms import Array

COLUMNS = ["panel", "layer", "group", "model", "x", "y", "er", "n_x", "n_y"]
SUPERVISED = ("standard", "more-data")
PANEL = 3.4  # inches
GRID = 80  # points along a drawn line
_DOTS, _MARKS = Density(2.2, 0.0, 0.5, 0.0, 1.1, False), Density(4.6, 0.4, 1.0, 0.0, 1.1, False)
_EQUAL: dict[str, Any] = {"color": EQUALITY_COLOUR, "linewidth": 0.8, "linestyle": (0, (4, 3)), "zorder": 1}


class Group(NamedTuple):
    """How one group of models is drawn."""

    look: Look
    hollow: bool = False


GROUPS: dict[str, Group] = {
    "standard": Group(Look("#7a7a7a", "o", "CE on ImageNet-1k (1.2M)")),
    "more-data": Group(Look("#0072B2", "o", "CE on more data (14M to 1B)")),
    "vl-small": Group(Look("#E69F00", "v", "VL on fewer than 100M pairs")),
    "vl-400m": Group(Look("#D55E00", "D", "VL on 400M pairs")),
    "vl-2b": Group(Look("#882255", "P", "VL on 2B pairs")),
    "vl-imagenet": Group(Look("#D55E00", "^", "VL, also trained on ImageNet"), hollow=True),
    "lit": Group(Look("#009E73", "s", "LiT")),
    "wise-ft": Group(Look("#CC79A7", "X", "Wise-FT")),
}
"""Groups of models, in the order in which they are drawn; the first two are supervised, VL is zero-shot CLIP."""

LINE_COLOURS = {"standard": "#222222", "vl": "#B34700", "lit": "#00664B"}
ZERO_SHOT = ("vl-small", "vl-400m", "vl-2b")


def group_names(models: pd.DataFrame) -> pd.Series:
    """Which of GROUPS each model (k,) is of."""
    kind, size = groups(models), models["dataset_size"]
    names = kind.where(~kind.isin(["laion", "clip"]), "vl-400m")
    names = names.mask((names == "vl-400m") & (size < 100_000_000), "vl-small")
    names = names.mask((names == "vl-400m") & (size >= 1_000_000_000), "vl-2b")
    started = models["technique"].map({"LiT": "lit", "Wise-FT": "wise-ft"})
    return names.mask(kind == "clip-imagenet", started.fillna("vl-imagenet"))


class MetaScatter:
    """One panel: accuracy of a label set (horizontal) against a shift or average (vertical), percent on a transformed
    scale, and rows for all that is drawn."""

    def __init__(
        self, axes: Axes, models: pd.DataFrame, y: pd.Series, label_set: str, axis: str, title: str = ""
    ) -> None:
        """`y` (k,) are fractions of the rows of `models`; models without either number, and those at 0 or 1, which the
        scale has no place for, are left out, the latter counted in `at_ends`. `title` is the label set's unless given.
        """
        x = models[f"{label_set}_val"]
        inside = x.between(0, 1, "neither") & y.between(0, 1, "neither")
        self.at_ends = int((x.notna() & y.notna() & ~inside).sum())
        self.points = pd.DataFrame({"model": models["model"], "group": group_names(models), "x": x, "y": y})[inside]
        self.axes, self.label_set, self.axis, self.title = axes, label_set, axis, title or LABEL_SETS[label_set]
        self.rows: list[dict[str, Any]] = []
        self.baseline = self.line_of(["standard"])
        values = 100 * self.points[["x", "y"]].to_numpy()
        self.x_limits = limits(values[:, 0], axis, 0.05)
        self.y_limits = limits(values[:, 1], axis, 0.05)
        percent_scale(axes, axis, self.x_limits, self.y_limits)
        axes.set_box_aspect(1)
        ends = np.array([max(self.x_limits[0], self.y_limits[0]), min(self.x_limits[1], self.y_limits[1])])
        axes.plot(ends, ends, **_EQUAL)
        self.record("equality", "", x=ends, y=ends)

    def record(self, layer: str, group: str, **columns: Any) -> None:
        """Note what was drawn, in percent."""
        self.rows.append({"panel": self.title, "layer": layer, "group": group, "model": "", **columns})

    def of(self, names: Sequence[str]) -> pd.DataFrame:
        """Points of some groups: model, group, x, y (fractions)."""
        return self.points[self.points["group"].isin(names)]

    def line_of(self, names: Sequence[str]) -> Line:
        """The least-squares line of some groups on the panel's axes."""
        chosen = self.of(names)
        return fit_line(chosen["x"], chosen["y"], self.axis)

    def above(self, names: Sequence[str]) -> Array:
        """Effective robustness of some groups' models over the standard models' line, in points (k,)."""
        chosen = self.of(names)
        return effective_robustness(chosen["x"], chosen["y"], self.baseline)

    def markers(self, images: tuple[int, int] | None = None, only: Sequence[str] = tuple(GROUPS)) -> None:
        """The models of some groups; `images` are those behind x and y, where there is one number each."""
        for place, name in enumerate(only):
            group, rows = GROUPS[name], self.of([name])
            style = _DOTS if name in SUPERVISED else _MARKS
            x, y = (100 * rows[side].to_numpy(dtype=np.float64) for side in ("x", "y"))
            draw_markers(self.axes, x, y, group.look, style, group.hollow, zorder=3 + 0.1 * place)
            n_x, n_y = images or (np.nan, np.nan)
            self.record("model", name, model=rows["model"].to_numpy(), x=x, y=y, er=self.above([name]), n_x=n_x,
                        n_y=n_y)  # fmt: skip
        if images is not None:
            told = "\n".join(f"{n:,} images ({side})" for n, side in zip(images, ("x", "y"), strict=True))
            self.axes.text(0.02, 0.985, told, transform=self.axes.transAxes, va="top", fontsize=6, color="#555555")

    def line(self, names: Sequence[str], colour: str, group: str, reach: float | None = None) -> Line:
        """The line of some groups over their own range, dashed beyond it as far as x = `reach` (a fraction)."""
        line, x = self.line_of(names), self.of(names)["x"]
        parts: list[tuple[float, float, Any, str]] = [(float(x.min()), float(x.max()), "-", "line")]
        if reach is not None and reach > parts[0][1]:
            parts.append((parts[0][1], reach, DASHES, "line-beyond"))
        if reach is not None and reach < parts[0][0]:
            parts.append((reach, parts[0][0], DASHES, "line-beyond"))
        for start, end, style, layer in parts:
            at = _between(start, end, self.axis)
            y = 100 * line.predict(at / 100)
            shown = (y >= self.y_limits[0]) & (y <= self.y_limits[1])
            self.axes.plot(at[shown], y[shown], color=colour, linewidth=1.1, linestyle=style, zorder=2.6)
            self.record(layer, group, x=at[shown], y=y[shown])
        return line

    def labels(self, y_name: str) -> None:
        """Axis labels and the number of models drawn."""
        self.axes.set_title(f"{self.title}, {len(self.points)} models")
        self.axes.set_xlabel(f"Accuracy on {LABEL_SETS[self.label_set]} (%, {self.axis})")
        self.axes.set_ylabel(f"{y_name} (%, {self.axis})")


def beside_legend(width: float) -> tuple[Canvas, Axes, Axes]:
    """A figure with one square panel and, at its right, blank axes for a legend, as wide as given in inches."""
    canvas = Canvas(figsize=(PANEL + width, PANEL + 0.35), layout="constrained")
    grid = canvas.add_gridspec(1, 2, width_ratios=(PANEL, width))
    corner = canvas.add_subplot(grid[1])
    corner.set_axis_off()
    return canvas, canvas.add_subplot(grid[0]), corner


def legend_entries(names: Sequence[str], lines: Mapping[str, str]) -> list[Line2D]:
    """Legend of some groups, of lines by {label: colour}, and of y = x."""
    found = [
        Line2D([], [], linestyle="none", marker=look.marker, markersize=4.2, color=look.colour,
               markerfacecolor="none" if hollow else look.colour, markeredgecolor=look.colour, markeredgewidth=0.6,
               label=look.label)
        for look, hollow in (GROUPS[name] for name in names)
    ]  # fmt: skip
    found += [Line2D([], [], color=colour, linewidth=1.1, label=label) for label, colour in lines.items()]
    return [*found, Line2D([], [], label="y = x", **{key: _EQUAL[key] for key in ("color", "linewidth", "linestyle")})]


def remark_of_groups(panel: MetaScatter) -> str:
    """How far the groups lie above the standard models' line on average, with the number of models and their range."""
    told = []
    for name, group in GROUPS.items():
        above = panel.above([name])
        if name != "standard" and len(above):
            spread = f", {above.min():+.1f} to {above.max():+.1f}" if len(above) > 1 else ""
            told.append(f"{group.look.label} {above.mean():+.1f} (n = {len(above)}{spread})")
    line = panel.baseline
    return (
        f"{panel.title}: line of {line.n} supervised models on ImageNet-1k, {panel.axis} axes, slope "
        f"{line.slope:.3f}, intercept {line.intercept:.3f}, R² {line.r2:.3f}; points above it on average: "
        f"{'; '.join(told)}."
    )


def _between(low: float, high: float, axis: str) -> Array:
    """Percentages (GRID,) from one fraction to another, even steps on the axis."""
    ends = to_axis([100 * low, 100 * high], axis)
    return to_percent(np.linspace(float(ends[0]), float(ends[1]), GRID), axis)
