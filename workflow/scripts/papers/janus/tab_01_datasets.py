"""The four data sets of JANuS, from Table 1 of the paper, with the rows of their released label files. Machine labels
are synthetic or subset-matched; supervised says whether ground-truth labels exist, filtered how the contents were
processed, balanced whether the classes are about equally large. Beside it, recomputed: rows in multiples of IN100,
whose about 120,000 images are a data budget of 1x. The released file of all four has 1,084,581 rows, the "1.1m" of
Table 9. Scale: {scale}."""

import pandas as pd

from datalines.published.janus import TAB_01, UNIT
from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "name": "Data set",
    "ground_truth": "Ground-truth labels",
    "machine_label": "Machine labels",
    "caption_source": "Captions",
    "supervised": "Supervised",
    "filtered": "Filtered",
    "balanced": "Balanced",
    "released_rows": "Released rows",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per data set. The table has no options but `digits`."""
    table_options(table, {})
    rows = table_named(tables, TAB_01, table.title)
    return rows[list(COLUMNS)].rename(columns=COLUMNS).assign(**{"Data budget (x)": rows["released_rows"] / UNIT})
