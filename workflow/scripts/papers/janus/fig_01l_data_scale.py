"""Accuracy and average robustness over the data budget, with cross-entropy (CE) and with InfoNCE (VL), ResNet-50. From
the numbers of Table 9 in the paper; average robustness is recomputed as the mean of ImageNet-V2, Sketch, R and A, all
on the 100 classes of IN100 (36 of them in R, 37 in A). A budget of 1x is about 120,000 images; beyond a cut in the axis
stands CLIP's ResNet-50, trained on 400 million pairs, from VL Hub's results. One run per marker; bars are 95 %
intervals from the finite number of test images and hold nothing of the spread over runs, which the paper does not
state. Filled markers of VL were trained on captions made of ground-truth labels; hollow ones on captions as found
(titles, tags, descriptions), the one at 10x on both. So the line of VL changes its captions on the way: the single
hollow marker at 1x is the same network on the same images as the filled one, with captions as found. The paper does not
say which rows its figure joins; for CE these are the plain ones, labelled by machine where there is no other label, and
for VL the only ones at 1/8x and 4x, and at 10x the one without generated captions. Scale: {scale}."""

import math

import numpy as np
import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure
from datalines.plotting.budgets import Series, run_panels
from datalines.published.janus import (
    CE,
    COUNTS,
    HUB,
    TAB_09,
    UNIT,
    VL,
    budget_name,
    ladder,
    named_rows,
    reference_rows,
    with_intervals,
)
from datalines.published.options import options_of, table_named

CLIP, CLIP_IMAGES = "CLIP-RN50-WIT-400m", 400_000_000
FOUND = "in100-VL-ttd"  # the 1x model on captions as found
TICKS = {math.log2(budget): budget_name(budget) for budget in CE}
FAR = max(TICKS) + 2  # where CLIP stands
LOOKS = (Look("#0072B2", "o", "CE"), Look("#D55E00", "s", "VL"), Look("#222222", "D", "CLIP (VL)"))


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Table 9 along the data budgets. The figure has no options."""
    options_of(figure.title, figure.options, {})
    rows = table_named(tables, TAB_09, figure.title)
    models = table_named(tables, HUB, figure.title)
    ce, vl = ladder(rows, CE), ladder(rows, VL)
    beside = with_intervals(named_rows(rows, [FOUND])).assign(connected=False)
    vl = pd.concat([vl.assign(connected=True), beside], ignore_index=True)
    vl = vl.assign(hollow=vl["labels"].str.contains("ttd"))
    clip = with_intervals(reference_rows(models, [CLIP])).assign(place=FAR)
    held = [*[part.assign(place=np.log2(part["budget"].astype(float))) for part in (ce, vl)], clip]
    series = [Series(look, part) for look, part in zip(LOOKS, held, strict=True)]
    ticks = {**TICKS, FAR: f"{CLIP_IMAGES / UNIT:,.0f}x"}
    return run_panels(series, ticks, f"Data budget (1x: about {UNIT:,} images)", COUNTS, "captions as found", FAR - 1)
