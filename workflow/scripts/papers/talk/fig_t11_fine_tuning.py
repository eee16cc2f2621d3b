"""Fine-tuning reduces robustness. CLIP ViT-L-14, trained on OpenAI's 400 million pairs: zero-shot, fine-tuned on
ImageNet, fine-tuned on CC-12M and ImageNet, and with the weights of the zero-shot and the fine-tuned model averaged
(Wise-FT); and the same network trained as CLIP on ImageNet alone. Top-1 accuracy on ImageNet against the plain mean of
the accuracies on ImageNet-V2, -Sketch, -R and -A, in percent on logit axes, from VL Hub (Feuer et al. 2023). Grey are
VL Hub's models trained on ImageNet alone, with the average that the four sets' own lines expect (ImageNet-A has two,
which bend the curve) and its 95 % bootstrap over models. Arrows lead from the zero-shot model to what was made of it;
numbers are effective robustness, the height above the curve in percentage points. In the file the Wise-FT row is above
its V2 on Sketch, as no plain model is: columns of that row seem to have changed places, so it is hollow, and only its
mean over the four, which does not depend on their order, is shown."""

import numpy as np
import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.published import Scatter, drawn, legend
from datalines.published.averaged import averaged_baseline
from datalines.published.options import options_of, table_named
from datalines.published.talk import AVERAGED, averages, named

STANDARD = Look("#8a8a8a", "o", "ImageNet alone")
START = "CLIP-ViT-L-14-WIT-400m"
STEPS: dict[str, tuple[Look, tuple[float, float], str]] = {
    START: (Look("#D55E00", "D", "CLIP, zero-shot"), (-6, 4), "right"),
    "CLIP-ViT-L-14-WIT-400m-ft-in1k": (Look("#0072B2", "s", "Fine-tuned on ImageNet"), (-2, -12), "center"),
    "CLIP-ViT-L-14-ft-cc12m+in1k-equal": (Look("#009E73", "^", "On CC-12M and ImageNet"), (0, -11), "center"),
    "CLIP-ViT-L-14-WiseFT": (Look("#882255", "v", "Wise-FT"), (0, 6), "center"),
    "CLIP-ViT-L-14-in1k": (Look("#E69F00", "P", "CLIP on ImageNet alone"), (7, -3), "left"),
}
"""Models with their looks and where their numbers stand, in points from the marker."""
FROM_SCRATCH = "CLIP-ViT-L-14-in1k"


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of the table published/vlhub. Option: axis (logit, else probit or linear)."""
    axis = str(options_of(figure.title, figure.options, {"axis": "logit"})["axis"])
    whole = table_named(tables, "published/vlhub", figure.title)
    rows = averages(whole, swapped=True)
    baseline = averaged_baseline(whole, AVERAGED, axis)
    standard = rows[(rows["group"] == "standard") & rows["used"].astype(bool)]
    steps = pd.DataFrame([named(rows, model, "average") for model in STEPS])
    with house_style():
        cells = Cells(1)
        axes = cells.axes[0]
        panel = Scatter(axes, "average", baseline, pd.concat([standard, steps]))
        panel.models(standard, "standard", STANDARD, "background")
        panel.lines(label="Expected average")
        start = 100 * named(steps, START, "average")[["x", "y"]].to_numpy(dtype=float)
        for model, (look, offset, align) in STEPS.items():
            row = steps[steps["model"] == model]
            end = 100 * row[["x", "y"]].to_numpy(dtype=float)[0]
            if model not in (START, FROM_SCRATCH):
                axes.annotate("", (end[0], end[1]), (start[0], start[1]), zorder=4.8, arrowprops={
                    "arrowstyle": "-|>", "color": look.colour, "linewidth": 0.8, "shrinkA": 4, "shrinkB": 4,
                    "mutation_scale": 7,
                })  # fmt: skip
                panel.record("arrow", model, x=[start[0], end[0]], y=[start[1], end[1]])
            panel.models(row, model, look, "few", ~row["used"].to_numpy(dtype=np.bool_), counted=False)
            er = end[1] - 100 * float(baseline.predict([end[0] / 100])[0])
            axes.annotate(f"{er:+.1f}", (end[0], end[1]), offset, textcoords="offset points", ha=align, fontsize=7,
                          color=look.colour, zorder=6)  # fmt: skip
        panel.titles("average")
        axes.set_title("Average of V2, Sketch, R and A")
        legend(cells, panel.handles)
    points = drawn([panel])
    own = points[(points["layer"] == "point") & (points["group"] != "standard")]
    told = [
        f"{STEPS[row['model']][0].label}: ImageNet {row['x']:.1f} %, average {row['y']:.1f} %, effective robustness "
        f"{row['er']:+.1f} points."
        for row in own.to_dict("records")
    ]
    return Drawing(cells.canvas, points, [*told, f"n = {len(standard)} standard models."])
