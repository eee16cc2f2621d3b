"""Theorem 1: one line for all training set sizes, algorithms and laws of noise, in simulation. Left: accuracy of linear
models on two test sets, in percent on probit axes; colours are two training distributions, markers are kinds of models:
with Gaussian, binary, uniform or skewed (exponential) noise around the source's mean as Assumption 2 says, and trained
on drawn pairs (mean of all, mean of half of them, least squares); crosses are models whose accuracy is that on drawn
test examples with noise of other laws. Lines have the slope of the theorem and pass through chance at 50 %, nothing is
fitted; dashed is equal accuracy. Middle: mean probit accuracy on the first test set against ρα/ξ, the signal of the
training data over the noise of the algorithm (ρ: root of the signal-to-noise ratio, α² = n/d, ξ: noise of the
algorithm), with 95 % intervals. Solid is the limit derived here, dashed the one in the paper's equation 1, which leaves
the signal out of the norm of the trained model and so exceeds what unlimited pairs of the source give (dotted); slopes
do not differ. Right: distance of single models from their line (root mean square, in probits) against n at fixed n/d,
for models of the first source, with 95 % intervals; lines are the closed form, which falls as 1/√n with no factor that
grows with n/d. The paper's Theorem 1 has no figure."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from datalines.plotting.drawing import Drawing, PlainFigure
from datalines.plotting.house import EQUALITY_COLOUR, PALETTE, house_style
from datalines.plotting.scales import limits, percent_scale, to_axis, to_percent
from datalines.plotting.theory import DASHES, DOTS, MARGIN_COLOUR, Sheet, label_panels, of_kind, plain_ticks, table

KINDS = {
    "gaussian": ("Gaussian noise", "o"),
    "rademacher": ("binary noise", "s"),
    "uniform": ("uniform noise", "^"),
    "exponential": ("skewed noise", "D"),
    "average": ("mean of pairs", "v"),
    "half": ("mean of half", "<"),
    "least-squares": ("least squares", "X"),
}
ALPHA_MARKERS = ("o", "s", "^", "D", "v")


def draw_pairs(sheet: Sheet, axes: Axes, rows: pd.DataFrame) -> None:
    """Accuracy pairs of single models, and each source's line: the formula's slope through chance."""
    models, lines = of_kind(rows, "model"), of_kind(rows, "line")
    pairs = 100 * models[["accuracy_1", "accuracy_2"]].to_numpy()
    inside = pairs[((pairs > 0) & (pairs < 100)).all(axis=1)]
    spans = [limits(inside[:, side], "probit", 0.04) for side in (0, 1)]
    percent_scale(axes, "probit", *spans)
    ends = np.array([max(span[0] for span in spans), min(span[1] for span in spans)])
    sheet.curve(axes, "pairs", "equality", ends, ends, color=EQUALITY_COLOUR, linewidth=0.7, linestyle=DASHES, zorder=1)
    x = np.linspace(*spans[0], 60)
    for colour, (source, part) in zip(PALETTE, models.groupby("source", sort=True), strict=False):
        for (algorithm, law), kind in part.groupby(["algorithm", "test_law"], sort=False):
            at = 100 * kind[["accuracy_1", "accuracy_2"]].to_numpy().T
            sampled = law != "gaussian"
            style: dict[str, Any] = {"marker": "+", "alpha": 0.3}
            if not sampled:
                style = {"marker": KINDS[str(algorithm)][1], "alpha": 0.7}
            axes.plot(*at, linestyle="none", color=colour, markersize=2.7, markeredgewidth=0.4 if sampled else 0.0,
                      zorder=3 - sampled / 2, **style)  # fmt: skip
            sheet.record("pairs", f"{algorithm}, tested with {law} noise", str(source), x=at[0], y=at[1], n=1)
        slope = float(lines.loc[lines["source"] == source, "slope_formula"].iloc[0])
        y = to_percent(slope * to_axis(x, "probit"), "probit")
        axes.plot(x, y, color="white", linewidth=2.2, alpha=0.8, zorder=4.4)  # a casing, so that markers do not hide it
        sheet.curve(axes, "pairs", str(source), x, y, color=colour, zorder=4.5)
        sheet.key(f"source {source}, slope {slope:.2f}", colour)
    for label, marker in KINDS.values():
        sheet.key(label, MARGIN_COLOUR, marker=marker, linestyle="none", markersize=3, markeredgewidth=0)
    sheet.key("tested on samples", MARGIN_COLOUR, marker="+", linestyle="none", markersize=4)
    axes.set(xlabel="Accuracy on the first test set (%)", ylabel="Accuracy on the second test set (%)")
    axes.text(0.98, 0.03, f"n = {len(models):,} models", transform=axes.transAxes, ha="right", va="bottom", fontsize=6,
              color="#666666")  # fmt: skip


def draw_limits(sheet: Sheet, axes: Axes, rows: pd.DataFrame) -> None:
    """Mean probit accuracy on the first test set against the strength of the training signal, with both limits."""
    groups = of_kind(rows, "group").query("test_law == 'gaussian'").dropna(subset="xi")
    groups = groups.assign(strength=np.sqrt((groups["printed_1"] / groups["exact_1"]) ** 2 - 1))
    x = np.geomspace(0.8 * groups["strength"].min(), 1.25 * groups["strength"].max(), 80)
    top = 1.12 * groups["exact_1"].max()
    for colour, (source, part) in zip(PALETTE, groups.groupby("source", sort=True), strict=False):
        best = float((part["printed_1"] / part["strength"]).iloc[0])
        sheet.curve(axes, "limit", f"{source}, derived", x, best * x / np.hypot(1, x), color=colour)
        sheet.curve(axes, "limit", f"{source}, printed", x, best * x, color=colour, linestyle=DASHES, linewidth=0.9)
        sheet.curve(axes, "limit", f"{source}, reach", x[[0, -1]], [best, best], color=colour, linestyle=DOTS,
                    linewidth=0.9)  # fmt: skip
        top = max(top, 1.12 * best)
        for algorithm, kind in part.groupby("algorithm", sort=False):
            at = {"x": kind["strength"], "y": kind["probit_1"], "n": kind["models"]}
            at |= {"y_low": at["y"] - 1.96 * kind["se_1"], "y_high": at["y"] + 1.96 * kind["se_1"]}
            sheet.points(axes, "limit", f"{source}, {algorithm}", at, colour, KINDS[str(algorithm)][1], 3)
    axes.set(xscale="log", xlim=(x[0], x[-1]), ylim=(0, top), xlabel="Signal over noise, ρα/ξ",
             ylabel="Probit accuracy on the first set")  # fmt: skip
    plain_ticks(axes.xaxis, [0.25, 0.5, 1, 2, 4])
    dashes: dict[str, Any] = {"limit, derived": "-", "as printed": DASHES, "reach of any n": DOTS}
    for label, dash in dashes.items():
        axes.plot([], [], color=MARGIN_COLOUR, linewidth=0.9, linestyle=dash, label=label)
    axes.legend(loc="lower right", fontsize=6)


def draw_deviations(sheet: Sheet, axes: Axes, rows: pd.DataFrame) -> None:
    """RMS distance from the line against n: colours are ξ, markers α; all laws of noise have the same closed form."""
    sizes, rates = of_kind(rows, "size"), of_kind(rows, "rate")
    colours = dict(zip(sorted(sizes["xi"].unique()), PALETTE[2:], strict=False))
    markers = dict(zip(sorted(sizes["alpha"].unique()), ALPHA_MARKERS, strict=False))
    for (xi, alpha), part in sizes.groupby(["xi", "alpha"], sort=True):
        line = part.drop_duplicates("n").sort_values("n")
        sheet.curve(axes, "deviation", f"ξ {xi:g}, α {alpha:g}", line["n"], line["rms_formula"], color=colours[xi],
                    linewidth=0.8)  # fmt: skip
        for law, kind in part.groupby("law", sort=False):
            at = {"x": kind["n"], "y": kind["rms"], "y_low": kind["rms_low"], "y_high": kind["rms_high"]}
            series = f"ξ {xi:g}, α {alpha:g}, {law}"
            sheet.points(axes, "deviation", series, at | {"n": kind["models"]}, colours[xi], markers[alpha], 3)
    axes.set(xscale="log", yscale="log", xlabel="Training pairs n", ylabel="RMS distance from the line (probits)")
    low, high = sizes["rms"].min(), sizes["rms"].max()
    plain_ticks(axes.xaxis, [10.0**power for power in range(1, 7) if 10.0**power < sizes["n"].max()])
    plain_ticks(
        axes.yaxis, [tick for tick in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1) if 0.8 * low < tick < 1.25 * high]
    )
    axes.set_ylim(0.4 * low, 1.7 * high)  # room for the legend and for the exponent
    pooled = rates[rates["law"] == "all"].iloc[0]
    axes.text(0.97, 0.97, f"exponent {pooled['rate']:.3f}\n[{pooled['rate_low']:.3f}, {pooled['rate_high']:.3f}]",
              transform=axes.transAxes, ha="right", va="top", fontsize=6.5)  # fmt: skip
    for xi, colour in colours.items():
        axes.plot([], [], color=colour, label=f"ξ = {xi:g}")
    for alpha, marker in markers.items():
        axes.plot([], [], color=MARGIN_COLOUR, marker=marker, linestyle="none", markersize=3, label=f"α = {alpha:g}")
    axes.legend(loc="lower left", fontsize=6, ncols=2, columnspacing=0.8, handletextpad=0.4, borderaxespad=0.1)


def told(models: pd.DataFrame, deviation: pd.DataFrame) -> list[str]:
    """Fitted slopes beside the formula's, and the rate."""
    lines = of_kind(models, "line").query("algorithm == 'all' and test_law == 'gaussian'")
    notes = [
        f"Source {row.source}: fitted slope {row.slope:.3f} [{row.slope_low:.3f}, {row.slope_high:.3f}] against "
        f"{row.slope_formula:.3f}, n = {row.models} models."
        for row in lines.itertuples()
    ]
    pooled = of_kind(deviation, "rate").query("law == 'all'").iloc[0]
    rate = f"{pooled['rate']:.3f} [{pooled['rate_low']:.3f}, {pooled['rate_high']:.3f}]"
    return [*notes, f"Distance from the line falls as n to the power {rate}, n = {int(pooled['models']):,} models."]


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Tables theory/universality and theory/deviation."""
    models = table(tables, "theory/universality", figure)
    deviation = table(tables, "theory/deviation", figure)
    with house_style():
        sheet = Sheet(3, ratio=1.0)
        draw_pairs(sheet, sheet.axes[0], models)
        draw_limits(sheet, sheet.axes[1], models)
        draw_deviations(sheet, sheet.axes[2], deviation)
        label_panels(sheet.axes, ["One line per source", "How far along the line", "Distance from the line"])
    sheet.notes += told(models, deviation)
    return sheet.drawing()
