"""One line per pre-training source. Colour and marker name the source, a baseline of supervised models is grey. Every
marker is one trained model: zero-shot top-1 accuracy on {reference} (horizontal) and on the shift named above the panel
(vertical), in percent on probit axes. Solid lines are least-squares fits on these axes with pointwise 95 % bootstrap
bands, thin bars exact 95 % binomial intervals of single accuracies; the dashed grey line marks equal accuracy. Numbers
in parentheses count models ({points} in all; seeds: {seeds}; scale: {scale}). The paper's Figure 2 draws six web
sources on ImageNet-V2, -R, -Sketch and ObjectNet. It finds one line for all of them on V2, and different ones on the
others: Shutterstock is highest on Sketch, RedCaps on ObjectNet, LAION, CC-12M and Shutterstock on R, so that no source
leads everywhere. The paper does not state which sizes, epochs and seeds its markers are; here they are the study's and
stand in the csv beside the figure."""

import pandas as pd

from datalines.plotting import Drawing, Figure, line_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Every family of the experiment and its baseline, one panel per shift."""
    return line_panels(records, fits, figure)
