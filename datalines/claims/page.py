"""The ledger as people read it: fewer columns than the csv, numbers as text."""

import math
from typing import Any

import pandas as pd

from datalines.tables import MISSING, Table

CAPTION = (
    "One row per claim: its effect (of the weakest part, where all parts must hold), its interval, and the side of the "
    "threshold on which the claim puts it. n counts points (of the theory: settings or models), runs are trained "
    "models of which several epochs are points; the fewest of one family in parentheses. Needed: runs of every family "
    "that settle the verdict at the measured effect. Detectable: the distance beyond the threshold that the present "
    "runs find in 80 of 100 studies. How each statistic is defined: docs/claims.md. Scale: {scale}."
)


def ledger_table(study: dict[str, Any]) -> Table:
    """Title and notes of the ledger: its caption and the study's substitutions."""
    notes = [CAPTION.format(scale=study["scale"]), *study["substitutions"]]
    return Table("Ledger of claims", options={"notes": notes})


def shown(ledger: pd.DataFrame) -> pd.DataFrame:
    """The ledger's rows (columns of `datalines.claims.ledger.LEDGER`) as text, from memory or read from its csv."""
    rows = [
        {
            "Claim": row["text"],
            "Paper": row["source"],
            "Measured on": " ".join(part for part in (row["of"], row["shifts"]) if isinstance(part, str) and part),
            "Statistic": row["statistic"],
            "Effect": _number(row["effect"]),
            "Interval": f"[{_number(row['low'])}, {_number(row['high'])}]" if _ends(row) else MISSING,
            "Claimed": f"{row['test']} {row['threshold']:g} {row['unit']}",
            "n": f"{row['n']:,}",
            "Runs": f"{row['runs']:,} ({_count(row['fewest_runs'])})",
            "Verdict": row["verdict"],
            "Needed": _count(row["needed_runs"]),
            "Detectable": _number(row["detectable"]),
            "In one sentence": row["sentence"],
        }
        for _, row in ledger.iterrows()
    ]
    return pd.DataFrame(rows)


def _ends(row: pd.Series) -> bool:
    return not (math.isnan(row["low"]) and math.isnan(row["high"]))


def _number(value: float) -> str:
    return MISSING if math.isnan(value) else f"{value:.3g}"


def _count(value: Any) -> str:
    return MISSING if pd.isna(value) else f"{int(value):,}"
