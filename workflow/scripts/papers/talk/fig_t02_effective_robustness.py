"""A hypothetical robustness intervention, drawn over real models. Accuracy in distribution says how accurate a model is
to be expected under a shift: the line goes through the models that the robustness testbed (Taori et al. 2020) trained
on ImageNet alone, top-1 accuracy on ImageNet against ImageNet-V2 in percent on logit axes (least squares; its band is
the testbed's 95 % bootstrap over models). The star is no model but an example: an intervention is effectively robust
where it lies above the line, and the length of the arrow is its effective robustness in percentage points. Nothing
robust to every shift would lie anywhere but on y = x. The talk draws both slides as sketches without numbers."""

import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.published import Scatter, drawn, legend
from datalines.plotting.testbedplots import GROUP_LOOKS, TABLE
from datalines.published.baselines import baseline_of
from datalines.published.options import options_of, table_named
from datalines.published.talk import shown_models

STAR = Look("#D55E00", "*", "Hypothetical model")
ARROW = "#222222"


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of the standard models of published/imagenet-testbed.

    Options: axis (logit), and x and y, the accuracies of the hypothetical model as fractions (0.70, 0.68).
    """
    options = options_of(figure.title, figure.options, {"axis": "logit", "x": 0.70, "y": 0.68})
    rows = table_named(tables, TABLE, figure.title)
    shown = shown_models(rows, "v2")
    shown = shown[shown["fitted"]]
    with house_style():
        cells = Cells(1)
        axes = cells.axes[0]
        panel = Scatter(axes, "v2", baseline_of(rows, "imagenet-testbed", "v2", axis=str(options["axis"])), shown)
        panel.models(shown, "standard", GROUP_LOOKS["standard"])
        panel.lines(label="Expected accuracy")
        x, y = 100 * float(options["x"]), 100 * float(options["y"])
        foot = 100 * float(panel.baseline.predict([x / 100])[0])
        axes.annotate("", (x, y), (x, foot), zorder=5, arrowprops={
            "arrowstyle": "-|>", "color": ARROW, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 3, "mutation_scale": 8,
        })  # fmt: skip
        axes.plot([x], [y], linestyle="none", marker=STAR.marker, markersize=9, color=STAR.colour, zorder=6)
        middle = foot + 0.45 * (y - foot)
        axes.annotate("effective\nrobustness", (x, middle), (-5, 0), textcoords="offset points", ha="right",
                      va="center", fontsize=7, color=ARROW)  # fmt: skip
        axes.annotate("hypothetical", (x, y), (7, -2), textcoords="offset points", ha="left", fontsize=7,
                      color=STAR.colour)  # fmt: skip
        panel.record("hypothetical", x=[x], y=[y], er=[y - foot])
        panel.record("arrow", x=[x, x], y=[foot, y])
        panel.titles("v2")
        panel.counted(shown)
        legend(cells, panel.handles)
    note = (
        f"The hypothetical model is at {x:g} % on ImageNet and {y:g} % on ImageNet-V2; the line expects {foot:.1f} % "
        f"there, so its effective robustness is {y - foot:+.1f} points. n = {len(shown)} standard models."
    )
    return Drawing(cells.canvas, drawn([panel]), [note])
