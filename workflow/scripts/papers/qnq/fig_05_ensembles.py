"""Mixing outputs against mixing inputs. Accuracy on {reference} (horizontal) and on the shift named above the panel
(vertical), zero-shot top-1 in percent on probit axes. Small markers are trained models, solid lines least-squares fits
through them with pointwise 95 % bootstrap bands; thin bars are exact 95 % binomial intervals, the dashed grey line
marks equal accuracy, numbers in parentheses count markers ({points} models in all; seeds: {seeds}; scale: {scale}). The
black line is that of models trained on equal parts of both sources. Each dashed path is an ensemble of two models of
the same size, seed and epoch, one from each source, while the weight of the first one's logits falls from 1 to 0; its
diamond is equal weight. The paper's Figure 5 does this for YFCC and LAION on ImageNet-R and -Sketch and finds that the
ensembles of equal weight track the line of the mixture. It does not state the weights on the paths; here they are those
named below. Raw logits are averaged, each model's with its own scale, which the paper leaves open too."""

import pandas as pd

from datalines.plotting import Drawing, Figure
from datalines.plotting.ensembles import ensemble_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Option `mixture`: the family in black, which the ensembles are held against."""
    return ensemble_panels(records, fits, figure)
