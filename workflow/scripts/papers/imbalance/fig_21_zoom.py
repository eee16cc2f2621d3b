"""Class frequencies of six image-text sets on linear axes. Rows hold 200 ImageNet classes each, from the most to the
least frequent of LAION-400M; every curve gives the number of captions that name a class, under a Gaussian filter (sigma
3 ranks), except LAION-400M's, which falls by the ranking itself. Every panel has a scale of its own. Scale: {scale}.
The numbers are those of Wen et al. (2024), released with the paper; those of MetaCLIP are sums over the sets' published
counts of metadata entries. The paper's Figure 21 shows these sets in the same columns and does not state the filter:
sigma is its released notebook's. Here ranks run to the right and counts upwards."""

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.ranks import CURVE, Curves, count_axis, source_looks
from datalines.published.options import options_of
from datalines.published.ranked import CONCEPTS, class_counts, joined, ranked, smoothed

DEFAULTS = {
    "concepts": "imagenet",
    "by": "laion400m",
    "sigma": 3.0,
    "rows": 5,
    "columns": [["cc12m", "yfcc15m"], ["metaclip-400m", "laion400m"], ["metaclip-2.5b", "laion2b"]],
}
ROW = 1.25  # inches


def _part(axes: Axes, curve: pd.Series, first: int, last: int, curves: Curves, panel: str) -> None:
    """The ranks first to last (1-based, both included) of one smoothed curve."""
    part = curve.iloc[first - 1 : last]
    axes.plot(np.arange(first, last + 1), part.to_numpy(), color=curves.look[str(curve.name)].colour)
    axes.set_xlim(first - 1, last)
    curves.record(panel, CURVE, part, part.to_numpy(), first)


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """A grid of panels, a column per group of sources.

    Options, with defaults in DEFAULTS: concepts (a concept set), by (the source that ranks the classes), sigma (ranks),
    rows (of equally many ranks), and columns (lists of sources). The tables are of class frequencies.
    """
    options = options_of(figure.title, figure.options, DEFAULTS)
    columns, by, concepts = list(options["columns"]), str(options["by"]), str(options["concepts"])
    wanted = list(dict.fromkeys([*(source for column in columns for source in column), by]))
    counts = ranked(class_counts(joined(tables.values()), concepts, wanted), by)
    drawn = {name: smoothed(column, 0 if name == by else float(options["sigma"])) for name, column in counts.items()}
    values = pd.DataFrame(drawn, index=counts.index)
    edges = np.linspace(0, len(counts), int(options["rows"]) + 1).round().astype(int)
    curves = Curves(source_looks(wanted, figure.titles))
    with house_style():
        canvas = Canvas(figsize=(7.0, 0.6 + ROW * (len(edges) - 1)), layout="constrained")
        grid = canvas.subplots(len(edges) - 1, len(columns), squeeze=False)
        for row, (low, high) in enumerate(pairwise(edges)):
            for place, column in enumerate(columns):
                for source in column:
                    _part(grid[row, place], values[source], low + 1, high, curves, f"{row + 1}-{place + 1}")
                count_axis(grid[row, place])
                grid[row, place].xaxis.set_major_locator(MaxNLocator(4))
        for place, column in enumerate(columns):
            lines = [
                Line2D([], [], color=curves.look[source].colour, label=curves.look[source].label) for source in column
            ]
            grid[0, place].legend(handles=lines, loc="upper right", borderaxespad=0.2)
        canvas.supylabel("Captions that name the class", fontsize=7.5)
        canvas.supxlabel(
            f"Rank of the class among {len(counts):,} of {CONCEPTS.get(concepts, concepts)}, by its frequency in "
            f"{curves.look[by].label}", fontsize=7.5)  # fmt: skip
    return Drawing(canvas, curves.points(), [])
