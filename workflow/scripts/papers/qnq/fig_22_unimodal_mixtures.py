"""Two sources of labelled images, alone and mixed in varying ratio, at a fixed number of images. Supervised networks of
several sizes, told apart by marker; one line goes through all networks trained on the same images. Top-1 accuracy on
{reference} (horizontal) and on the other source's test set (vertical), in percent on probit axes. Solid lines are
least-squares fits with pointwise 95 % bootstrap bands, thin bars exact 95 % binomial intervals, the dashed grey line
equal accuracy; numbers in parentheses count models ({points} in all; seeds: {seeds}; scale: {scale}). Colour runs with
the share of the first source. Right, an addition of ours: slope of the line against that share, with 95 % bootstrap
intervals. The paper's Figure 22 trains ResNet-18, -34 and -50 for varying numbers of epochs on 50,000 images of
CIFAR-10, of CINIC-10 and of mixtures of both, and finds the mixtures' lines between the two. It states neither the
shares nor the seeds; here the shares are those on the right panel's axis."""

import pandas as pd

from datalines.plotting import Drawing, Figure
from datalines.plotting.sweeps import ratio_sweep


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Options `shares`: line -> share of the first source; `networks`: recipe -> name."""
    return ratio_sweep(records, fits, figure)
