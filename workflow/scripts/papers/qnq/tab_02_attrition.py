"""What was lost of every source, and why. One row per source and filter: how many items were requested, the share of
them that was stored, and the most frequent reasons of failure as shares of what was requested; then the share of the
stored pairs that the filter kept, and the most frequent reasons to drop one as shares of what was stored. A pair counts
for the first reason that meets it. A source in parentheses is one that another source stands in for. Scale: {scale}.
The paper's Table 1 gives the pairs that were obtained and says nothing of those that were not."""

import pandas as pd

from datalines.attrition import leading, pool_rows
from datalines.tables import Table


def tabulate(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows of records/pools.csv as shares and reasons.

    Option `pools` picks and orders the rows (else all, in the order of the titles), option `most` (default 3) is the
    number of reasons named. Raises CountError where a pool's numbers do not add up.
    """
    frame, most = pool_rows(rows, table), int(table.options.get("most", 3))
    requested, stored = frame["requested"], frame["stored"]
    return pd.DataFrame(
        {
            "Source": frame["source"],
            "Requested": requested.astype("Int64"),
            "Stored (%)": 100 * stored / requested,
            "Failures": [leading(by, whole, most) for by, whole in zip(frame["failed_by"], requested, strict=True)],
            "Filter": frame["filter"],
            "Kept (%)": 100 * frame["kept"] / stored,
            "Dropped for": [leading(by, whole, most) for by, whole in zip(frame["dropped_by"], stored, strict=True)],
        }
    )
