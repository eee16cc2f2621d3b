"""Distribution shift to ImageNet-R, as in the plot of ImageNet-V2, with models that were made robust to Lp
perturbations (adversarial training, randomised smoothing) apart from other interventions. The horizontal axis is the
accuracy on the images of ImageNet whose classes ImageNet-R has (10,000 of 200 classes); the standard models at or above
75 % on these carry the line. The band is the testbed's 95 % bootstrap over models, bars are exact 99.5 % binomial
intervals. Against the accuracy on all of ImageNet the line's slope is 0.91 instead of 0.64."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure
from datalines.plotting.testbedplots import testbed_drawing


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of the table published/imagenet-testbed. Option: axis (logit, else probit or linear)."""
    return testbed_drawing(tables, figure, "r", adversarial=True)
