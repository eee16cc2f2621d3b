"""Lengths of the captions of each source. Each line gives, for every length, the share of a source's sampled captions
that are at most so long: left in characters, right in words separated by white space. The marker on a line is its
median; the table gives the number of sampled pairs, and the median with the quartiles in parentheses. The pairs are
{sample} random ones of what the filter kept of each source, or all where there are fewer, chosen by a keyed hash of
their ids. Scale: {scale}. Lengths are on a logarithmic axis from the shortest to the longest 0.5 % of any source. The
paper's Figure 7 shows the lengths of 10,000 random captions of each source and does not state their unit, so both are
given."""

from datalines.plotting.distributions import Panel, PoolFigure, distributions
from datalines.plotting.drawing import Drawing

PANELS = (
    Panel("characters", "Characters in a caption", "characters", lambda rows: rows["characters"]),
    Panel("words", "Words in a caption", "words", lambda rows: rows["words"]),
)


def draw(figure: PoolFigure) -> Drawing:
    """Cumulative distributions of characters and words."""
    return distributions(figure, PANELS)
