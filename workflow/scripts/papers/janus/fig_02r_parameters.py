"""Average robustness against the number of parameters in the meta-analysis (right half of the paper's Figure 2), on
three label sets: all 1,000 classes of ImageNet (IN1000), 100 broad ones (IN100) and 100 breeds of dogs (IN100-Dogs).
Average robustness is the unweighted mean accuracy on ImageNet-V2, -Sketch, -R and -A, in percent. Every dot is one
published model; the bars are the means of the ten most robust models of each size class, the paper's rule, and bands
reach from the lowest to the highest of the ten, which is no confidence interval. Classes are the file's. The paper
states 438, 126 and 86 models in them, the file 440, 130 and 89, and the numbers of parameters alone would give 444,
127 and 88. Size goes with training data and architecture, so that the rise is not one of size alone. Computed from VL
Hub's table of 659 models. Scale: {scale} (published results alone)."""

from typing import Any

import pandas as pd

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.metapanels import MetaPanels, class_clouds, ends, remark_of_ten
from datalines.published.meta import models_of, ten_best_means
from datalines.published.metaorder import remark
from datalines.published.options import options_of

CLASSES = {"S": "Fewer than 50M", "M": "50M to 100M", "L": "More than 100M"}
BORDERS = (50.0, 100.0)
"""Millions of parameters between the classes."""

TICKS = {1.0: "1", 10.0: "10", 100.0: "100", 1000.0: "1000"}
DEFAULTS: dict[str, Any] = {}


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Dots of all models with known size, bars of the ten best per class; `tables` has published/vlhub-models."""
    options_of(figure.title, figure.options, DEFAULTS)
    models = models_of(tables, figure.title)
    params = models["params"].where(models["params"] > 0)
    low, high = float(params.min()), float(params.max())
    spans = {"S": (low, BORDERS[0]), "M": BORDERS, "L": (BORDERS[1], high)}
    means = ten_best_means(models, models["size"])
    with house_style():
        panels = MetaPanels(models, "Parameters (millions)")
        panels.log_axis(TICKS, *ends([low, high], 0.05))
        class_clouds(panels, models["size"], params, CLASSES)
        panels.bars(means, spans, CLASSES)
    return panels.drawing([remark_of_ten(means, CLASSES), *_notes(models, params), remark(models)])


def _notes(models: pd.DataFrame, params: pd.Series) -> list[str]:
    """Models in each class, those without a dot, and those whose class is not that of their parameters."""
    counts = models["size"].value_counts()
    told = ", ".join(f"{title} {counts.get(size, 0)}" for size, title in CLASSES.items())
    by_params = pd.cut(params, [0, *BORDERS, float("inf")], labels=list(CLASSES), right=False).astype(object)
    other = int((by_params.notna() & (by_params != models["size"])).sum())
    return [
        f"Models in each class of parameters: {told}.",
        f"{int(params.isna().sum())} models state no number of parameters and have no dot, but count in their class's "
        f"ten best; {other} models stand in another class than that of their parameters.",
    ]
