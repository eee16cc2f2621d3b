"""Two runs of one recipe: ResNet-50 trained on IN100 and on OI100 alone, as the Indicators paper (Table 3) and JANuS
(Feuer et al. 2023, Table 9) state it. Data, network, batch, epochs and augmentation are the same; the learning rate is
chosen anew for each data set, and the seeds are not stated. Differences are in points, Indicators less JANuS, from
accuracies rounded to 0.1 points. Two pairs of runs are too few for a spread, but differences between rows that are no
larger than these tell little."""

import pandas as pd

from datalines.published.indicators import OUTCOMES, two_runs
from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "data": "Data",
    "outcome": "Accuracy",
    "indicators": "Indicators (%)",
    "janus": "JANuS (%)",
    "difference": "Difference (points)",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per data set and outcome."""
    table_options(table, {})
    blends = table_named(tables, "published/indicators-tab-03", table.title)
    rows = two_runs(blends, table_named(tables, "published/janus-tab-09", table.title))
    rows = rows.assign(outcome=rows["outcome"].map(OUTCOMES).str.capitalize(), data=rows["data"].str.upper())
    return rows[list(COLUMNS)].rename(columns=COLUMNS)
