"""Horizontal scaling with large label sets (Table 1), as published. PT and FT are stages of training with so many
classes, ZS the evaluation on the 100 classes of ImageNet-100 with all other logits masked. Average robustness is the
mean accuracy on the classes' images in ImageNet-V2, Sketch, R and A. The last column is computed here: average
robustness over validation accuracy. The paper names families of timm, not weights; its caption speaks of rounded
parameter counts, for which the table has no column. One run a row; the paper gives no spread."""

import pandas as pd

from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "row": "Row",
    "model": "Model",
    "size_millions": "Images (million)",
    "stages": "Training stages",
    "val": "IN100 validation (%)",
    "average": "Average robustness (%)",
    "ratio": "Robustness / validation (%)",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """The transcribed rows with the ratio of the two accuracies."""
    table_options(table, {})
    rows = table_named(tables, "published/indicators-tab-01", table.title)
    return rows.assign(ratio=100 * rows["average"] / rows["val"])[list(COLUMNS)].rename(columns=COLUMNS)
