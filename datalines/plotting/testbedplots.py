"""The scatter plots of the robustness testbed (Taori et al. 2020): its groups of models, its lines and its bars."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from datalines.plotting.cells import Cells
from datalines.plotting.drawing import Drawing, PlainFigure
from datalines.plotting.house import Look, house_style
from datalines.plotting.published import Scatter, drawn, legend
from datalines.published.baselines import baseline_of
from datalines.published.options import options_of, table_named
from datalines.published.talk import own_set, shown_models, spread
from datalines.published.tidy import RESTRICTED

TABLE = "published/imagenet-testbed"
GROUP_LOOKS: dict[str, Look] = {
    "standard": Look("#0072B2", "o", "Standard training"),
    "robust": Look("#D55E00", "s", "Robustness intervention"),
    "adversarial": Look("#CC79A7", "D", "Lp adversarially robust"),
    "more-data": Look("#009E73", "^", "Trained with more data"),
}
"""The testbed's groups of models, in the order in which they are drawn."""


def testbed_panel(axes: Axes, rows: pd.DataFrame, shift: str, axis: str, adversarial: bool = False) -> Scatter:
    """The testbed's scatter plot of a shift in one panel: its groups, line and band; hollow points carry no line.

    `rows` is the testbed's tidy table; `adversarial` sets Lp adversarially robust models apart.
    """
    shown = shown_models(rows, shift, adversarial)
    panel = Scatter(axes, shift, baseline_of(rows, "imagenet-testbed", shift, own_set(shift), axis), shown)
    for kind, look in GROUP_LOOKS.items():
        mine = shown[shown["kind"] == kind]
        panel.models(mine, kind, look, hollow=(kind == "standard") & ~mine["fitted"].to_numpy())
    panel.lines()
    panel.titles(shift, own_set(shift) == RESTRICTED)
    panel.counted(shown)
    return panel


def testbed_drawing(tables: Mapping[str, pd.DataFrame], figure: PlainFigure, shift: str, adversarial: bool) -> Drawing:
    """The testbed's scatter plot of a shift as a figure of one column. Option: axis (logit)."""
    options = options_of(figure.title, figure.options, {"axis": "logit"})
    rows = table_named(tables, TABLE, figure.title)
    with house_style():
        cells = Cells(1)
        panel = testbed_panel(cells.axes[0], rows, shift, str(options["axis"]), adversarial)
        legend(cells, panel.handles)
    points = drawn([panel])
    return Drawing(cells.canvas, points, group_notes(points))


def group_notes(points: pd.DataFrame) -> list[str]:
    """How many models of every group are drawn, and how far they lie above the line."""
    own = points[points["layer"] == "point"]
    standard = own[own["group"] == "standard"]
    apart = int((~standard["fitted"].astype(bool)).sum())
    told = [f"Standard training: n = {len(standard)}, of which {apart} carry no line (hollow)."]
    for row in spread(own[own["group"] != "standard"], "group").to_dict("records"):
        told.append(
            f"{GROUP_LOOKS[row['group']].label}: n = {row['n']}, effective robustness {row['mean']:+.1f} points on "
            f"average, from {row['low']:+.1f} to {row['high']:+.1f}, above the line {100 * row['above']:.0f} %."
        )
    return told
