"""From one source to the other in steps, at fixed numbers of training pairs. Every marker is one trained model:
zero-shot top-1 accuracy on {reference} (horizontal) and on the shift named above the panel (vertical), in percent on
probit axes. Solid lines are least-squares fits on these axes with pointwise 95 % bootstrap bands, thin bars exact 95 %
binomial intervals of single accuracies; the dashed grey line marks equal accuracy. Numbers in parentheses count models
({points} in all; seeds: {seeds}; scale: {scale}). Colour runs with the share of the first source. Last panel, an
addition of ours: slope of the fitted line against that share, one marker shape and line style per shift, with 95 %
bootstrap intervals. The paper's Figure 4 goes from 15M pairs of YFCC and none of LAION to none and 15M, on ImageNet-R
and -Sketch, and finds the line to turn smoothly from the one source's to the other's. It does not state the steps in
text or caption; here they are the shares on the last panel's axis."""

import pandas as pd

from datalines.plotting import Drawing, Figure
from datalines.plotting.sweeps import ratio_sweep


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Option `shares`: family -> share of the first source, 0 to 1."""
    return ratio_sweep(records, fits, figure)
