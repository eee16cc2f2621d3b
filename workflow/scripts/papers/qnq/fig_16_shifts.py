"""The evaluation sets, by one class: random images of class "{of}" from the reference set and from each distribution
shift. They are the first ones in the order of a keyed hash of their ids, so they are a random sample and the same ones
each time; the csv beside the figure names them. Images keep their aspect ratio, small ones are enlarged. Scale:
{scale}. The paper's Figure 16 shows class "broom" (ImageNet 462), which ImageNet-R and ObjectNet have as well, in
ImageNet and in its four shifts, ImageNet-V2, -R, -Sketch and ObjectNet."""

import pandas as pd

from datalines.errors import DatalinesError
from datalines.plotting.distributions import PoolFigure
from datalines.plotting.drawing import Drawing
from datalines.samples import sheet

COLUMNS = 6


def draw(figure: PoolFigure) -> Drawing:
    """A row of images of one class for each set.

    Option `of` is the class, `labels` {set: its label} where a set calls it otherwise, `columns` (default 6) the images
    of a row.
    """
    if "of" not in figure.options:
        raise DatalinesError(
            f"figure {figure.title!r}, options.of is missing; write the class that all of its sets hold"
        )
    wanted, columns = str(figure.options["of"]), int(figure.options.get("columns", COLUMNS))
    labels = dict(figure.options.get("labels", {}))
    rows, points = [], []
    for name in figure.pools:
        pairs = figure.pictures(name, columns, str(labels.get(name, wanted)))
        rows.append((f"{figure.name(name)}\n(n = {figure.kept[name]:,})", [(pair.image, "") for pair in pairs]))
        points += [
            {"set": name, "of": wanted, "column": place + 1, "id": pair.id, "width": pair.width, "height": pair.height}
            for place, pair in enumerate(pairs)
        ]
    return Drawing(sheet(rows, f"Class {wanted} in every evaluation set"), pd.DataFrame(points), [])
