"""Class imbalance in blends of ImageNet and OpenImages (Table 3), as published. The source has the stated share of the
samples, the other data set the rest; all sets have the same 100 classes. Left-skew is the share of samples in the five
most common classes, long-tail@k the share of classes with fewer than k samples. Computed here: the samples in the five
most common classes (left-skew times size), samples of the source (share times size), and gains over OI100 as it is,
row 8, in points. One run a row; two runs of one recipe differ by up to two points."""

import pandas as pd

from datalines.published.indicators import ALL_OI100, cell
from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "row": "Row",
    "source": "Source",
    "share": "Share (%)",
    "size": "Samples",
    "left_skew": "Left-skew (%)",
    "long_tail_500": "Long-tail@500 (%)",
    "long_tail_100": "Long-tail@100 (%)",
    "val": "IN100 validation (%)",
    "average": "Average robustness (%)",
    "head": "In the five largest classes",
    "own": "Of the source",
    "val_gain": "Validation gain (points)",
    "average_gain": "Robustness gain (points)",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """The transcribed rows with what follows from them; computed numbers of samples to the nearest 1,000."""
    table_options(table, {})
    rows = table_named(tables, "published/indicators-tab-03", table.title)
    rows = rows.assign(
        head=(rows["left_skew"] * rows["size"] / 100).round(-3).astype("int64"),
        own=(rows["share"] * rows["size"] / 100).round(-3).astype("int64"),
        val_gain=rows["val"] - cell(rows, ALL_OI100, "val"),
        average_gain=rows["average"] - cell(rows, ALL_OI100, "average"),
    )
    return rows[list(COLUMNS)].rename(columns=COLUMNS)
