"""Accuracy and average robustness of ViT-S-16 and of ResNet-50 over the data budget, both trained on JANuS with
cross-entropy. From the numbers of Table 9 in the paper; average robustness is recomputed as the mean of ImageNet-V2,
Sketch, R and A, all on the 100 classes of IN100 (36 of them in R, 37 in A). A budget of 1x is about 120,000 images. One
run per marker; bars are 95 % intervals from the finite number of test images and hold nothing of the spread over runs.
The rows of Table 4 for models that others trained on ImageNet are not drawn: these are other data, and one of its two
models at 100x sees 448 pixels and the other 224. Scale: {scale}."""

import math

import numpy as np
import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure
from datalines.plotting.budgets import Series, run_panels
from datalines.published.janus import BASE_NETWORK, CE, COUNTS, TAB_09, UNIT, budget_name, ladder
from datalines.published.options import options_of, table_named

LOOKS = {BASE_NETWORK: Look("#0072B2", "o", "ResNet-50"), "ViT-S-16": Look("#009E73", "^", "ViT-S-16")}
TICKS = {math.log2(budget): budget_name(budget) for budget in CE if budget >= 1}


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Table 9 along the data budgets from 1x on. The figure has no options."""
    options_of(figure.title, figure.options, {})
    rows = table_named(tables, TAB_09, figure.title)
    series = []
    for network, look in LOOKS.items():
        held = ladder(rows, CE, network)
        held = held[held["budget"] >= 1]
        series.append(Series(look, held.assign(place=np.log2(held["budget"].astype(float)))))
    return run_panels(series, TICKS, f"Data budget (1x: about {UNIT:,} images)", COUNTS)
