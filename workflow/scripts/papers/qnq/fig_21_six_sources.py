"""Six sources one by one, and one mixture of equal parts of all, in black. Every marker is one trained model: zero-shot
top-1 accuracy on {reference} (horizontal) and on the shift named above the panel (vertical), in percent on probit axes.
Solid lines are least-squares fits on these axes with pointwise 95 % bootstrap bands, thin bars exact 95 % binomial
intervals of single accuracies; the dashed grey line marks equal accuracy. Numbers in parentheses count models ({points}
in all; seeds: {seeds}; scale: {scale}). The paper's Figure 21 takes 2.7M pairs of each source for the mixture, 16.2M in
all, and finds its robustness on each shift below that of the source that is best there. The paper does not state which
sizes, epochs and seeds its markers are; here they are the study's and stand in the csv beside the figure."""

import pandas as pd

from datalines.plotting import Drawing, Figure, line_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """The six sources in their colours, the mixture (option `mixture`) in black."""
    return line_panels(records, fits, figure)
