"""Two sources, their equal mixture at the same budget, and all the data of both. Every marker is one trained model:
accuracy on {reference} (horizontal) against accuracy on the shift named above the panel (vertical), zero-shot top-1 in
percent on probit axes. Colour and marker name the training data, the number in parentheses counts the models ({points}
in all; seeds: {seeds}; scale: {scale}). Solid lines are least-squares fits on the transformed axes with pointwise 95 %
bootstrap bands over models; thin bars are exact 95 % binomial intervals; the dashed grey line marks equal accuracy. The
paper's Figure 3 shows on ImageNet-R and -Sketch that half YFCC and half LAION, 15M pairs together, gives a line between
those of the two sources, and that taking all 30M pairs moves models along this line but not off it."""

import pandas as pd

from datalines.plotting import Drawing, Figure, line_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Sources and mixtures alike in one panel per shift; which is which is the config's matter."""
    return line_panels(records, fits, figure)
