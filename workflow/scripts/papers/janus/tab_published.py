"""Every number of the paper that published data decide, as printed and recomputed. Tables 2, 3 and 7 and the counts and
accuracies of sections 5 and 6 from VL Hub's results of 659 models; averages and effective robustness ratios of Tables
5, 6 and 9 from the four shifts of the same row; Table 4 from the rows of Table 9 and of VL Hub's file that are its
models; Table 8's totals from its own columns. Accuracies are fractions. Verdicts: equal, the recomputed number rounds
to the printed one; within rounding, at most one unit of the last printed digit away, which for counts is one model;
differs; cannot be recomputed here. Numbers in columns from which nothing else follows (the accuracies of the trained
models) are not listed. Scale: {scale}."""

import pandas as pd

from datalines.published.compare import TITLES, compare
from datalines.published.janus import HUB, TAB_04, TAB_05, TAB_06, TAB_08, TAB_09
from datalines.published.januscells import recomputed
from datalines.published.options import table_named, table_options
from datalines.tables import Table

CELLS = "published/janus-cells"


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per cell, in the order of the cells' file. The table has no options but `digits`."""
    table_options(table, {})
    cells = table_named(tables, CELLS, table.title)
    for name in (HUB, TAB_04, TAB_05, TAB_06, TAB_08, TAB_09):
        table_named(tables, name, table.title)
    return compare(cells, recomputed(tables)).rename(columns=TITLES)
