"""Hypotheses for the robustness of CLIP, as the talk puts them beside supervised training on ImageNet, and what it
finds of each; the slide strikes them out one after the other. Items are the results of the talk that it rests on. The
training distribution is what remains. The talk speaks of models of OpenAI; what these tables can check of it is in the
table of published and recomputed numbers."""

import pandas as pd

from datalines.published.options import table_named, table_options
from datalines.tables import Table

COLUMNS = {
    "hypothesis": "Hypothesis",
    "clip": "CLIP",
    "imagenet": "Supervised, ImageNet",
    "answer": "What the talk finds",
    "items": "Items",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per hypothesis of published/talk-hypotheses."""
    table_options(table, {})
    return table_named(tables, "published/talk-hypotheses", table.title)[list(COLUMNS)].rename(columns=COLUMNS)
