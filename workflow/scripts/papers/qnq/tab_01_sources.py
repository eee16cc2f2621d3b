"""The pre-training sources. One row per source and filter: how many image-caption pairs the paper reports, how many
were requested here, how many of these were stored and how many failed (requested = stored + failed), how many the
filter kept and dropped (stored = kept + dropped), the mean number of words in a caption, and the median width and
height of the images in pixels. Scale: {scale}. The paper's Table 1 lists six sources and their numbers of pairs
only."""

import json

import pandas as pd

from datalines.errors import CountError, DatalinesError
from datalines.tables import Table

COLUMNS = {
    "source": "Source",
    "paper_pairs": "Paper's pairs",
    "requested": "Requested",
    "stored": "Stored",
    "failed": "Failed",
    "filter": "Filter",
    "kept": "Kept",
    "dropped": "Dropped",
    "words": "Words a caption",
    "width": "Median width",
    "height": "Median height",
}
COUNTS = ["paper_pairs", "requested", "stored", "failed", "kept", "dropped", "width", "height"]


def total(counts: object) -> int:
    """Sum of a json object of reason -> count; an empty cell is nothing lost."""
    return sum(json.loads(counts).values()) if isinstance(counts, str) and counts else 0


def check_sums(rows: pd.DataFrame) -> None:
    """Every requested pair must be stored or failed, every stored one kept or dropped."""
    for row in rows.to_dict("records"):
        for whole, parts in (("requested", ("stored", "failed")), ("stored", ("kept", "dropped"))):
            found = sum(int(row[part]) for part in parts)
            if int(row[whole]) != found:
                raise CountError(
                    f"records/pools.csv, pool {row['pool']}: {whole} is {row[whole]} but {' + '.join(parts)} is {found}"
                )


def tabulate(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows of records/pools.csv as the table's columns.

    Option `pools` picks and orders the rows (else all, in the order of the titles), option `columns` the columns (keys
    of COLUMNS). Raises CountError where a pool's numbers do not add up, DatalinesError for a pool without a row.
    """
    pools = list(table.options.get("pools") or [slug for slug in table.titles if slug in set(rows["pool"])])
    missing = [slug for slug in pools if slug not in set(rows["pool"])]
    if missing:
        raise DatalinesError(f"records/pools.csv has no row of pool(s) {', '.join(missing)}, which the table asks for")
    order = {slug: place for place, slug in enumerate(pools or sorted(set(rows["pool"])))}
    rows = rows[rows["pool"].isin(list(order))]
    frame = rows.assign(failed=rows["failed"].map(total), dropped=rows["dropped"].map(total))
    check_sums(frame)
    frame = frame.assign(
        place=frame["pool"].map(order),
        source=[table.titles.get(pool, title) for pool, title in zip(frame["pool"], frame["title"], strict=True)],
        words=frame["caption_words_mean"].astype(float),
        width=frame["width_median"],
        height=frame["height_median"],
    ).sort_values(["place", "pool", "filter"], ignore_index=True)
    chosen = list(table.options.get("columns", COLUMNS))
    unknown = [name for name in chosen if name not in COLUMNS]
    if unknown:
        raise DatalinesError(f"table options.columns: {', '.join(unknown)} unknown; choose from {', '.join(COLUMNS)}")
    whole = {name: pd.to_numeric(frame[name]).round().astype("Int64") for name in COUNTS}
    return frame.assign(**whole)[chosen].rename(columns=COLUMNS)
