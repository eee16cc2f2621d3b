"""Ensembles of six models, one of each source. Accuracy on {reference} (horizontal) and on the shift named above the
panel (vertical), zero-shot top-1 in percent on probit axes. Small markers are trained models, solid lines least-squares
fits through them with pointwise 95 % bootstrap bands; thin bars are exact 95 % binomial intervals, the dashed grey line
marks equal accuracy, numbers in parentheses count markers ({points} models in all; seeds: {seeds}; scale: {scale}). The
black line is that of models trained on equal parts of all six. Diamonds are ensembles: the logits of six models of the
same size, seed and epoch, averaged with equal weights. The paper's Figure 27 takes 2.7M pairs of each source and finds
the ensembles on the line of the mixture of its Figure 21. It does not state the sizes and epochs behind the sources'
lines; here these go through all of them, which the csv beside the figure tells apart."""

import pandas as pd

from datalines.plotting import Drawing, Figure
from datalines.plotting.ensembles import ensemble_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Option `mixture`: the family in black, which the ensembles are held against."""
    return ensemble_panels(records, fits, figure)
