"""Leaderboards that were typed in from a document, as tables: scores with their spread, checked for their order."""

from collections.abc import Mapping

import pandas as pd

from datalines.published.options import table_named, table_options
from datalines.published.reading import PublishedError
from datalines.tables import Table

SPREAD = "_spread"


def leaderboard(
    tables: Mapping[str, pd.DataFrame], table: Table, name: str, scores: Mapping[str, str], by: str
) -> pd.DataFrame:
    """Rank, algorithm, model, the scores with their spread as texts as printed, and who handed them in.

    `scores` maps columns of the transcribed table to titles. Raises PublishedError where ranks do not count up or the
    column `by`, which the leaderboard is ordered by, rises: a row was typed wrongly.
    """
    table_options(table, {})
    rows = table_named(tables, name, table.title)
    if rows["rank"].astype(int).tolist() != list(range(1, len(rows) + 1)):
        raise PublishedError(f"{name}: ranks are {', '.join(rows['rank'].astype(str))}; they count up from 1")
    values = rows[by].astype(float)
    if (values.diff() > 0).any():
        wrong = int((values.diff() > 0).to_numpy().argmax()) + 1
        raise PublishedError(f"{name}: rank {wrong} has more {by} than the one before it; correct the row")
    star = rows["starred"].fillna("").map({"yes": " *", "": ""})
    if star.isna().any():
        raise PublishedError(f"{name}: column 'starred' has other words than yes; write yes or nothing")
    shown = {"Rank": rows["rank"].astype(int), "Algorithm": rows["algorithm"], "Model": rows["model"]}
    for column, title in scores.items():
        shown[title] = rows[column].astype(str) + " (" + rows[f"{column}{SPREAD}"].astype(str) + ")" + star
    return pd.DataFrame({**shown, "Contact": rows["contact"]})
