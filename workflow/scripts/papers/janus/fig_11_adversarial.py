"""Accuracy on ImageNet-A against accuracy on ImageNet in the meta-analysis (the paper's Figure 11), with all 1,000
classes (IN1000) and with 100 broad ones (IN100); ImageNet-A has 200 of the former and 37 of the latter, where the paper
says 35. Every marker is one published model, supervised (CE) or vision-language (VL, evaluated zero-shot), by what it
was trained on; both axes are stretched by the transform that their labels name. Lines are least squares on these axes
through the supervised models trained on ImageNet-1k alone and through the zero-shot VL models, dashed beyond their own
points. Panels (a) and (b) show IN1000 twice: (a) every model as the file has it, (b) the supervised models whose
weights timm has, with timm's own results, and all other models as before. In (a) the supervised models lie on one
smooth curve because the file's columns are in nearly the same order, as if each had been sorted by itself; in (b) they
do not. What the shape of the curve in (a) says is therefore about two sorted lists. (c) is the file's on 100 classes,
where there is no such order. Images of ImageNet-A are those that a ResNet-50 gets wrong, so that one line fits
supervised models less well than elsewhere. The paper reads from its figure that VL models learn it faster and that
supervised ones come near them at very high accuracy. Computed from VL Hub's table of 659 models and timm's results.
Scale: {scale} (published results alone)."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure
from datalines.plotting.metascatter import SUPERVISED, ZERO_SHOT, MetaScatter
from datalines.plotting.metashift import ShiftFigure


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Three panels; `tables` has published/vlhub-models and published/timm. Option `axis`: logit, probit, linear."""
    drawn = ShiftFigure(tables, figure, "a")
    return drawn.drawing([_highest(panel) for panel in drawn.panels])


def _highest(panel: MetaScatter) -> str:
    """The highest accuracy on the shift of supervised and of zero-shot models, with that on the label set."""
    told = []
    for title, names in (("CE", SUPERVISED), ("zero-shot VL", ZERO_SHOT)):
        row = panel.of(names).nlargest(1, "y").iloc[0]
        told.append(f"{title} {row['model']} {100 * row['y']:.1f} at {100 * row['x']:.1f}")
    return f"Highest accuracy on ImageNet-A, in percent, with that on the label set, {panel.title}: {'; '.join(told)}."
