"""Accuracy on ImageNet-Sketch against accuracy on ImageNet in the meta-analysis (the paper's Figure 10), with all 1,000
classes (IN1000) and with 100 broad ones (IN100). Every marker is one published model, supervised (CE) or
vision-language (VL, evaluated zero-shot), by what it was trained on; both axes are stretched by the transform that
their labels name. Lines are least squares on these axes through the supervised models trained on ImageNet-1k alone and
through the zero-shot VL models, dashed beyond their own points. Panels (a) and (b) show IN1000 twice: (a) every model
as the file has it, (b) the supervised models whose weights timm has, with timm's own results, and all other models as
before. In (a) the supervised models lie on one smooth curve because the file's columns are in nearly the same order, as
if each had been sorted by itself; in (b) they do not. What the shape of the curve in (a) says is therefore about two
sorted lists. (c) is the file's on 100 classes, where there is no such order. The paper reads from its figure that
Sketch is not linear and that only the largest VL models improve on supervised ones of equal data. Computed from VL
Hub's table of 659 models and timm's results. Scale: {scale} (published results alone)."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure
from datalines.plotting.metashift import ShiftFigure


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Three panels; `tables` has published/vlhub-models and published/timm. Option `axis`: logit, probit, linear."""
    return ShiftFigure(tables, figure, "sketch").drawing([])
