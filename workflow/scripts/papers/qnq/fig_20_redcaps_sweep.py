"""From YFCC to RedCaps in steps, at fixed numbers of training pairs. Every marker is one trained model: zero-shot top-1
accuracy on {reference} (horizontal) and on the shift named above the panel (vertical), in percent on probit axes. Solid
lines are least-squares fits on these axes with pointwise 95 % bootstrap bands, thin bars exact 95 % binomial intervals
of single accuracies; the dashed grey line marks equal accuracy. Numbers in parentheses count models ({points} in all;
seeds: {seeds}; scale: {scale}). Colour runs with the share of the first source. Last panel, an addition of ours: slope
of the fitted line against that share, one marker shape and line style per shift, with 95 % bootstrap intervals. The
paper's Figure 20 finds that every mixture of the two has a line between those of YFCC and RedCaps alone, on all four
shifts. It states neither the shares nor the number of pairs (RedCaps has 11.9M); here the shares are those on the last
panel's axis, and the numbers of pairs are in the csv beside the figure."""

import pandas as pd

from datalines.plotting import Drawing, Figure
from datalines.plotting.sweeps import ratio_sweep


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Option `shares`: family -> share of the first source, 0 to 1."""
    return ratio_sweep(records, fits, figure)
