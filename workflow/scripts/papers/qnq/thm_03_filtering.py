"""Theorem 3: keeping the pairs that agree with a pretrained model moves the slope towards that model's, in simulation.
Left: slope after filtering against the share of pairs that the filter keeps, for a source with slope 0.4 and a
pretrained model with slope 0.9 (dashed). A filter keeps a pair with a probability that does not fall with its
agreement: a hard threshold, a sigmoid half a standard deviation wide, or a line clipped at 0 and 1. Curves join the
closed form at the shares shown, markers are Monte Carlo with 95 % intervals. Right: position of the slope after
filtering between the unfiltered (0) and the pretrained one (1), as the share of random settings whose position is at
most so large; solid where source and pretrained model are on the same side of chance on the in-distribution set, dashed
where they are not, which the paper does not exclude and where filtering moves the slope away. The paper's Theorem 3 has
no figure."""

import pandas as pd
from matplotlib.axes import Axes

from datalines.plotting.drawing import Drawing, PlainFigure
from datalines.plotting.house import EQUALITY_COLOUR, PALETTE, house_style
from datalines.plotting.theory import DASHES, Sheet, label_panels, of_kind, table

FILTERS = {"threshold": ("threshold", "o"), "sigmoid": ("sigmoid", "s"), "linear": ("linear, clipped", "^")}
VIEW = (-0.6, 1.2)  # positions shown


def draw_curves(sheet: Sheet, axes: Axes, rows: pd.DataFrame) -> None:
    """Slope by share kept, between the unfiltered and the pretrained one."""
    for name, column in (("all pairs", "slope_unfiltered"), ("pretrained", "slope_pretrained")):
        slope = float(rows[column].iloc[0])
        axes.axhline(slope, color=EQUALITY_COLOUR, linewidth=0.7, linestyle=DASHES, zorder=1)
        axes.text(1.5, slope, name, va="bottom", fontsize=6.5, color="#5a5a5a")
        sheet.record("kept", "end", name, x=[0.0, 100.0], y=[slope, slope])
    for colour, (slug, (label, marker)) in zip(PALETTE, FILTERS.items(), strict=False):
        part = rows[rows["filter"] == slug].sort_values("kept")
        sheet.curve(axes, "kept", label, 100 * part["kept"], part["slope_filtered"], color=colour)
        at = {"x": 100 * part["kept"], "y": part["slope_mc"], "n": part["models"]}
        at |= {"y_low": at["y"] - 1.96 * part["slope_mc_se"], "y_high": at["y"] + 1.96 * part["slope_mc_se"]}
        sheet.points(axes, "kept", f"{label}, Monte Carlo", at, colour, marker)
        sheet.key(label, colour, marker=marker, markersize=4)
    low, high = float(rows["slope_unfiltered"].iloc[0]), float(rows["slope_pretrained"].iloc[0])
    axes.set(xlim=(0, 100), ylim=(low - 0.1 * (high - low), high + 0.1 * (high - low)))
    axes.set(xlabel="Share of pairs kept (%)", ylabel="Slope on probit axes")
    count, pairs = int(rows["models"].min()), int(rows["n"].iloc[0])
    axes.text(0.98, 0.02, f"n = {count} models of {pairs} pairs a marker", transform=axes.transAxes, ha="right",
              va="bottom", fontsize=6, color="#666666")  # fmt: skip


def draw_positions(sheet: Sheet, axes: Axes, rows: pd.DataFrame) -> None:
    """Where the slope after filtering lies, over random settings."""
    axes.axvspan(0, 1, color="#f0f0f0", linewidth=0, zorder=0)
    met = rows["condition"].astype(bool)
    for colour, (slug, (label, _)) in zip(PALETTE, FILTERS.items(), strict=False):
        for mask, style, series in ((met, "-", label), (~met, DASHES, f"{label}, opposite sides")):
            values = rows.loc[mask & (rows["filter"] == slug), "position"]
            if len(values):
                sheet.shares(axes, "position", series, values, color=colour, linestyle=style, zorder=3)
    axes.set(xlim=VIEW, ylim=(0, 100), xlabel="Position between unfiltered and pretrained",
             ylabel="Share of settings (%)")  # fmt: skip
    counts = [int((mask & (rows["filter"] == next(iter(FILTERS)))).sum()) for mask in (met, ~met)]
    sheet.key(f"same side of chance ({counts[0]} each)", "#444444")
    sheet.key(f"opposite sides ({counts[1]} each)", "#444444", linestyle=DASHES)


def told(rows: pd.DataFrame) -> list[str]:
    """Counts of settings per filter, and of what fails."""
    met = rows[rows["condition"].astype(bool)]
    notes = []
    for slug, (label, _) in FILTERS.items():
        part = met[met["filter"] == slug]
        notes.append(
            f"{label.capitalize()}: {int(part['towards'].astype(bool).sum())} of {len(part)} slopes lie between "
            "unfiltered and pretrained; by Monte Carlo at most "
            f"{part['score_outside'].max():.1f} standard errors outside."
        )
    other = rows[~rows["condition"].astype(bool)]
    cases, broken = int(met["literal_cases"].sum()), int(met["literal_violations"].sum())
    away = int(other["towards"].astype(bool).sum())
    return [
        *notes,
        f"On opposite sides of chance: {away} of {len(other)} settings, each with a filter.",
        "Read with a random unfiltered model in place of its mean, as the theorem is written, the statement fails in "
        f"{broken:,} of {cases:,} draws that meet its condition.",
    ]


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Table theory/filtering."""
    rows = table(tables, "theory/filtering", figure)
    settings = of_kind(rows, "setting")
    with house_style():
        sheet = Sheet(2)
        draw_curves(sheet, sheet.axes[0], of_kind(rows, "curve"))
        draw_positions(sheet, sheet.axes[1], settings)
        label_panels(sheet.axes, ["Slope by share kept", "Position of the slope"])
    sheet.notes += told(settings)
    return sheet.drawing()
