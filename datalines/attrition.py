"""What became of every item of a pool, as tables show it: rows of records/pools.csv, checked, ordered and named."""

import json
from typing import Any

import pandas as pd

from datalines.errors import CountError, DatalinesError
from datalines.tables import MISSING, Table

FILE = "records/pools.csv"


def reasons(cell: object) -> dict[str, int]:
    """A cell's counts by reason, the most frequent first, ties by name; an empty cell is nothing lost."""
    counts = json.loads(cell) if isinstance(cell, str) and cell else {}
    return dict(sorted(((name, int(n)) for name, n in counts.items() if n), key=lambda entry: (-entry[1], entry[0])))


def leading(counts: dict[str, int], whole: int, most: int = 3) -> str:
    """The `most` most frequent reasons with their share of `whole`, the rest together; a dash for none.

    For example `http_404 8.1 %, timeout 3.0 %, 4 others 0.2 %`.
    """
    entries = list(counts.items())
    # A remainder of one reason is no shorter than its name.
    cut = most if len(entries) > most + 1 else len(entries)
    shown = [f"{name} {share_text(n, whole)}" for name, n in entries[:cut]]
    if entries[cut:]:
        shown.append(f"{len(entries) - cut} others {share_text(sum(n for _, n in entries[cut:]), whole)}")
    return ", ".join(shown) or MISSING


def share_text(n: int, whole: int) -> str:
    """n of `whole` as a percentage with one decimal; what is there but would round to nothing is `<0.1 %`."""
    percent = 100 * n / whole if whole else 0.0
    return "<0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


def pool_rows(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows of records/pools.csv in the order of option `pools`, else of the titles.

    `failed` and `dropped` become totals, `failed_by` and `dropped_by` their reasons, `source` is the name to show; a
    pool that stands in for another source is named with it. Raises DatalinesError for a pool without a row, CountError
    where requested is not stored + failed, or stored not kept + dropped.
    """
    present = {str(pool) for pool in rows["pool"]}
    pools = list(table.options.get("pools") or [slug for slug in table.titles if slug in present] or sorted(present))
    missing = [slug for slug in pools if slug not in present]
    if missing:
        raise DatalinesError(f"{FILE} has no row of pool(s) {', '.join(missing)}, which the table asks for")
    order = {slug: place for place, slug in enumerate(pools)}
    frame = rows[rows["pool"].isin(pools)]
    frame = frame.assign(place=frame["pool"].map(order)).sort_values(["place", "filter"], ignore_index=True)
    for name in ("failed", "dropped"):
        counts = [reasons(cell) for cell in frame[name]]
        frame[f"{name}_by"] = pd.Series(counts, dtype=object)
        frame[name] = [sum(count.values()) for count in counts]
    for row in frame.to_dict("records"):
        _check(row)
    return frame.assign(source=[_name(row, table) for row in frame.to_dict("records")])


def _check(row: dict[Any, Any]) -> None:
    for whole, parts in (("requested", ("stored", "failed")), ("stored", ("kept", "dropped"))):
        found = sum(int(row[part]) for part in parts)
        if int(row[whole]) != found:
            raise CountError(f"{FILE}, pool {row['pool']}: {whole} is {row[whole]} but {' + '.join(parts)} is {found}")


def _name(row: dict[Any, Any], table: Table) -> str:
    """Display name, with the name of the source that the pool stands in for: Re-LAION (for LAION-400M)."""
    name = table.titles.get(row["pool"], str(row["title"]))
    stands_for = row["substitutes"]
    return f"{name} (for {table.name(stands_for)})" if isinstance(stands_for, str) and stands_for else name
