"""Beside the talk's plots: ImageNet-A, as the testbed draws it. The errors of ResNet-50 chose its images, so that model
is at 0 % by construction and not drawn, and the standard models bend there. The testbed draws two lines, below and
above ResNet-50's accuracy on the 200 classes of ImageNet-A (91.86 %); one line through both would have R2 0.83. The
horizontal axis is the accuracy on the images of ImageNet of these classes (10,000); the standard models at or above 75
% carry the lines. Bands are the testbed's 95 % bootstrap over models, bars exact 99.5 % binomial intervals."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure
from datalines.plotting.testbedplots import testbed_drawing


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of the table published/imagenet-testbed. Option: axis (logit, else probit or linear)."""
    return testbed_drawing(tables, figure, "a", adversarial=False)
