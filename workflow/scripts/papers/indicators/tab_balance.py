"""Class balance of the sources, measured on the pairs that each source's filter keeps. Left-skew is the share of
samples in the most common 5 % of classes (rounded, at least one class), so 5 % where 100 classes are equally frequent;
long-tail@k is the share of classes with fewer than k samples; the entropy ratio is 1 for equally frequent classes and
0 where one class has all samples. Classes are those of the source's label set, those without a sample included, or
those seen where it states none. A source without labels has dashes. Scale: {scale}. The indicators are those of the
Indicators paper, section 4.2.1."""

import pandas as pd

from datalines.config.errors import suggestion
from datalines.published.options import table_named, table_options
from datalines.published.reading import PublishedError
from datalines.tables import Table

COLUMNS = {
    "name": "Pool",
    "status": "Labels",
    "classes": "Classes",
    "samples": "Samples",
    "left_skew": "Left-skew (%)",
    "long_tail_500": "Long-tail@500 (%)",
    "long_tail_100": "Long-tail@100 (%)",
    "top": "Largest class",
    "bottom": "Smallest class",
    "entropy_ratio": "Entropy ratio",
}
PERCENT = ["left_skew", "long_tail_500", "long_tail_100"]
DEFAULTS: dict[str, list[str]] = {"shown": []}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """Rows of records/balance with shares in percent. Option `shown` picks and orders the pools; else all."""
    rows = table_named(tables, "records/balance", table.title)
    shown = table_options(table, DEFAULTS)["shown"] or list(rows["pool"])
    for pool in shown:
        if pool not in set(rows["pool"]):
            known = list(rows["pool"])
            raise PublishedError(
                f"{table.title!r}, options.shown: {pool!r} is no pool of the study{suggestion(pool, known)}"
                f"There are {', '.join(known)}"
            )
    rows = rows.set_index("pool").loc[shown].reset_index()
    rows = rows.assign(name=rows["pool"].map(table.name), top=_named(rows, "largest"), bottom=_named(rows, "smallest"))
    rows[PERCENT] = 100 * rows[PERCENT].astype(float)
    return rows.astype({"classes": "Int64", "samples": "Int64"})[list(COLUMNS)].rename(columns=COLUMNS)


def _named(rows: pd.DataFrame, which: str) -> pd.Series:
    """A class with its number of samples, None where a pool has no labels."""
    texts = [
        None if pd.isna(count) else f"{name} ({int(count):,})"
        for name, count in zip(rows[f"{which}_class"], rows[which], strict=True)
    ]
    return pd.Series(texts, index=rows.index, dtype=object)
