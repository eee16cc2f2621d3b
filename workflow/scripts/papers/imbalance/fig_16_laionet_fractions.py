"""Class distributions of random fractions of LAIONet. Every curve gives the number of images of a class on a
logarithmic axis, the classes ranked by their number in the whole set (caption and definition at a similarity of at
least 0.7). Pale lines are the counts of the fractions, curves these under a Gaussian filter (sigma 3 ranks); the whole
set falls by itself and is not filtered. In parentheses stand the images; a curve ends where no class has an image.
Scale: {scale}. The numbers are those of Wen et al. (2024), released with the paper. The paper's Figure 16 shows these
six sets and does not state the filter: sigma is its released notebook's. Its samples keep at least one image of every
class, so that each fraction has all classes of the whole set and is not exactly of the size that its name says."""

import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as Canvas

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.ranks import Curves, log_counts
from datalines.published.options import options_of
from datalines.published.ranked import CONCEPTS, class_counts, joined, ranked

DEFAULTS = {
    "concepts": "imagenet",
    "sigma": 3.0,
    "sources": {
        "laionet-thresh0.7": "100 %",
        "laionet-thresh0.7-frac0.5": "50 %",
        "laionet-thresh0.7-frac0.25": "25 %",
        "laionet-thresh0.7-frac0.125": "12.5 %",
        "laionet-thresh0.7-frac0.0625": "6.25 %",
        "laionet-thresh0.7-frac0.03125": "3.125 %",
    },
}
LIGHTEST = 0.88  # of the colour map, whose end is too pale on white


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel. Options, with defaults in DEFAULTS: concepts (a concept set), sigma (ranks), and sources (slug: name),
    the first of which ranks the classes."""
    options = options_of(figure.title, figure.options, DEFAULTS)
    names: dict[str, str] = dict(options["sources"])
    concepts = str(options["concepts"])
    by = next(iter(names))
    counts = ranked(class_counts(joined(tables.values()), concepts, list(names)), by)
    shades = colormaps["viridis"]([LIGHTEST * place / max(1, len(names) - 1) for place in range(len(names))])
    look = {slug: Look(to_hex(shade), "o", name) for (slug, name), shade in zip(names.items(), shades, strict=True)}
    curves = Curves(look, float(options["sigma"]))
    with house_style():
        canvas = Canvas(figsize=(3.6, 2.7), layout="constrained")
        axes = canvas.add_subplot()
        for source in names:
            curves.draw(axes, counts[source], by)
        log_counts(axes)
        axes.set_xlim(0, len(counts) + 1)
        axes.set_xlabel(f"{CONCEPTS.get(concepts, concepts)} classes, by their frequency in LAIONet")
        axes.set_ylabel("Images of the class")
        axes.legend(loc="upper right", ncols=2, borderaxespad=0.2, columnspacing=1.0)
    return Drawing(canvas, curves.points(), [])
