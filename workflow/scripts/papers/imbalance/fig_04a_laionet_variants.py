"""Class distributions of LAIONet's variants. Every curve gives the number of images of a class on a logarithmic axis,
each set's classes in the order of its own counts; a curve ends where no class has an image. Four variants are samples
of as many images as ImageNet-Captions has, from LAIONet with caption and definition at a similarity of at least the
number in parentheses; one ("=freq") was drawn to have ImageNet-Captions' number of images in every class. In
parentheses after the names stand the images. Scale: {scale}. The numbers are those of Wen et al. (2024), released with
the paper. The paper's Figure 4a, left, shows these sets and does not state by which of them its "ranked classes" are
ranked; its right panel needs image features and is not drawn. It gives all variants the size of ImageNet-Captions, but
the released "=freq" table sums to fewer images."""

import pandas as pd
from matplotlib.figure import Figure as Canvas

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.ranks import Curves, log_counts, source_looks
from datalines.published.options import options_of
from datalines.published.ranked import CONCEPTS, class_counts, joined, ranked

DEFAULTS = {
    "concepts": "imagenet",
    "sources": {
        "incaps": "ImageNet-Captions",
        "laionet-thresh0.7-n448896": "LAIONet (0.7)",
        "laionet-thresh0.75-n448896": "LAIONet (0.75)",
        "laionet-thresh0.8-n448896": "LAIONet (0.8)",
        "laionet-thresh0.82-n448896": "LAIONet (0.82)",
        "laionet-match-incap": "LAIONet (=freq)",
    },
}


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel. Options, with defaults in DEFAULTS: concepts (a concept set) and sources (slug: name)."""
    options = options_of(figure.title, figure.options, DEFAULTS)
    names: dict[str, str] = dict(options["sources"])
    concepts = str(options["concepts"])
    rows = joined(tables.values())
    curves = Curves(source_looks(list(names), {**figure.titles, **names}))
    with house_style():
        canvas = Canvas(figsize=(3.6, 2.7), layout="constrained")
        axes = canvas.add_subplot()
        for source in names:
            own = ranked(class_counts(rows, concepts, [source]), source)
            curves.draw(axes, own[source], by=source)
        log_counts(axes)
        axes.set_xlim(0, len(own) + 1)
        axes.set_xlabel(f"{CONCEPTS.get(concepts, concepts)} classes, by the set's own frequency")
        axes.set_ylabel("Images of the class")
        axes.legend(loc="upper right", borderaxespad=0.2)
    return Drawing(canvas, curves.points(), [])
