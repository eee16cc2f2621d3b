"""Sizes of the images of each source, as stored. Each line gives, for every size in pixels, the share of a source's
sampled images that are at most so large: the square root of the area, the width, and the height. A vertical step is a
size that many images share. The marker on a line is its median; the table gives the number of sampled pairs, and the
medians with the quartiles in parentheses. The pairs are {sample} random ones of what the filter kept of each source, or
all where there are fewer, chosen by a keyed hash of their ids. Scale: {scale}. Sizes are on a logarithmic axis from
the smallest to the largest 0.5 % of any source. The paper's Figure 8 shows the sizes of 10,000 random images of each
source and does not define size. The paper's downloads resize the longer side of RedCaps' images to 1,000 pixels and
leave the other sources as they are, so a source treated like this cannot be compared in size with one that is not."""

import numpy as np

from datalines.plotting.distributions import Panel, PoolFigure, distributions
from datalines.plotting.drawing import Drawing

PANELS = (
    Panel("root-area", "Square root of the area (px)", "√area", lambda rows: np.sqrt(rows["width"] * rows["height"])),
    Panel("width", "Width (px)", "width", lambda rows: rows["width"]),
    Panel("height", "Height (px)", "height", lambda rows: rows["height"]),
)


def draw(figure: PoolFigure) -> Drawing:
    """Cumulative distributions of the square root of the area, of width and of height."""
    return distributions(figure, PANELS)
