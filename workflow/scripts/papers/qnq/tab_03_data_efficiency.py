"""Data efficiency of each source on each test set. The error of a run is one minus its zero-shot top-1 accuracy at the
last kept epoch. Errors at the smallest and at the largest number of training pairs are geometric means over seeds
(means of the log error, as in the paper). The exponent b is that of the power law error = a n^-b, by least squares of
log error on the log of the number n of pairs; its 95 % interval resamples sizes, and seeds within sizes, and is empty
below three sizes. Per doubling is the same as a change of the error, 2^-b - 1, for twice the pairs. The irreducible
error is c of error = c + a n^-b with its 95 % profile interval, where that interval excludes zero; elsewhere the reason
why it cannot be told. Scale: {scale}. The paper's Figure 17 draws these errors for six sources, 1M to 15M pairs and
three seeds, fits nothing, and finds that efficiency differs between sources and sets; the fits here are an addition."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from datalines.robustness.efficiency import curves, power_laws
from datalines.robustness.saturation import saturating_laws
from datalines.tables import MISSING, Table

KEY = ["family", "shift"]


def tabulate(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Records of one experiment as a row per family and set.

    Option `sets` picks and orders the sets (else all, in the order of the records), option `families` the families
    (else all, in the order of the titles).
    """
    models = rows[rows["kind"] == "model"].astype({"family": str, "shift": str})
    present = list(dict.fromkeys(models["family"]))
    titled = sorted(present, key=lambda slug: (list(table.titles).index(slug) if slug in table.titles else 10**6, slug))
    families = [str(slug) for slug in table.options.get("families", titled)]
    sets = [str(slug) for slug in table.options.get("sets", dict.fromkeys(models["shift"]))]
    chosen = models[models["family"].isin(families)]
    drawn = curves(chosen, sets).groupby(KEY, sort=False)
    ends = drawn.agg(
        first=("error", "first"), last=("error", "last"), fewest=("n_seeds", "min"), most=("n_seeds", "max")
    )
    frame = power_laws(chosen, sets).merge(saturating_laws(chosen, sets), on=KEY, suffixes=("", "_c"))
    frame = frame.merge(ends.reset_index(), on=KEY)
    order = {name: place for place, name in enumerate(families)}
    frame = frame.sort_values("family", key=lambda column: column.map(order), kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "Source": frame["family"].map(table.name),
            "Set": frame["shift"].map(table.name),
            "Sizes": frame["sizes"],
            "Seeds": [_seeds(low, high) for low, high in zip(frame["fewest"], frame["most"], strict=True)],
            "Error, fewest pairs (%)": 100 * frame["first"],
            "Error, most pairs (%)": 100 * frame["last"],
            "Exponent b": [_exponent(row) for row in frame.to_dict("records")],
            "Per doubling (%)": 100 * (2.0 ** -frame["b"] - 1),
            "Low": 100 * (2.0 ** -frame["b_high"] - 1),
            "High": 100 * (2.0 ** -frame["b_low"] - 1),
            "Irreducible error (%)": [_irreducible(row) for row in frame.to_dict("records")],
        }
    )


def _seeds(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _exponent(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["b"]):
        return MISSING
    interval = "" if pd.isna(row["b_low"]) else f" [{row['b_low']:.3f}, {row['b_high']:.3f}]"
    return f"{row['b']:.3f}{interval}"


def _irreducible(row: Mapping[Any, Any]) -> str:
    if not row["identifiable"]:
        return f"not told: {row['reason']}"
    return f"{100 * row['c']:.1f} [{100 * row['c_low']:.1f}, {100 * row['c_high']:.1f}]"
