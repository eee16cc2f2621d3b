"""Distribution shift to ImageNet-V2. Every marker is one model of the robustness testbed (Taori et al. 2020): top-1
accuracy on ImageNet (horizontal) against ImageNet-V2 (vertical), in percent on logit axes. Models trained on ImageNet
alone in the standard way, with an intervention meant to make them robust, and with more data. The line is the
testbed's: least squares on the logit axes through the standard models at or above 55 % on ImageNet; its band is the
testbed's 95 % bootstrap over models (1,000 resamples, its seed), and dashes mark where no model behind it lies. Bars
are exact 99.5 % binomial intervals. Hollow models carry no line: the testbed leaves out names with aws and batch64.
Effective robustness is the height above the line in percentage points. The talk draws human accuracies as well (Shankar
et al. 2020); they are in no file at hand and are not drawn."""

import pandas as pd

from datalines.plotting import Drawing, PlainFigure
from datalines.plotting.testbedplots import testbed_drawing


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of the table published/imagenet-testbed. Option: axis (logit, else probit or linear)."""
    return testbed_drawing(tables, figure, "v2", adversarial=False)
