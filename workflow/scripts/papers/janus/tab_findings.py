"""Where the paper, its tables, its code and its data disagree, or leave something open: what is stated, what data and
code show, what the published tables measure (empty where they cannot decide), and what datalines does. Accuracies are
fractions; intervals are 95 %, from the finite number of test images. Scale: {scale}."""

import pandas as pd

from datalines.published.janusfindings import TABLES, measured
from datalines.published.options import table_named, table_options
from datalines.published.reading import PublishedError
from datalines.tables import Table

FINDINGS = "published/janus-findings"
COLUMNS = {
    "finding": "Finding",
    "where": "Where",
    "says": "What is said",
    "evidence": "What data or code show",
    "measured": "Measured",
    "done": "What datalines does",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per finding, in the order of the findings' file. The table has no options but `digits`."""
    table_options(table, {})
    findings = table_named(tables, FINDINGS, table.title)
    for name in TABLES:
        table_named(tables, name, table.title)
    numbers = measured(tables)
    unknown = sorted(set(numbers) - set(findings["finding"]))
    if unknown:
        raise PublishedError(f"{table.title!r}: no finding {', '.join(unknown)} in {FINDINGS}; add its row to the csv")
    return findings.assign(measured=findings["finding"].map(numbers))[list(COLUMNS)].rename(columns=COLUMNS)
