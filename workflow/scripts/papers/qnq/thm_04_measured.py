"""Theorem 2 beside measured lines: slope against the share of the first source, mixtures of two sources at a fixed
number of training pairs. Markers are slopes of lines fitted to trained models on probit axes, with their 95 % bootstrap
intervals (cut where they leave the panel). The black curve is the theory's: a weighted mean of the slopes at both ends,
in which the first source has the weight share × r / (share × r + 1 - share). The ratio r of the sources' projections on
the reference set is the only free parameter beside the ends, and is one for all panels; the band shows the ends of its
95 % interval. Dashed is r = 1, a straight line. Scale: {scale}. The theory is of two classes and of lines through
chance, the models have more classes and lines with an intercept, so it can be wrong here without being wrong. The
paper sets its theory beside Figures 3 and 4 in words only."""

import pandas as pd

from datalines.errors import DatalinesError
from datalines.plotting.drawing import Drawing, PlainFigure
from datalines.plotting.theory import measured_panels


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """The one table of fits that the figure names. Options: `shares` (family slug -> share of the first source, 0 to 1)
    and `shifts` (which panels, in order; all of the fits where not given)."""
    if len(tables) != 1:
        raise DatalinesError(
            f"figure {figure.title!r}, tables: name the fits of one experiment, e.g. [fits/ratio-sweep]"
        )
    return measured_panels(next(iter(tables.values())), figure)
