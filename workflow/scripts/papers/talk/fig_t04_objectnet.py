"""Distribution shift to ObjectNet, as in the plot of ImageNet-V2. The horizontal axis is the accuracy on the images of
ImageNet whose classes ObjectNet has (6,250 of 125 classes, which are 113 of ObjectNet), as the testbed draws it; the
standard models at or above 55 % on these carry the line. Bars are exact 99.5 % binomial intervals, the band is the
testbed's 95 % bootstrap over models. The testbed's ObjectNet has 18,514 images, two pixels cropped from every side;
other copies have 18,574. Against the accuracy on all of ImageNet the line's slope is 1.20 instead of 0.98."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure
from datalines.plotting.testbedplots import testbed_drawing


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of the table published/imagenet-testbed. Option: axis (logit, else probit or linear)."""
    return testbed_drawing(tables, figure, "objectnet", adversarial=False)
