"""Average robustness against input resolution in the meta-analysis (the paper's Figure 12 and appendix E.1), on three
label sets: all 1,000 classes of ImageNet (IN1000), 100 broad ones (IN100) and 100 breeds of dogs (IN100-Dogs).
Resolution is the side of the input as a share of the largest, 800 pixels. Average robustness is the unweighted mean
accuracy on ImageNet-V2, -Sketch, -R and -A, in percent. Every dot is one published model; the bars are the means of the
ten most robust models of each of the file's resolution classes, and bands reach from the lowest to the highest of the
ten, which is no confidence interval; the dashed line is least squares through all models. The paper finds that
resolution raises robustness on IN1000 and IN100-Dogs. By its own rule of the ten best there is no such gain in its
table: the class of largest inputs is the lowest on IN1000 and IN100 and within half a point of the others on
IN100-Dogs. The line through all models rises, for larger inputs go with newer and larger models; the paper's statement
may rest on it. Computed from VL Hub's table of 659 models. Scale: {scale} (published results alone)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.marks import DASHES
from datalines.plotting.metapanels import MetaPanels, class_clouds, remark_of_ten
from datalines.published.meta import LABEL_SETS, averages, models_of, ten_best_means
from datalines.published.metaorder import remark
from datalines.published.options import options_of

DEFAULTS: dict[str, Any] = {}
CLASSES = ("S", "M", "L")
LINE_COLOUR = "#D55E00"


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Dots of all models, bars of the ten best per class, a line; `tables` has published/vlhub-models."""
    options_of(figure.title, figure.options, DEFAULTS)
    models = models_of(tables, figure.title)
    sides = models.groupby("resolution")["image_size"].agg(["min", "max", "size"]).loc[list(CLASSES)]
    titles = {str(name): f"{row['min']} to {row['max']} px ({row['size']} models)" for name, row in sides.iterrows()}
    largest = float(models["image_size"].max())
    spans = {str(name): (row["min"] / largest, row["max"] / largest) for name, row in sides.iterrows()}
    means, share = ten_best_means(models, models["resolution"]), models["image_size"] / largest
    with house_style():
        panels = MetaPanels(models, f"Side of the input, as a share of {largest:g} px")
        for axes in panels.panels.values():
            axes.set_xlim(0.07, 1.03)
        class_clouds(panels, models["resolution"], share, titles)
        panels.bars(means, spans, titles)
        told = [_line(panels, share, label_set) for label_set in LABEL_SETS]
        panels.handles.append(
            Line2D([], [], color=LINE_COLOUR, linewidth=1.0, linestyle=DASHES, label="Least squares, all models")
        )
    lines = f"Line through all models: {'; '.join(told)}."
    return panels.drawing([remark_of_ten(means, titles), lines, remark(models)])


def _line(panels: MetaPanels, share: pd.Series, label_set: str) -> str:
    """The line through all models of one panel; returns its slope and correlation in words."""
    y = averages(panels.models, label_set)
    known = y.notna()
    slope, intercept = np.polyfit(share[known], y[known], 1)
    x = np.array([share.min(), share.max()])
    at = 100 * (intercept + slope * x)
    panels.panels[label_set].plot(x, at, color=LINE_COLOUR, linewidth=1.0, linestyle=DASHES, zorder=3.5)
    panels.record(label_set, "line", "all models", x=x, y=at, n=int(known.sum()))
    correlation = float(np.corrcoef(share[known], y[known])[0, 1])
    return f"{LABEL_SETS[label_set]} {10 * slope:+.1f} points for a tenth of 800 px (r = {correlation:.2f})"
