"""Distribution shift to ImageNet-Sketch, as in the plot of ImageNet-V2, with models that were made robust to Lp
perturbations (adversarial training, randomised smoothing) apart from other interventions. The line goes through the
standard models at or above 55 % on ImageNet, the band is the testbed's 95 % bootstrap over models, bars are exact 99.5
% binomial intervals."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure
from datalines.plotting.testbedplots import testbed_drawing


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of the table published/imagenet-testbed. Option: axis (logit, else probit or linear)."""
    return testbed_drawing(tables, figure, "sketch", adversarial=True)
