"""How alike the class frequencies of image-text sets are. Every panel is a concept set with its n classes; every cell
is Spearman's rank correlation of the counts of two sets over all of these classes, those that a set does not name
included (they share the lowest rank). Darker is higher, on one scale in all panels; the diagonal is 1 by definition.
Scale: {scale}. The numbers are those of Wen et al. (2024), released with the paper; those of MetaCLIP are sums over the
sets' published counts of metadata entries, and the notes count the classes that have none. The paper's Figure 13 shows
these eight matrices with two significant digits and does not state how classes without a match are treated: all are in
here, which gives its numbers."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.published.options import options_of
from datalines.published.ranked import CONCEPTS, SOURCES, class_counts, joined, spearman

DEFAULTS = {
    "concepts": ["imagenet", "cub", "food101", "pets", "flowers102", "places365", "eurosat", "dtd"],
    "sources": list(SOURCES),
    "lowest": 0.4,
    "columns": 4,
}
POINT_COLUMNS = ["panel", "row", "column", "rho", "n"]
SIDE = 1.62  # inches of a panel
PALE = 0.72  # from here on white numbers are read more easily than dark ones


def _panel(axes: Axes, matrix: pd.DataFrame, lowest: float) -> None:
    """The lower triangle as a heat map with its numbers."""
    shown = np.where(np.tri(len(matrix), dtype=bool), matrix.to_numpy(), np.nan)
    axes.imshow(shown, cmap="Blues", vmin=lowest - 0.15, vmax=1.0)
    for row in range(len(matrix)):
        for column in range(row + 1):
            value = shown[row, column]
            text = "1" if row == column else f"{value:.2f}".replace("0.", ".", 1)
            colour = "white" if value > PALE else "#222222"
            axes.text(column, row, text, ha="center", va="center", fontsize=6, color=colour)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks(range(len(matrix)), [""] * len(matrix))
    axes.set_yticks(range(len(matrix)), [""] * len(matrix))


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """A panel per concept set.

    Options, with defaults in DEFAULTS: concepts (concept sets, in order), sources (in order), lowest (the correlation
    at the pale end of the colours) and columns (panels in a row). The tables are of class frequencies.
    """
    options = options_of(figure.title, figure.options, DEFAULTS)
    rows, sources, wide = joined(tables.values()), list(options["sources"]), int(options["columns"])
    names = [figure.titles.get(source, SOURCES.get(source, source)) for source in sources]
    points, notes = [], []
    with house_style():
        high = -(-len(options["concepts"]) // wide)
        canvas = Canvas(figsize=(0.9 + SIDE * wide, 1.0 + (SIDE + 0.16) * high), layout="constrained")
        grid = canvas.subplots(high, wide, squeeze=False)
        for place, axes in enumerate(grid.ravel()):
            if place >= len(options["concepts"]):
                axes.set_axis_off()
                continue
            concepts = str(options["concepts"][place])
            counts = class_counts(rows, concepts, sources)
            matrix = spearman(counts)
            _panel(axes, matrix, float(options["lowest"]))
            named = CONCEPTS.get(concepts, concepts)
            axes.set_title(f"{named} (n = {len(counts):,})")
            if place % wide == 0:
                axes.set_yticks(range(len(names)), names)
            if place + wide >= len(options["concepts"]):
                axes.set_xticks(range(len(names)), names, rotation=90)
            points += [(concepts, one, other, matrix.loc[one, other], len(counts))
                       for at, one in enumerate(sources) for other in sources[: at + 1]]  # fmt: skip
            empty = (counts == 0).sum()
            told = ", ".join(f"{name} {number}" for name, number in zip(names, empty, strict=True) if number)
            notes += [f"{named}, classes without a match: {told}."] if told else []
    return Drawing(canvas, pd.DataFrame(points, columns=POINT_COLUMNS), notes)
