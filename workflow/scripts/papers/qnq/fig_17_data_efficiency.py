"""How fast errors fall with more pairs. Zero-shot top-1 error (vertical) against the number of training pairs
(horizontal), both on logarithmic axes, for {reference} and the shifts, one curve per source. A marker is the mean over
seeds of the log error at the last epoch, its bar the 95 % t interval of that mean over seeds; thin dotted lines are the
power law error = a n^-b, fitted by least squares to the logarithms, and the table gives its exponents b, with letters
for the panels (seeds: {seeds}; scale: {scale}). The paper's Figure 17 draws random subsets of each source from 1M to at
most 15M pairs, log errors averaged over three seeds, on ImageNet, V2, R, Sketch and ObjectNet, and finds that sources
differ in how fast the error falls, and differently on each set. It does not state the sizes between 1M and 15M, nor
spread over seeds; here the sizes are the study's, as many as the source has pairs for, and the fitted law is an
addition of ours."""

import pandas as pd

from datalines.plotting import Drawing, Figure
from datalines.plotting.efficiency import efficiency_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """A panel for the reference set and for every shift; the fits take no part."""
    return efficiency_panels(records, figure)
