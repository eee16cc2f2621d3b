"""An ensemble tells where a mixture of three sources will lie before anybody trains on it. Accuracy on {reference}
(horizontal) and on the shift named above the panel (vertical), zero-shot top-1 in percent on probit axes. Small markers
are trained models, solid lines least-squares fits through them with pointwise 95 % bootstrap bands; thin bars are exact
95 % binomial intervals, the dashed grey line marks equal accuracy, numbers in parentheses count markers ({points}
models in all; seeds: {seeds}; scale: {scale}). The black line is that of models trained on all three sources. Diamonds
are ensembles: the logits of one model trained on the first two sources together and of one trained on the third, of the
same seed and epoch, averaged with equal weights. The paper's Figure 6 combines models of YFCC-5M + LAION-5M and of
CC-5M on ImageNet-R and -Sketch and finds the ensembles, across stages of training, on the line of a model trained on
the three together. It does not state how many epochs are drawn; here they are all that the study keeps."""

import pandas as pd

from datalines.plotting import Drawing, Figure
from datalines.plotting.ensembles import ensemble_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Option `mixture`: the family in black, which the ensembles are held against."""
    return ensemble_panels(records, fits, figure)
