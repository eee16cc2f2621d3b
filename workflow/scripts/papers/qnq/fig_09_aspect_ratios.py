"""Aspect ratios of the images of each source. Each line gives, for every ratio of width to height, the share of a
source's sampled images that have at most this ratio: portraits lie left of 1:1, landscapes right of it. A vertical step
is a ratio that many images share; dotted lines mark common formats. The marker on a line is its median; the table gives
the number of sampled pairs, and the median with the quartiles in parentheses. The pairs are {sample} random ones of
what the filter kept of each source, or all where there are fewer, chosen by a keyed hash of their ids. Scale: {scale}.
Ratios are on a logarithmic axis, on which a format and its upright twin are equally far from 1:1, from the narrowest to
the widest 0.5 % of any source. The paper's Figure 9 shows the aspect ratios of 10,000 random images of each source."""

from datalines.plotting.distributions import Panel, PoolFigure, distributions
from datalines.plotting.drawing import Drawing

FORMATS = {"9:16": 9 / 16, "2:3": 2 / 3, "3:4": 3 / 4, "1:1": 1.0, "4:3": 4 / 3, "3:2": 3 / 2, "16:9": 16 / 9}
PANELS = (Panel("aspect", "Width / height", "aspect", lambda rows: rows["width"] / rows["height"], FORMATS, 2),)


def draw(figure: PoolFigure) -> Drawing:
    """Cumulative distributions of width over height."""
    return distributions(figure, PANELS)
