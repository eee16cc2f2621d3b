"""Theorem 2: the slope of a mixture lies between those of its sources, in simulation. Left: slope against the share of
the first source, for two sources with slopes 0.4 and 0.9 and three ratios of their projections on the first test set
(how long each source's mean is along the direction that decides accuracy there). Curves are the closed form, markers
Monte Carlo with 95 % intervals. With ratio 1 the slope moves in proportion to the share; otherwise the source with the
longer projection pulls more than its share. Right: position of the mixed slope between the first source's (0) and the
second's (1), as the share of random settings (test sets, sources, sizes, signal-to-noise ratios) whose position is at
most so large. Solid: settings in which the projections of both sources have one sign, as where both give models above
chance; all lie between. Dashed: settings that break this condition, which the paper does not state; none lies between.
Dotted: Monte Carlo of the former, where its error is below a tenth of the distance between the sources' slopes. The
paper's Theorem 2 has no figure."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from datalines.plotting.drawing import Drawing, PlainFigure
from datalines.plotting.house import EQUALITY_COLOUR, PALETTE, house_style
from datalines.plotting.theory import DASHES, DOTS, Sheet, label_panels, of_kind, table
from datalines.theory.mixing import slope_weight

MARKERS = ("o", "s", "^", "D", "v")
VIEW = (-1.5, 2.5)  # positions shown
SETTLED = 0.1  # largest standard error of a position that is shown


def draw_curves(sheet: Sheet, axes: Axes, rows: pd.DataFrame) -> None:
    """Slope by share for several ratios of projections."""
    share = np.linspace(0, 1, 101)
    for place, (ratio, part) in enumerate(rows.groupby("projection_ratio", sort=True)):
        first, second = part["slope_1"].iloc[0], part["slope_2"].iloc[0]
        weight = slope_weight(share, float(str(ratio)))
        colour, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
        sheet.curve(
            axes, "share", f"ratio {ratio:g}", 100 * share, weight * first + (1 - weight) * second, color=colour
        )
        at = {"x": 100 * part["share"], "y": part["slope_mc"], "n": part["models"]}
        at |= {"y_low": at["y"] - 1.96 * part["slope_mc_se"], "y_high": at["y"] + 1.96 * part["slope_mc_se"]}
        sheet.points(axes, "share", f"ratio {ratio:g}, Monte Carlo", at, colour, marker)
        sheet.key(f"ratio {ratio:g}", colour, marker=marker, markersize=4)
    for name, slope in (("first", rows["slope_1"].iloc[0]), ("second", rows["slope_2"].iloc[0])):
        axes.axhline(slope, color=EQUALITY_COLOUR, linewidth=0.7, linestyle=DASHES, zorder=1)
        sheet.record("share", "end", f"{name} source", x=[0.0, 100.0], y=[slope, slope])
    axes.set(xlabel="Share of the first source (%)", ylabel="Slope on probit axes", xlim=(105, -5))
    axes.text(0.98, 0.03, f"n = {int(part['models'].iloc[0])} models a marker", transform=axes.transAxes, ha="right",
              va="bottom", fontsize=6, color="#666666")  # fmt: skip


def draw_positions(sheet: Sheet, axes: Axes, rows: pd.DataFrame) -> None:
    """Where the mixed slope lies between the sources' slopes, over random settings."""
    met = rows["condition"].astype(bool)
    axes.axvspan(0, 1, color="#f0f0f0", linewidth=0, zorder=0)
    settled = rows[met & (rows["position_mc_se"] < SETTLED)]
    for series, values, colour, style in (
        ("one sign", rows.loc[met, "position"], PALETTE[3], "-"),
        ("one sign, Monte Carlo", settled["position_mc"], PALETTE[6], DOTS),
        ("opposite signs", rows.loc[~met, "position"], "#222222", DASHES),
    ):
        if len(values):
            sheet.shares(axes, "position", series, values, color=colour, linestyle=style, zorder=3)
            sheet.key(f"{series} ({len(values):,})", colour, linestyle=style)
    axes.set(xlim=VIEW, ylim=(0, 100), xlabel="Position between the sources' slopes", ylabel="Share of settings (%)")


def told(rows: pd.DataFrame) -> list[str]:
    """Counts of settings inside and outside, and the checks beside them."""
    met = rows["condition"].astype(bool)
    inside, between = rows[met], rows["between"].astype(bool)
    broken = inside.loc[~between[met], "setting"].astype(int).tolist()
    listed = f": settings {', '.join(map(str, broken))}" if broken else ""
    noise = (rows["noise"] ** 2).sum()
    factors = [float(np.sqrt(noise / (rows[name] ** 2).sum())) for name in ("noise_normalised", "noise_printed")]
    return [
        f"Condition met: {len(inside) - len(broken):,} of {len(inside):,} mixed slopes lie between{listed}; by Monte "
        f"Carlo at most {inside['score_outside'].max():.1f} standard errors outside. Condition broken: "
        f"{int(between[~met].sum())} of {int((~met).sum()):,} lie between.",
        "The model of joined data and the mixed outputs of both models differ by less than "
        f"{max(rows['output_gap'].max(), 1e-12):g} probits.",
        f"Noise of the mixed model on drawn pairs: {factors[0]:.3f} of what Assumption 3 gives with its "
        f"signal-to-noise ratio corrected, {factors[1]:.3f} of what it gives as printed.",
    ]


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Table theory/mixing."""
    rows = table(tables, "theory/mixing", figure)
    settings = of_kind(rows, "setting")
    with house_style():
        sheet = Sheet(2)
        draw_curves(sheet, sheet.axes[0], of_kind(rows, "curve"))
        draw_positions(sheet, sheet.axes[1], settings)
        label_panels(sheet.axes, ["Slope by share", "Position of the mixed slope"])
    sheet.notes += told(settings)
    return sheet.drawing()
