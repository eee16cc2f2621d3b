"""Numbers of the paper beside the same numbers recomputed, cell by cell. Recomputed from the released class
frequencies: sizes and classes of data sets, LAIONet's subsets, the classes that YFCC-15M hardly names, and Figure 13's
rank correlations; from the paper's own Tables 1 and 2, the counts and means that follow from their entries. Equal: the
recomputed number rounds to the printed one; within rounding: it is at most one unit of the last printed digit away. The
72 scores of Table 2 need training of one's own and are taken as given. Figures 13 and 14 are printed with two
significant digits, so 1 stands for 0.995 and more, and 0.7 for 0.70. Scale: {scale}."""

import pandas as pd

from datalines.published.compare import TITLES, compare
from datalines.published.imbalance import recomputed
from datalines.published.options import table_named, table_options
from datalines.published.ranked import joined
from datalines.tables import Table

INPUTS = ("frequencies", "imbalance-cells", "imbalance-tab-01", "imbalance-tab-02")


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per number of the paper. The script has no options of its own."""
    table_options(table, {})
    rows, cells, rare, probes = (table_named(tables, f"published/{name}", table.title) for name in INPUTS)
    return compare(cells, recomputed(joined([rows]), rare, probes)).rename(columns=TITLES)
