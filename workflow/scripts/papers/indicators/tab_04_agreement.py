"""How well each indicator orders the nine rows of Table 3, computed from the published numbers. Per indicator and
outcome: Spearman's rank correlation, and the 36 pairs of rows by whether the row that the indicator calls better has
the better outcome, the worse one, or whether either is equal in both rows. A smaller left-skew and long-tail are
called better, and a larger set. The paper says that long-tailedness is in perfect rank-order agreement with validation
accuracy: no pair opposes it, but ties leave much of the order open. Nine rows, one run each."""

import pandas as pd

from datalines.published.indicators import OUTCOMES, agreement
from datalines.published.options import table_named, table_options
from datalines.tables import Table

INDICATORS = {
    "size": "Size of the data set",
    "left_skew": "Left-skew",
    "long_tail_500": "Long-tail@500",
    "long_tail_100": "Long-tail@100",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per indicator and outcome."""
    table_options(table, {})
    blends = table_named(tables, "published/indicators-tab-03", table.title)
    lines = []
    for name, title in INDICATORS.items():
        for outcome, said in OUTCOMES.items():
            found = agreement(blends[name], blends[outcome], larger_is_better=name == "size")
            lines.append({
                "Indicator": title, "Outcome": said.capitalize(), "Spearman": found.spearman,
                "Agreeing pairs": found.agreeing, "Opposed pairs": found.opposed, "Tied pairs": found.tied,
                "n": len(blends),
            })  # fmt: skip
    return pd.DataFrame(lines)
