"""Five pre-trainings, each fine-tuned on IN100, from Table 6 of the paper; accuracies on the 100 classes as fractions.
Recomputed from the row: average robustness, the mean of V2, Sketch, R and A, and the effective robustness ratio, the
average over the validation accuracy. The paper states neither the network nor the fine-tuning; from scratch, its
ResNet-50 of Table 9 reaches 0.870 on the same set, so it is another network or a shorter schedule. One run each. Scale:
{scale}."""

import pandas as pd

from datalines.published.janus import TAB_06, checked
from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "pretraining": "Pre-training",
    "classes": "Classes",
    "data_type": "Images",
    "includes_in100": "Has the IN100 classes",
    "val": "Val.",
    "v2": "V2",
    "sketch": "Sketch",
    "r": "R",
    "a": "A",
    "average": "Average",
    "average_here": "Average, recomputed",
    "err": "Ratio",
    "err_here": "Ratio, recomputed",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per pre-training. The table has no options but `digits`."""
    table_options(table, {})
    rows = checked(table_named(tables, TAB_06, table.title))
    return rows.astype({"classes": "Int64"})[list(COLUMNS)].rename(columns=COLUMNS)
