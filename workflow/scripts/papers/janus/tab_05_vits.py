"""Three vision transformers trained on IN100 (1x, 256 epochs), from Table 5 of the paper; accuracies on the 100 classes
as fractions. Recomputed from the row: average robustness, the mean of V2, Sketch, R and A, its half width (95 %, from
the finite number of test images; one run each), and the effective robustness ratio, the average over the validation
accuracy. Scale: {scale}."""

import pandas as pd

from datalines.published.janus import TAB_05, checked, half_widths
from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "model": "Model",
    "val": "Val.",
    "v2": "V2",
    "sketch": "Sketch",
    "r": "R",
    "a": "A",
    "average": "Average",
    "average_here": "Average, recomputed",
    "half": "Half width",
    "err_here": "Ratio, recomputed",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per model. The table has no options but `digits`."""
    table_options(table, {})
    rows = checked(table_named(tables, TAB_05, table.title))
    return rows.assign(half=half_widths(rows))[list(COLUMNS)].rename(columns=COLUMNS)
