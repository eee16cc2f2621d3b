"""How the new images of IN100 were found on Flickr and kept by hand, per class, from Table 8 of the paper. Search is
what was asked for; the words that results must not hold are counted only, with their repetitions. Good images were kept
out of those looked at, of so many available. Recomputed: the share of good ones, and the last row's totals; its share
is that of all images together. Scale: {scale}."""

import pandas as pd

from datalines.published.janus import TAB_08
from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "class": "Class",
    "search_term": "Search",
    "excluded_words": "Words excluded",
    "good": "Good",
    "total": "Looked at",
    "available": "Available",
    "share_good": "Share good",
    "share_here": "Share, recomputed",
}
COUNTS = ["good", "total", "available"]


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per class in the paper's order, and one of all. The table has no options but `digits`."""
    table_options(table, {})
    rows = table_named(tables, TAB_08, table.title)
    last = pd.DataFrame([{"class": "All classes", **{name: int(rows[name].sum()) for name in COUNTS}}])
    shown = pd.concat([rows, last], ignore_index=True)
    shown = shown.astype({"excluded_words": "Int64"}).assign(share_here=shown["good"] / shown["total"])
    return shown[list(COLUMNS)].rename(columns=COLUMNS)
