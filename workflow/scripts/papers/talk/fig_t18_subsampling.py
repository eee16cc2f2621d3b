"""Fewer training images move a model along the line, not off it. Left: ResNet-50s that the robustness testbed (Taori et
al. 2020) trained on random subsets of ImageNet, top-1 accuracy on ImageNet against ImageNet-V2 in percent on logit
axes, with the testbed's standard models (grey), their line and its 95 % bootstrap band; dashes mark where no model
behind the line lies. Bars are exact 99.5 % binomial intervals. Right: effective robustness in percentage points against
the number of training images (1,281,167 and its halves, logarithmic axis), with 95 % intervals that join the models
behind the line and the binomial errors of both accuracies. The ResNet-50 on all images was trained in the same way. The
testbed's models on a part of the classes have no number on these sets."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.published import Scatter, draw_heights, drawn
from datalines.plotting.testbedplots import TABLE
from datalines.published.baselines import baseline_of, hold
from datalines.published.options import options_of, table_named
from datalines.published.talk import named

IMAGES = 1_281_167
WHOLE = "resnet50_imagenet_100percent_batch64_original_images"
PART = "resnet50_imagenet_subsample_1_of_{part}_batch64_original_images"
PARTS = (1, 2, 4, 8, 16, 32)
STANDARD = Look("#8a8a8a", "o", "Standard training")
COLOURS = ("#222222", "#0072B2", "#009E73", "#E69F00", "#D55E00", "#882255")
MARKERS = ("o", "s", "^", "D", "v", "P")


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Two panels of the table published/imagenet-testbed. Option: axis (logit, else probit or linear)."""
    axis = str(options_of(figure.title, figure.options, {"axis": "logit"})["axis"])
    rows = table_named(tables, TABLE, figure.title)
    baseline = baseline_of(rows, "imagenet-testbed", "v2", axis=axis)
    standard = rows[(rows["shift"] == "v2") & (rows["group"] == "standard") & rows["used"].astype(bool)]
    models = [WHOLE, *(PART.format(part=part) for part in PARTS[1:])]
    chosen = pd.DataFrame([named(rows, model, "v2") for model in models])
    held = hold(baseline, chosen["x"], chosen["y"], chosen["n_x"], chosen["n_y"])
    images = IMAGES / np.array(PARTS)
    with house_style():
        cells = Cells(2)
        left, right = cells.axes
        panel = Scatter(left, "v2", baseline, pd.concat([standard, chosen]))
        panel.models(standard, "standard", STANDARD, "background")
        panel.lines()
        right.axhline(0, color="#222222", linewidth=1.0, zorder=2)
        for place, part in enumerate(PARTS):
            look = Look(COLOURS[place], MARKERS[place], f"1/{part} of ImageNet" if part > 1 else "All of ImageNet")
            panel.models(chosen.iloc[[place]], models[place], look, "few", counted=False)
            draw_heights(right, images[[place]], held.iloc[[place]], look, "few")
        ends = {"er": held["er"], "y_low": held["er_low"], "y_high": held["er_high"]}
        panel.rows.append({"panel": "heights", "layer": "height", "group": "subsample", "model": models, "x": images,
                           **ends})  # fmt: skip
        panel.titles("v2")
        panel.counted(chosen)
        right.set_xscale("log")
        right.xaxis.set_major_locator(FixedLocator([40_000, 100_000, 200_000, 400_000, 1_000_000]))
        right.xaxis.set_minor_locator(NullLocator())
        right.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1000:,.0f}"))
        right.set_title("Height above the line")
        right.set_xlabel("Training images (thousands)")
        right.set_ylabel("Effective robustness (points)")
        cells.legend(panel.handles)
    told = [
        f"{'All' if part == 1 else f'1/{part}'}: ImageNet {100 * x:.1f} %, V2 {100 * y:.1f} %, effective robustness "
        f"{er:+.2f} points [{low:+.2f}, {high:+.2f}]."
        for part, x, y, er, low, high in zip(PARTS, chosen["x"], chosen["y"], held["er"], held["er_low"],
                                             held["er_high"], strict=True)
    ]  # fmt: skip
    return Drawing(cells.canvas, drawn([panel]), told)
