"""The pre-training sources. One row per source and filter: how many image-caption pairs the paper reports, how many
rows the source's list has (a dash where there is no list), how many items were requested here, how many of these were
stored and how many failed (requested = stored + failed), how many the filter kept and dropped (stored = kept +
dropped), and the stored pairs as a share of the paper's (a dash for a synthetic source); then mean and standard
deviation of the number of words in a kept caption, and the median width and height in pixels of the stored images of a
random sample of 10,000 kept pairs, or all where there are fewer. A source in parentheses is one that another source
stands in for. Scale: {scale}. The paper's Table 1 lists six sources and the numbers of pairs that its downloads
obtained; its number for YFCC is a whole multiple of the shard size and may be the number asked for."""

import pandas as pd

from datalines.attrition import pool_rows
from datalines.errors import DatalinesError
from datalines.tables import Table

COLUMNS = {
    "source": "Source",
    "paper_pairs": "Paper's pairs",
    "list_rows": "List rows",
    "requested": "Requested",
    "stored": "Stored",
    "failed": "Failed",
    "filter": "Filter",
    "kept": "Kept",
    "dropped": "Dropped",
    "obtained": "Obtained (%)",
    "words": "Words a caption",
    "words_sd": "SD of words",
    "width": "Median width",
    "height": "Median height",
}
COUNTS = ["paper_pairs", "list_rows", "requested", "stored", "failed", "kept", "dropped", "width", "height"]


def tabulate(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows of records/pools.csv as the table's columns.

    Option `pools` picks and orders the rows (else all, in the order of the titles), option `columns` the columns (keys
    of COLUMNS). Raises CountError where a pool's numbers do not add up, DatalinesError for a pool without a row.
    """
    frame = pool_rows(rows, table)
    obtained = 100 * frame["stored"].astype(float) / frame["paper_pairs"].astype(float)
    frame = frame.assign(
        obtained=obtained.where(frame["kind"] != "testbed"),  # drawn pairs are none of the paper's
        words=frame["caption_words_mean"].astype(float),
        words_sd=frame["caption_words_sd"].astype(float),
        width=frame["width_median"],
        height=frame["height_median"],
    )
    chosen = list(table.options.get("columns", COLUMNS))
    unknown = [name for name in chosen if name not in COLUMNS]
    if unknown:
        raise DatalinesError(f"table options.columns: {', '.join(unknown)} unknown; choose from {', '.join(COLUMNS)}")
    whole = {name: pd.to_numeric(frame[name]).round().astype("Int64") for name in COUNTS}
    return frame.assign(**whole)[chosen].rename(columns=COLUMNS)
