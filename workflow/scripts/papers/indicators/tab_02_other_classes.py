"""Horizontal scaling with classes from different sources (Table 2), as published: ResNet-50 models trained on
ImageNet-100 and on further classes, evaluated on ImageNet-100 with the logits of the further classes masked. Computed
here: average robustness over validation accuracy, and both accuracies less those of ImageNet's own further classes, in
points. Two runs of one recipe of this group differ by up to two points (see the table of two runs); one run a row."""

import pandas as pd

from datalines.published.options import table_named, table_options
from datalines.published.reading import PublishedError
from datalines.tables import Table

COLUMNS = {
    "source": "Further classes from",
    "size_millions": "Images (million)",
    "val": "IN100 validation (%)",
    "average": "Average robustness (%)",
    "ratio": "Robustness / validation (%)",
    "val_gain": "Validation gain (points)",
    "average_gain": "Robustness gain (points)",
}
BASE = "ImageNet"


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """The transcribed rows with ratio and differences."""
    table_options(table, {})
    rows = table_named(tables, "published/indicators-tab-02", table.title)
    base = rows[rows["source"] == BASE]
    if len(base) != 1:
        raise PublishedError(f"{table.title!r}: the transcribed table has {len(base)} rows of {BASE}, and needs one")
    rows = rows.assign(
        ratio=100 * rows["average"] / rows["val"],
        val_gain=rows["val"] - float(base["val"].iloc[0]),
        average_gain=rows["average"] - float(base["average"].iloc[0]),
    )
    return rows[list(COLUMNS)].rename(columns=COLUMNS)
