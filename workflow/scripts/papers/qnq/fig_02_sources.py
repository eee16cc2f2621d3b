"""One line per pre-training source. Every panel is one distribution shift and every marker one trained model: its
top-1 accuracy on {reference} (horizontal) against that on the shift (vertical), both in percent on axes stretched by
the probit transform, on which families fall on straight lines. CLIP models are evaluated zero-shot, supervised ones
with their own head; a baseline family is grey. Colour and marker name the source, the number in parentheses counts its
models ({points} in all; seeds: {seeds}; scale: {scale}). Solid lines are least-squares fits on the transformed axes,
shaded bands their pointwise 95 % bootstrap intervals over models, thin bars exact 95 % binomial intervals of single
accuracies. The dashed grey line marks equal accuracy on both sets. The paper's Figure 2 draws six web sources in this
way on ImageNet-V2, -R, -Sketch and ObjectNet: the lines coincide on V2, separate on the other three shifts, and no
source is the highest on all of them."""

import pandas as pd

from datalines.plotting import Drawing, Figure, line_panels


def draw(records: pd.DataFrame, fits: pd.DataFrame, figure: Figure) -> Drawing:
    """Every family of the records in one panel per shift."""
    return line_panels(records, fits, figure)
