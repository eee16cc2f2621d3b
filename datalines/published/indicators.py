"""What follows from the Indicators paper's Table 3: shares of gains, rank agreement, and two runs of one recipe.

Tables are transcribed, accuracies in percent, rows numbered from 1 in the paper's order.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from datalines.published.reading import PublishedError

OUTCOMES = {"val": "validation", "average": "average robustness"}
ALL_OI100, LARGEST_KEPT, TAIL_KEPT = 8, 3, 7
"""Rows of Table 3: OI100 as it is, with its largest classes kept and the small ones filled, and with all classes of at
least 100 samples rebalanced. The paper names none; these give its 39 %."""

RUNS = {1: "in100-int", ALL_OI100: "oi100-int"}
"""Rows of Table 3, and the models of JANuS (Table 9) that were trained on the same data by the same recipe."""


class Agreement(NamedTuple):
    """Spearman's rank correlation of an indicator with an outcome, and how it orders the pairs of rows.

    A pair agrees where the row that the indicator calls better has the better outcome; in a tied one either is equal.
    """

    spearman: float
    agreeing: int
    opposed: int
    tied: int


def cell(rows: pd.DataFrame, number: int, column: str) -> float:
    """One number of a transcribed table by the number of its row. PublishedError where there is no such row."""
    found = rows.loc[rows["row"] == number, column]
    if len(found) != 1:
        raise PublishedError(f"the transcribed table has {len(found)} rows of number {number}; each row has its own")
    return float(found.iloc[0])


def gain_share(blends: pd.DataFrame, outcome: str) -> float:
    """Share, in percent, of the gain from OI100 to row 3 of Table 3 that rebalancing all but the smallest classes has.

    Section 4.2.2: "39 % of the overall accuracy gains".
    """
    base = cell(blends, ALL_OI100, outcome)
    return 100 * (cell(blends, TAIL_KEPT, outcome) - base) / (cell(blends, LARGEST_KEPT, outcome) - base)


def agreement(indicator: ArrayLike, outcome: ArrayLike, larger_is_better: bool) -> Agreement:
    """How an indicator (k,) orders outcomes (k,) of k rows, at least two; see `Agreement`."""
    values, reached = np.asarray(indicator, dtype=float), np.asarray(outcome, dtype=float)
    if values.shape != reached.shape or values.ndim != 1 or len(values) < 2:
        raise PublishedError(f"agreement needs two rows or more of both, not {values.shape} and {reached.shape}")
    signs = [np.sign(values[a] - values[b]) * np.sign(reached[a] - reached[b])
             for a, b in combinations(range(len(values)), 2)]  # fmt: skip
    better = 1 if larger_is_better else -1
    counted = [sum(1 for sign in signs if sign == wanted) for wanted in (better, -better, 0)]
    return Agreement(float(spearmanr(values, reached).statistic), *counted)


def two_runs(blends: pd.DataFrame, janus: pd.DataFrame) -> pd.DataFrame:
    """Rows of Table 3 beside the runs of JANuS' Table 9 (fractions) with the same data and recipe.

    Columns data, outcome, indicators, janus (both percent) and difference (points, indicators less janus).
    """
    found = []
    for number, model in RUNS.items():
        own = janus[janus["model"] == model]
        if len(own) != 1:
            raise PublishedError(f"Table 9 of JANuS has {len(own)} rows of {model}; transcribe each model once")
        for outcome in OUTCOMES:
            here, there = cell(blends, number, outcome), 100 * float(own[outcome].iloc[0])
            found.append((model.removesuffix("-int"), outcome, here, there, here - there))
    return pd.DataFrame(found, columns=["data", "outcome", "indicators", "janus", "difference"])
