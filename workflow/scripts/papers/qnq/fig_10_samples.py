"""Random training samples from {pools}: images with their captions, as the filter kept them. The pairs are the first
ones in the order of a keyed hash of their ids, so they are a random sample, not a selection, and the same ones each
time; the csv beside the figure names them and holds the captions in full. Images keep their aspect ratio inside cells
of equal width, small ones are enlarged. Captions are cut after a few lines, and signs that the figure's font lacks are
drawn as hollow squares. Scale: {scale}. The paper's Figures 10 to 15 show random samples of its six sources in this
way, one figure for each."""

import pandas as pd

from datalines.errors import DatalinesError
from datalines.plotting.distributions import PoolFigure
from datalines.plotting.drawing import Drawing
from datalines.samples import grid

COLUMNS = 5
ROWS = 4


def draw(figure: PoolFigure) -> Drawing:
    """A sheet of random pairs of one pool.

    Option `pool` is the pool where the figure names several, `columns` (default 5) and `rows` (default 4) are those of
    the sheet.
    """
    pool = figure.options.get("pool", figure.pools[0] if len(figure.pools) == 1 else None)
    if pool not in figure.pools:
        raise DatalinesError(
            f"figure {figure.title!r}, options.pool is {pool!r}; write one of its pools: {', '.join(figure.pools)}"
        )
    columns, rows = (int(figure.options.get(name, default)) for name, default in (("columns", COLUMNS), ("rows", ROWS)))
    if columns < 1 or rows < 1:
        raise DatalinesError(f"figure {figure.title!r}, options: columns and rows must be at least 1")
    pairs = figure.pictures(pool, columns * rows)
    title = f"{figure.name(pool)}: {len(pairs)} random pairs of {figure.kept[pool]:,}"
    sheet = grid([(pair.image, pair.caption) for pair in pairs], columns, title)
    points = pd.DataFrame(
        [
            {"pool": pool, "row": place // columns + 1, "column": place % columns + 1, "id": pair.id,
             "width": pair.width, "height": pair.height, "caption": pair.caption}
            for place, pair in enumerate(pairs)
        ]
    )  # fmt: skip
    return Drawing(sheet, points, [])
