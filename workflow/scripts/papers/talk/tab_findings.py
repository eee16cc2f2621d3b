"""Where the talk, the code behind its plots and the published files disagree or leave something open: what is said,
what data or code show, and what datalines does. Measured is the number that the published tables give, where a finding
turns on one; the last column says what it counts."""

import pandas as pd

from datalines.published.options import table_named, table_options
from datalines.published.reading import PublishedError
from datalines.published.talkcells import measured
from datalines.tables import Table

SOURCES = ("imagenet-testbed", "vlhub", "vlhub-models", "timm", "frequencies")
COLUMNS = {
    "finding": "Finding",
    "where": "Where",
    "says": "What is said",
    "evidence": "What data or code show",
    "measured": "Measured",
    "done": "What datalines does",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per finding of published/talk-findings."""
    table_options(table, {})
    findings = table_named(tables, "published/talk-findings", table.title)
    numbers = measured({name: table_named(tables, f"published/{name}", table.title) for name in SOURCES})
    unknown = sorted(set(numbers) - set(findings["finding"]))
    if unknown:
        raise PublishedError(f"{table.title!r}: no finding {', '.join(unknown)} in talk-findings; add its row")
    return findings.assign(measured=findings["finding"].map(numbers))[list(COLUMNS)].rename(columns=COLUMNS)
