"""Mixing outputs against mixing inputs, with labelled images. Supervised networks of several sizes, told apart by
marker; one line goes through all networks trained on the same images. Top-1 accuracy on {reference} (horizontal) and on
the other source's test set (vertical), in percent on probit axes. Solid lines are least-squares fits with pointwise 95
% bootstrap bands, thin bars exact 95 % binomial intervals, the dashed grey line equal accuracy; numbers in parentheses
count models ({points} in all; seeds: {seeds}; scale: {scale}). The black line is that of networks trained on equal
parts of both sources. Each dashed path is an ensemble of two networks of the same size, seed and epoch, one from each
source, while the weight of the first one's logits falls from 1 to 0; its large marker is equal weight. The paper's
Figure 28 does this for ResNet-18, -34 and -50 on CIFAR-10 and CINIC-10 and finds the ensembles of equal weight on the
line of the mixture. It does not state the weights on the paths nor the epochs; here the weights are those named below,
the epochs are all that the study keeps."""

import pandas as pd

from datalines.plotting import Drawing, Figure
from datalines.plotting.ensembles import ensemble_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Options `mixture`: the line in black, which the ensembles are held against; `networks`: recipe -> name."""
    return ensemble_panels(records, fits, figure)
