"""Two sources, half of each at the same number of pairs, and all pairs of both. Every marker is one trained model:
zero-shot top-1 accuracy on {reference} (horizontal) and on the shift named above the panel (vertical), in percent on
probit axes. Solid lines are least-squares fits on these axes with pointwise 95 % bootstrap bands, thin bars exact 95 %
binomial intervals of single accuracies; the dashed grey line marks equal accuracy. Numbers in parentheses count models
({points} in all; seeds: {seeds}; scale: {scale}). The paper's Figure 3 shows, on ImageNet-R and -Sketch, 15M pairs of
YFCC, 15M of LAION, 7.5M of each, and all 30M: the line of the halves lies between those of the two sources, and that of
all pairs falls on it. The paper does not state which sizes, epochs and seeds its markers are; here they are the study's
and stand in the csv beside the figure."""

import pandas as pd

from datalines.plotting import Drawing, Figure, line_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """The two sources, all of both, and their equal mixture (option `mixture`) in black."""
    return line_panels(records, fits, figure)
