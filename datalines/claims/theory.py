"""Statistics of the tables of the theory (QNQ, section 6): numbers that must agree, and statements that must hold."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from scipy.special import ndtri

from datalines.claims.bounds import Bound, Component, Estimate, Share, Unknown, size
from datalines.claims.parts import Part, Sample
from datalines.errors import DatalinesError


def _groups(table: pd.DataFrame, options: Mapping[str, Any]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows that `where` picks, by the columns of `by`: (label, rows)."""
    where, by = dict(options.get("where") or {}), list(options.get("by") or [])
    columns = [*where, *by, options["value"]]
    missing = sorted({name for name in columns if name not in table})
    if missing:
        known = ", ".join(map(str, table))
        raise DatalinesError(f"claim options: no column {', '.join(missing)} in the table; it has {known}")
    for column, wanted in where.items():
        table = table[table[column].astype(str) == str(wanted)]
    if not by:
        yield "all", table
        return
    for label, rows in table.groupby(by, sort=True):
        yield "/".join(str(name) for name in label), rows


def agrees(table: pd.DataFrame, options: Mapping[str, Any], level: float) -> list[Part]:
    """Per row, how far column `value` (times `factor`) lies from the number `expected`, without sign.

    The table gives `<value>_low` and `<value>_high` at this level, taken for normal. `count` names the column of n.
    """
    factor, value = float(options.get("factor", 1)), str(options["value"])
    parts = []
    for label, rows in _groups(table, options):
        if rows.empty:
            parts.append(Part(label, Unknown("the table has no such row")))
        for _, row in rows.iterrows():
            n = int(row[options["count"]]) if "count" in options else 1
            error = factor * (row[f"{value}_high"] - row[f"{value}_low"]) / (2 * float(ndtri((1 + level) / 2)))
            found = Estimate(
                factor * (float(row[value]) - float(options["expected"])), (Component(error**2, n, known=True),)
            )
            note = f"measured {factor * float(row[value]):.4g}, expected {factor * float(options['expected']):.4g}"
            parts.append(Part(label, size(found), {(label, ""): Sample(n, n)}, None, note))
    return parts


def always_holds(table: pd.DataFrame, options: Mapping[str, Any], level: float) -> list[Part]:
    """Per group, the share of rows in which the column `value` is true, in percent; one exception refutes it."""
    parts = []
    for label, rows in _groups(table, options):
        holds = rows[options["value"]].astype(str).str.lower().isin(["true", "1", "1.0"])
        hits, n = int(holds.sum()), len(rows)
        bound: Bound = Share(hits, n) if n else Unknown("the table has no such row")
        refuted = f"{n - hits} of {n} settings break it" if hits < n else ""
        parts.append(Part(label, bound, {(label, ""): Sample(n, n)}, None, f"holds in {hits} of {n}", refuted))
    return parts
