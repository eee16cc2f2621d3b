"""What effective robustness is: how far a model lies above the line of standard models, and so nearer to y = x, on
which a shift changes nothing. Every marker is one trained model, top-1 accuracy on the in-distribution set (horizontal)
against accuracy under the shift (vertical), in percent on axes stretched by the transform that the axis labels name.
Left: published results on real images. Grey are classifiers trained on ImageNet alone, from the robustness testbed of
Taori et al. (2020); coloured are CLIP models trained on LAION alone and evaluated zero-shot, from VL Hub (Feuer et al.,
2023). Right: this study's own models at scale {scale}, a supervised baseline family and the family trained on the
LAION source. Lines are least-squares fits on the transformed axes, dashed where they leave the range of their points;
bands are pointwise 95 % bootstrap intervals, over models on the left and over whole runs on the right (no band where
fewer than three were drawn from); bars are exact 95 % binomial intervals over n images. Hollow markers lie outside the
range in which the standard models' line is known. The arrow is the effective robustness of one model, in percentage
points. The paper's Figure 1 sketches this for one shift, which it does not name, and states neither its models nor its
axes: shift, models and axes are choices of ours."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.path import Path
from numpy.typing import NDArray

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, Look, PlainFigure, house_style, looks
from datalines.plotting.house import EQUALITY_COLOUR
from datalines.plotting.scales import limits, percent_scale, to_axis, to_percent
from datalines.robustness.families import join_points
from datalines.robustness.intervals import clopper_pearson, stable_seed
from datalines.robustness.lines import bootstrap_lines, effective_robustness, fit_line
from datalines.robustness.transforms import Array

ACCURACIES = ["x", "x_low", "x_high", "y", "y_low", "y_high"]
POINT_COLUMNS = ["panel", "layer", "family", "model", *ACCURACIES, "er", "in_range", "n_x", "n_y"]
BASELINE, FAMILY = "standard", "laion"
ROLES = {BASELINE: "Trained on ImageNet alone", FAMILY: "CLIP trained on LAION"}
PUBLISHED_SHIFTS = {"v2": "ImageNet-V2", "sketch": "ImageNet-Sketch", "r": "ImageNet-R"}
"""Shifts of both published files on which the standard models lie on one line: on ImageNet-A they need two."""
DEFAULTS: dict[str, Any] = {
    "shift": "sketch",
    "records": "records/sources",
    "reference": "reference",
    "baseline": "standard",
    "family": "laion",
    "floor": 0.0,
    "axis": "probit",
    "level": 0.95,
    "resamples": 1000,
    "arrow": None,
}
SUBSTITUTION = (
    "Substitutions: the paper names neither shift nor models, so published CLIP models of several sizes and "
    "architectures, not the paper's own, stand for those trained on LAION. The left panel shows real models on real "
    "sets, whatever stands for sources and sets on the right."
)
FULL = "full"  # the in-distribution set with all its classes: VL Hub has no other
GRID = 80  # points along a drawn line
ARROW_COLOUR = "#222222"
UPWARDS = Path([(-0.06, -1), (0.06, -1), (0.06, 0.2), (0.34, 0.2), (0, 1), (-0.34, 0.2), (-0.06, 0.2), (-0.06, -1)])
DASHES = (0, (3, 2))


@dataclass(frozen=True)
class Side:
    """One panel: its points and display names by role, baseline first, and what axes and csv call it."""

    name: str
    title: str
    points: dict[str, pd.DataFrame]
    labels: dict[str, str]
    reference: str
    shift: str
    seed: tuple[str, ...]
    floor: float = 0.0


def published_points(rows: pd.DataFrame, group: str, shift: str, level: float) -> pd.DataFrame:
    """The usable models of a group on one shift, with exact intervals; fractions. A point is a run of its own."""
    chosen = rows[(rows["group"] == group) & (rows["shift"] == shift) & (rows["x_set"] == FULL) & rows["used"]]
    if chosen.empty:
        known = ", ".join(dict.fromkeys(rows.loc[rows["group"] == group, "shift"])) or "none"
        raise DatalinesError(
            f"published/{group}.csv has no usable model of group {group} on {shift}; shifts there: {known}"
        )
    found = chosen[["model", "x", "y", "n_x", "n_y"]].assign(run=chosen["model"])
    for side in ("x", "y"):
        total = chosen[f"n_{side}"].to_numpy()
        low, high = clopper_pearson(np.round(chosen[side].to_numpy() * total), total, level)
        found[f"{side}_low"], found[f"{side}_high"] = low, high
    return found.reset_index(drop=True)


def study_points(points: pd.DataFrame, family: str, shift: str, key: str) -> pd.DataFrame:
    """The joined points of one family on one shift that an axis has room for; a run is a size and a seed."""
    chosen = points[(points["kind"] == "model") & (points["family"] == family) & (points["shift"] == shift)]
    chosen = chosen[chosen["x"].between(0, 1, "neither") & chosen["y"].between(0, 1, "neither")]
    if chosen.empty:
        raise DatalinesError(
            f"records: no model of family {family} on shift {shift} lies between 0 and 100 %; "
            f"name another one in the figure's options.{key}"
        )
    run = "size " + chosen["size"] + ", seed " + chosen["seed"].astype(str)
    chosen = chosen.rename(columns={"x_n": "n_x", "n": "n_y"})
    named = chosen[[*ACCURACIES, "n_x", "n_y"]].assign(model=run + ", epoch " + chosen["epoch"].astype(str), run=run)
    return named.reset_index(drop=True)


class Panel:
    """One panel under construction: axes in percent, and the rows of everything drawn."""

    def __init__(self, axes: Axes, side: Side, options: dict[str, Any]) -> None:
        self.axes, self.side, self.axis = axes, side, str(options["axis"])
        self.level, self.resamples = float(options["level"]), int(options["resamples"])
        self.rows: list[pd.DataFrame] = []
        baseline = side.points[BASELINE]
        held = baseline[baseline["x"] >= side.floor]
        self.line = fit_line(held["x"], held["y"], self.axis)
        if not np.isfinite(self.line.slope):
            raise DatalinesError(f"{side.name}: no line goes through {len(held)} point(s) of the baseline family")
        self.range = float(held["x"].min()), float(held["x"].max())
        values = 100 * np.concatenate([frame[["x", "y"]].to_numpy().ravel() for frame in side.points.values()])
        self.limits = limits(values, self.axis)

    def draw(self, look: dict[str, Look], arrow: str | None) -> str:
        """Everything in the panel; returns the remark on the arrow."""
        percent_scale(self.axes, self.axis, self.limits, self.limits)
        self.axes.set_box_aspect(1)
        ends = np.array(self.limits)
        self.axes.plot(ends, ends, color=EQUALITY_COLOUR, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1, label="y = x")
        self.record("equality", "", x=ends, y=ends)
        for family, points in self.side.points.items():
            self._line(family, points, look[family])
            self._markers(family, points, look[family])
        self.axes.set_title(self.side.title)
        self.axes.set_xlabel(f"Accuracy on {self.side.reference} (%, {self.axis} axis)")
        self.axes.set_ylabel(f"Accuracy on {self.side.shift} (%, {self.axis} axis)")
        remark = self._arrow(arrow)
        self.axes.legend(loc="upper left", fontsize=6.3, borderaxespad=0.2, handlelength=1.6)
        told = "\n".join(f"{_counts(self.side, side)} images ({side})" for side in ("x", "y"))
        self.axes.text(0.985, 0.015, told, transform=self.axes.transAxes, ha="right", fontsize=6, color="#666666")
        return remark

    def record(self, layer: str, family: str, **columns: Any) -> None:
        """Note what was drawn, in percent."""
        frame = pd.DataFrame(columns).assign(panel=self.side.name, layer=layer, family=family)
        self.rows.append(frame.reindex(columns=POINT_COLUMNS))

    def _inside(self, points: pd.DataFrame) -> NDArray[np.bool_]:
        return points["x"].between(*self.range).to_numpy()

    def _line(self, family: str, points: pd.DataFrame, look: Look) -> None:
        """The fitted line with its band over its points; the baseline's goes on, dashed, as far as the family's."""
        held = points[points["x"] >= self.side.floor]
        line = self.line if family == BASELINE else fit_line(held["x"], held["y"], self.axis)
        if not np.isfinite(line.slope):
            return
        seed = stable_seed(*self.side.seed, family, self.axis)
        resampled = bootstrap_lines(held["x"], held["y"], self.axis, resamples=self.resamples, seed=seed,
                                    clusters=held["run"].tolist())  # fmt: skip
        own = float(held["x"].min()), float(held["x"].max())
        x = _between(*own, self.axis)
        if resampled is not None:
            low, high = (100 * end for end in resampled.band(x, self.level))
            self.axes.fill_between(100 * x, low, high, color=look.colour, alpha=0.15, linewidth=0, zorder=1.5)
        else:
            low = high = np.full(GRID, np.nan)
        y = line.predict(x)
        self.axes.plot(100 * x, 100 * y, color=look.colour, zorder=2.5)
        self.record("line", family, x=100 * x, y=100 * y, y_low=low, y_high=high)
        theirs = self.side.points[FAMILY]["x"]
        for start, end in ((float(theirs.min()), own[0]), (own[1], float(theirs.max()))):
            if family == BASELINE and start < end:
                beyond = _between(start, end, self.axis)
                self.axes.plot(100 * beyond, 100 * line.predict(beyond), color=look.colour, linewidth=0.9,
                               linestyle=DASHES, zorder=2.4)  # fmt: skip
                self.record("line-beyond", family, x=100 * beyond, y=100 * line.predict(beyond))

    def _markers(self, family: str, points: pd.DataFrame, look: Look) -> None:
        percent = {name: 100 * points[name].to_numpy(dtype=float) for name in ACCURACIES}
        bars = [[percent[end] - percent[f"{end}_low"], percent[f"{end}_high"] - percent[end]] for end in ("x", "y")]
        self.axes.errorbar(percent["x"], percent["y"], xerr=bars[0], yerr=bars[1], fmt="none", ecolor=look.colour,
                           elinewidth=0.5, alpha=0.45, zorder=3)  # fmt: skip
        inside = self._inside(points) if family != BASELINE else points["x"].to_numpy() >= self.side.floor
        shown: dict[str, Any] = {
            "linestyle": "none",
            "marker": look.marker,
            "markersize": 3.0 if family == BASELINE else 4.2,
        }
        for mask, face, edge in ((inside, look.colour, "white"), (~inside, "white", look.colour)):
            self.axes.plot(percent["x"][mask], percent["y"][mask], markerfacecolor=face, markeredgecolor=edge,
                           markeredgewidth=0.4 if edge == "white" else 0.8, zorder=4, **shown)  # fmt: skip
        label = f"{self.side.labels[family]} ({len(points)})"
        self.axes.plot([], [], color=look.colour, markeredgecolor="white", markeredgewidth=0.4, label=label,
                       **shown | {"linestyle": "-"})  # fmt: skip
        above = effective_robustness(points["x"], points["y"], self.line)
        named = {name: points[name].to_numpy() for name in ("model", "n_x", "n_y")}
        self.record("point", family, **percent, **named, er=above, in_range=inside)

    def _arrow(self, model: str | None) -> str:
        """An arrow from the baseline's line up to one model: the named one, or the best within the line's range."""
        points = self.side.points[FAMILY]
        inside = points[self._inside(points)]
        chosen = points[points["model"] == model] if model else (points if inside.empty else inside).nlargest(1, "x")
        if chosen.empty:
            raise DatalinesError(f"options.arrow: {model!r} is not drawn; write one of {', '.join(points['model'])}")
        row = chosen.iloc[0]
        x, foot, tip = 100 * float(row["x"]), 100 * float(self.line.predict(row["x"])), 100 * float(row["y"])
        self.axes.annotate("", (x, tip), (x, foot), zorder=5, arrowprops={
            "arrowstyle": "-|>", "color": ARROW_COLOUR, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 2.5,
            "mutation_scale": 7})  # fmt: skip
        self.axes.plot([], [], color=ARROW_COLOUR, marker=UPWARDS, markersize=9, markeredgewidth=0, linestyle="none",
                       label=f"effective robustness: {tip - foot:+.1f} points")  # fmt: skip
        self.record("arrow", FAMILY, x=[x, x], y=[foot, tip], model=row["model"], er=tip - foot)
        beyond = "" if row["x"] in inside["x"].to_numpy() else ", outside the range in which that line is known"
        return (
            f"{self.side.title}: {row['model']} lies {tip - foot:+.1f} points from the line of standard models{beyond}."
        )


def _counts(side: Side, end: str) -> str:
    counts = sorted({int(n) for frame in side.points.values() for n in frame[f"n_{end}"]})
    return f"n = {counts[0]:,}" if len(counts) == 1 else f"n = {counts[0]:,} to {counts[-1]:,}"


def _between(low: float, high: float, axis: str) -> Array:
    """Fractions (GRID,) from low to high, even steps on the axis."""
    start, end = to_axis([100 * low, 100 * high], axis)
    return to_percent(np.linspace(float(start), float(end), GRID), axis) / 100


def sides(tables: dict[str, pd.DataFrame], figure: PlainFigure, options: dict[str, Any]) -> list[Side]:
    """The panel of published results and that of the study's records."""
    shift, reference = str(options["shift"]), str(options["reference"])
    for name in ("published/standard", "published/laion", str(options["records"])):
        if name not in tables:
            raise DatalinesError(f"figure {figure.title!r}: list {name} among the figure's tables")
    if shift not in PUBLISHED_SHIFTS:
        known = ", ".join(PUBLISHED_SHIFTS)
        raise DatalinesError(f"figure {figure.title!r}, options.shift: {shift!r} is not among {known}")
    published = {role: published_points(tables[f"published/{role}"], role, shift, options["level"]) for role in ROLES}
    left = Side("published", "Published results", published, ROLES, "ImageNet", PUBLISHED_SHIFTS[shift],
                ("published", shift))  # fmt: skip
    records = tables[str(options["records"])]
    joined = join_points(records, reference)
    slugs = {BASELINE: str(options["baseline"]), FAMILY: str(options["family"])}
    keys = {BASELINE: "baseline", FAMILY: "family"}
    own = {role: study_points(joined, slug, shift, keys[role]) for role, slug in slugs.items()}
    labels = {role: figure.name(slug) for role, slug in slugs.items()}
    seed = (str(records["experiment"].iloc[0]), shift)
    right = Side("study", "This study", own, labels, figure.name(reference), figure.name(shift), seed,
                 float(options["floor"]))  # fmt: skip
    return [left, right]


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Published results beside the study's own.

    Options, with defaults in DEFAULTS: shift (one that both have), records (a table), reference, baseline and family
    (slugs of the records), floor (the experiment's, on the reference), axis, level, resamples, and arrow (a published
    model; otherwise the best one within the range of the standard models).
    """
    options = DEFAULTS | figure.options
    unknown = sorted(set(options) - set(DEFAULTS))
    if unknown:
        raise DatalinesError(
            f"figure {figure.title!r}, options: {', '.join(unknown)} unknown; there are {', '.join(DEFAULTS)}"
        )
    own = looks(figure.titles, [options["baseline"], options["family"]], options["baseline"])
    look = {BASELINE: own[options["baseline"]], FAMILY: own[options["family"]]}
    rows, notes = [], []
    with house_style():
        canvas = Canvas(figsize=(6.6, 3.55), layout="constrained")
        both = sides(tables, figure, options)
        for place, side in enumerate(both):
            panel = Panel(canvas.add_subplot(1, 2, place + 1), side, options)
            notes.append(panel.draw(look, options["arrow"] if side.name == "published" else None))
            rows += panel.rows
    names = both[0].points[FAMILY].sort_values("x")["model"]
    notes.append(f"Published models trained on LAION, from left to right: {', '.join(names)}.")
    if options["shift"] == "r":
        notes.append("Published accuracies on ImageNet are over all its classes, of which ImageNet-R has 200.")
    notes.append(SUBSTITUTION)
    return Drawing(canvas, pd.concat(rows, ignore_index=True), notes)
