"""Every model that the paper trained on JANuS, from its Table 9: accuracies on IN100 as fractions, ResNet-50 where a
name says nothing else, `int` cross-entropy and `VL` InfoNCE. Recomputed from the row: average robustness, the mean of
V2, Sketch, R and A, its half width (95 %, from 1,000, 5,083, 6,306 and 1,601 test images; one run each, so nothing of
the spread over runs), and the effective robustness ratio, the average over the validation accuracy. Label accuracy and
utilisation are the paper's; read as right labels among labelled images and labelled images among all, they give the
share of all images with the right label in the last column. Scale: {scale}."""

import pandas as pd

from datalines.published.janus import TAB_09, budget_name, checked, half_widths
from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "model": "Model",
    "budget": "Budget",
    "val": "Val.",
    "v2": "V2",
    "sketch": "Sketch",
    "r": "R",
    "a": "A",
    "average": "Average",
    "average_here": "Average, recomputed",
    "half": "Half width",
    "err": "Ratio",
    "err_here": "Ratio, recomputed",
    "label_accuracy": "Label accuracy",
    "utilisation": "Utilisation",
    "correct": "Right labels, of all",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per model in the paper's order. The table has no options but `digits`."""
    table_options(table, {})
    rows = checked(table_named(tables, TAB_09, table.title))
    rows = rows.assign(
        budget=[budget_name(budget) for budget in rows["budget"]],
        half=half_widths(rows),
        correct=rows["label_accuracy"] * rows["utilisation"],
    )
    return rows[list(COLUMNS)].rename(columns=COLUMNS)
