"""Where the Imbalance paper, its released code and its released numbers disagree, or leave open what a replication
needs: what is said, what data or code show, what the released class frequencies say about it where they can (measured),
and what datalines does. Scale: {scale}."""

import pandas as pd

from datalines.published.imbalance import measured
from datalines.published.options import table_named, table_options
from datalines.published.ranked import joined
from datalines.published.reading import PublishedError
from datalines.tables import Table

FREQUENCIES, FINDINGS = "published/frequencies", "published/imbalance-findings"
COLUMNS = {
    "finding": "Finding",
    "where": "Where",
    "says": "What is said",
    "evidence": "What data or code show",
    "measured": "Measured",
    "done": "What datalines does",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per finding. The script has no options of its own."""
    table_options(table, {})
    findings = table_named(tables, FINDINGS, table.title)
    numbers = measured(joined([table_named(tables, FREQUENCIES, table.title)]))
    unknown = sorted(set(numbers) - set(findings["finding"]))
    if unknown:
        raise PublishedError(f"{table.title!r}: no finding {', '.join(unknown)} in imbalance-findings; add its row")
    return findings.assign(measured=findings["finding"].map(numbers))[list(COLUMNS)].rename(columns=COLUMNS)
