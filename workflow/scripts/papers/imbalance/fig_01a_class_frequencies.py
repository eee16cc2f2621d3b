"""Class frequencies of six image-text sets. Every curve gives the number of captions that name an ImageNet class, with
all 1,000 classes ranked by their number in LAION-400M, on a logarithmic axis; in parentheses are the sums over the
classes. Pale lines are the counts, curves the counts under a Gaussian filter (sigma 3 ranks); LAION-400M, whose counts
fall by the ranking itself, is not filtered. Classes that no caption names have no place on the axis and are gaps; the
notes count them. The numbers are those of Wen et al. (2024), released with the paper; those of MetaCLIP are sums over
the sets' published counts of metadata entries. Scale: {scale}. Nothing here was counted anew. The paper's Figure 1a
shows these sets in three panels and states neither the filter nor what it is applied to: sigma is its released
notebook's, and that counts and not their logarithms are filtered is a choice of ours."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.ranks import Curves, log_counts, source_looks
from datalines.published.options import options_of
from datalines.published.ranked import CONCEPTS, class_counts, joined, ranked

DEFAULTS = {
    "concepts": "imagenet",
    "by": "laion400m",
    "sigma": 3.0,
    "panels": [["metaclip-2.5b", "laion2b"], ["metaclip-400m", "laion400m"], ["yfcc15m", "cc12m"]],
}
HEIGHT = 1.35  # inches of a panel


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """A panel per group of sources, below one another.

    Options, with defaults in DEFAULTS: concepts (a concept set), by (the source that ranks the classes), sigma (ranks;
    0 leaves the counts), and panels (lists of sources). The tables are of class frequencies, published or a pool's.
    """
    options = options_of(figure.title, figure.options, DEFAULTS)
    sources = [source for panel in options["panels"] for source in panel]
    by = str(options["by"])
    wanted = list(dict.fromkeys([*sources, by]))
    counts = ranked(class_counts(joined(tables.values()), str(options["concepts"]), wanted), by)
    curves = Curves(source_looks(wanted, figure.titles), float(options["sigma"]))
    with house_style():
        canvas = Canvas(figsize=(5.5, 0.45 + HEIGHT * len(options["panels"])), layout="constrained")
        rows = canvas.subplots(len(options["panels"]), 1, sharex=True, squeeze=False)[:, 0]
        for place, (axes, panel) in enumerate(zip(rows, options["panels"], strict=True)):
            for source in panel:
                curves.draw(axes, counts[source], by, panel=str(place + 1))
            log_counts(axes)
            axes.legend(loc="lower left", ncols=len(panel), borderaxespad=0.2)
        rows[0].set_xlim(0, len(counts) + 1)
        canvas.supylabel("Captions that name the class", fontsize=7.5)
        named = CONCEPTS.get(str(options["concepts"]), str(options["concepts"]))
        rows[-1].set_xlabel(f"{named} classes ({len(counts):,}), by their frequency in {curves.look[by].label}")
    empty = {source: int((counts[source] == 0).sum()) for source in sources}
    told = ", ".join(f"{curves.look[source].label} {number}" for source, number in empty.items() if number)
    return Drawing(canvas, curves.points(), [f"Classes that no caption names: {told or 'none'}."])
