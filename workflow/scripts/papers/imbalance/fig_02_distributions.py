"""Class distributions of the two sets that the paper's models are trained on. Every curve gives the number of images of
a class, the classes ranked by it, on a linear axis: left ImageNet-Captions, right LAIONet with caption and definition
at a similarity of at least 0.7. In the panels stand the images, the classes that have any of ImageNet's 1,000, and the
share of the images in the 50 most frequent classes (5 % if all were alike). Scale: {scale}. The numbers are those of
Wen et al. (2024), released with the paper. The paper's Figure 2 shows the two curves, without numbers on its axes,
beside examples of the sets' entries, which are not public in full and are left out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.ranks import CURVE, Curves, count_axis, source_looks
from datalines.published.options import options_of
from datalines.published.ranked import CONCEPTS, class_counts, joined, ranked

DEFAULTS = {
    "concepts": "imagenet",
    "sources": {"incaps": "ImageNet-Captions", "laionet-thresh0.7": "LAIONet (0.7)"},
    "share": 0.05,
}


def _panel(axes: Axes, counts: pd.Series, curves: Curves, share: float) -> None:
    look = curves.look[str(counts.name)]
    values = counts.to_numpy(dtype=float)
    ranks = np.arange(1, len(values) + 1)
    axes.fill_between(ranks, values, color=look.colour, alpha=0.2, linewidth=0)
    axes.plot(ranks, values, color=look.colour)
    curves.record(look.label, CURVE, counts, values)
    axes.set_title(look.label)
    axes.set_xlim(0, len(values) + 1)
    count_axis(axes, 5)
    top = round(share * len(values))
    lines = [
        f"{int(values.sum()):,} images",
        f"{int((values > 0).sum()):,} of {len(values):,} classes",
        f"{100 * values[:top].sum() / values.sum():.1f} % in the top {top}",
    ]
    axes.text(0.97, 0.95, "\n".join(lines), transform=axes.transAxes, ha="right", va="top", linespacing=1.4)


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """A panel per source.

    Options, with defaults in DEFAULTS: concepts (a concept set), sources (slug: name), and share (of the classes, the
    most frequent ones, whose share of the images is written). The tables are of class frequencies.
    """
    options = options_of(figure.title, figure.options, DEFAULTS)
    names: dict[str, str] = dict(options["sources"])
    concepts = str(options["concepts"])
    rows = joined(tables.values())
    curves = Curves(source_looks(list(names), {**figure.titles, **names}), 0)
    with house_style():
        canvas = Canvas(figsize=(5.5, 2.2), layout="constrained")
        cells = canvas.subplots(1, len(names), squeeze=False)[0]
        for axes, source in zip(cells, names, strict=True):
            _panel(
                axes, ranked(class_counts(rows, concepts, [source]), source)[source], curves, float(options["share"])
            )
            axes.set_xlabel(f"{CONCEPTS.get(concepts, concepts)} classes, by frequency")
        cells[0].set_ylabel("Images of the class")
    return Drawing(canvas, curves.points(), [])
