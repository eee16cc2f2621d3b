"""From one source to the other in steps, at a fixed number of training pairs. Panels named after a shift: every marker
is one trained model, accuracy on {reference} (horizontal) against accuracy on the shift (vertical), zero-shot top-1 in
percent on probit axes; the colour runs with the share of the first source in the training mixture. Solid lines are
least-squares fits on the transformed axes with pointwise 95 % bootstrap bands over models, thin bars exact 95 %
binomial intervals, the dashed grey line equal accuracy; numbers in parentheses count models ({points} in all; seeds:
{seeds}; scale: {scale}). Last panel: slope of the fitted line against the share of the first source, one marker shape
and line style per shift, with 95 % bootstrap intervals. The paper's Figure 4 varies YFCC from 15M to 0M out of 15M
pairs, LAION filling the rest, and finds that the line turns smoothly from the one source's to the other's on ImageNet-R
and -Sketch; the slope panel is an addition of ours."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from datalines.errors import DatalinesError
from datalines.plotting import Drawing, Figure, LinePanels, Look, house_style

SHIFT_MARKERS = ("o", "s", "^", "D", "v", "P")
SHIFT_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
COLOURS = "viridis"
DARKEST, LIGHTEST = 0.0, 0.86  # the map's last part is too light on white


def share_looks(shares: dict[str, float], figure: Figure) -> dict[str, Look]:
    """Colour by share of the first source; families in falling order of that share."""
    ramp = mpl.colormaps[COLOURS]
    order = sorted(shares, key=lambda slug: -shares[slug])
    colours = {slug: to_hex(ramp(DARKEST + (LIGHTEST - DARKEST) * (1 - shares[slug]))) for slug in order}
    return {slug: Look(colours[slug], SHIFT_MARKERS[0], figure.name(slug)) for slug in order}


def draw_slopes(panels: LinePanels, axes: Axes, shares: dict[str, float], look: dict[str, Look]) -> None:
    """Slope of each family's line against its share, a row of markers per shift, with bootstrap intervals."""
    first = [slug for slug, share in shares.items() if share == 1]
    count = len(panels.spec.shifts)
    offsets = 2.4 * ((count - 1) / 2 - np.arange(count))  # side by side, so that intervals do not overlap
    for place, shift in enumerate(panels.spec.shifts):
        rows = panels.fits[(panels.fits["shift"] == shift) & panels.fits["family"].isin(list(look))]
        rows = rows.assign(share=rows["family"].map(shares)).sort_values("share")
        x = 100 * rows["share"].to_numpy(dtype=float) + offsets[place]
        y, low, high = (rows[name].to_numpy(dtype=float) for name in ("slope", "slope_low", "slope_high"))
        marker, style = SHIFT_MARKERS[place % len(SHIFT_MARKERS)], SHIFT_LINES[place % len(SHIFT_LINES)]
        axes.plot(x, y, color="#8a8a8a", linewidth=0.8, linestyle=style, zorder=2)
        for slug, at_x, at_y, end_low, end_high in zip(rows["family"], x, y, low, high, strict=True):
            axes.plot([at_x, at_x], [end_low, end_high], color=look[slug].colour, linewidth=0.7, zorder=3)
            axes.plot(at_x, at_y, marker=marker, color=look[slug].colour, markersize=4.2, markeredgecolor="white",
                      markeredgewidth=0.4, zorder=4)  # fmt: skip
            panels.record(shift, "slope", slug, x=[100 * shares[slug]], y=[at_y], y_low=[end_low], y_high=[end_high])
        axes.plot([], [], color="#5a5a5a", marker=marker, linestyle=style, linewidth=0.8, markersize=4,
                  markeredgecolor="white", markeredgewidth=0.4, label=panels.spec.name(shift))  # fmt: skip
    axes.set_title("Slope of the line")
    axes.set_xlabel(f"Share of {panels.spec.name(first[0]) if first else 'the first source'} (%)")
    axes.set_ylabel(f"Slope on {panels.spec.axis} axes")
    axes.set_xlim(107, -7)  # the paper's order: from the first source alone to the second alone
    axes.margins(y=0.1)
    axes.legend(loc="best", fontsize=6, handlelength=2.6)


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """One panel per shift and one of slopes. Option `shares`: family slug -> share of the first source, 0 to 1."""
    shares = {str(slug): float(share) for slug, share in figure.options.get("shares", {}).items()}
    panels = LinePanels(records, fits, figure, extra=1)
    present = panels.slugs("model")
    unknown = [slug for slug in present if slug not in shares]
    if unknown:
        raise DatalinesError(
            f"figure {figure.title!r}, options.shares: state the share of {', '.join(unknown)} (0 to 1)"
        )
    look = share_looks({slug: shares[slug] for slug in present}, figure)
    for slug in look:
        panels.family(slug, look[slug])
    with house_style():
        draw_slopes(panels, panels.spare[0], shares, look)
    return panels.drawing()
