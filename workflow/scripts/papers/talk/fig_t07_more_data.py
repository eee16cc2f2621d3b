"""Training on more data gives a small amount of effective robustness on ImageNet-V2. Left: the models of the robustness
testbed (Taori et al. 2020), top-1 accuracy on ImageNet against ImageNet-V2 in percent on logit axes, with the testbed's
line through the standard models, its 95 % bootstrap band and exact 99.5 % binomial intervals. Right: the same models by
their height above that line, effective robustness in percentage points; bars are 95 % intervals that join the models
behind the line and the binomial errors of both accuracies."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.published import draw_heights, drawn
from datalines.plotting.scales import percent_scale
from datalines.plotting.testbedplots import GROUP_LOOKS, TABLE, group_notes, testbed_panel
from datalines.published.baselines import baseline_of, hold
from datalines.published.options import options_of, table_named
from datalines.published.talk import shown_models


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Two panels of the table published/imagenet-testbed. Option: axis (logit, else probit or linear)."""
    options = options_of(figure.title, figure.options, {"axis": "logit"})
    rows, axis = table_named(tables, TABLE, figure.title), str(options["axis"])
    shown = shown_models(rows, "v2")
    with house_style():
        cells = Cells(2)
        left, right = cells.axes
        panel = testbed_panel(left, rows, "v2", axis)
        baseline = baseline_of(rows, "imagenet-testbed", "v2", axis=axis)
        held = hold(baseline, shown["x"], shown["y"], shown["n_x"], shown["n_y"])
        low, high = held["er_low"].min() - 0.3, held["er_high"].max() + 0.3
        percent_scale(right, axis, panel.x_limits, (40.0, 60.0))
        right.set_yscale("linear")
        right.set_ylim(low, high)
        right.axhline(0, color="#222222", linewidth=1.0, zorder=2)
        for kind, look in GROUP_LOOKS.items():
            mine = (shown["kind"] == kind).to_numpy()
            if mine.any():
                x = 100 * shown.loc[mine, "x"].to_numpy()
                draw_heights(right, x, held[mine], look)
                ends = {end: held.loc[mine, column].to_numpy() for end, column in ENDS.items()}
                panel.rows.append({"panel": "heights", "layer": "height", "group": kind, "x": x,
                                   "model": shown.loc[mine, "model"].to_numpy(), **ends})  # fmt: skip
        right.set_title("Height above the line")
        right.set_xlabel("Accuracy on ImageNet (%)")
        right.set_ylabel("Effective robustness (points)")
        cells.legend(panel.handles)
    points = drawn([panel])
    return Drawing(cells.canvas, points, group_notes(points))


ENDS = {"er": "er", "y_low": "er_low", "y_high": "er_high"}
