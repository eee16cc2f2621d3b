"""Accuracy on ImageNet-R against accuracy on ImageNet in the meta-analysis (the paper's Figure 13), with all 1,000
classes (IN1000) and with 100 broad ones (IN100); ImageNet-R has 200 of the former and 36 of the latter, where the paper
says 35. Every marker is one published model, supervised (CE) or vision-language (VL, evaluated zero-shot), by what it
was trained on; both axes are stretched by the transform that their labels name. Lines are least squares on these axes
through the supervised models trained on ImageNet-1k alone and through the zero-shot VL models, dashed beyond their own
points. Panels (a) and (b) show IN1000 twice: (a) every model as the file has it, (b) the supervised models whose
weights timm has, with timm's own results, and all other models as before. In (a) the supervised models lie on one
smooth curve because the file's columns are in nearly the same order, as if each had been sorted by itself; in (b) they
do not. What the shape of the curve in (a) says is therefore about two sorted lists. (c) is the file's on 100 classes,
where there is no such order. Above y = x a model is better on renditions than on ImageNet, which compares a choice
among 200 classes with one among 1,000: with fewer classes any model is better. The paper reads from its figure that VL
models are more accurate on ImageNet-R than on ImageNet. Computed from VL Hub's table of 659 models and timm's results.
Scale: {scale} (published results alone)."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure
from datalines.plotting.metascatter import GROUPS, MetaScatter
from datalines.plotting.metashift import ShiftFigure


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Three panels; `tables` has published/vlhub-models and published/timm. Option `axis`: logit, probit, linear."""
    drawn = ShiftFigure(tables, figure, "r")
    return drawn.drawing([_above_equality(panel) for panel in drawn.panels])


def _above_equality(panel: MetaScatter) -> str:
    """How many models of each group are better on the shift than on the label set."""
    told = []
    for name, group in GROUPS.items():
        rows = panel.of([name])
        if len(rows):
            told.append(f"{int((rows['y'] > rows['x']).sum())} of {len(rows)} {group.look.label}")
    return f"Models above y = x, {panel.title}: {'; '.join(told)}."
