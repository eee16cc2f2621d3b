"""WILDS-FMoW leaderboard as the slide shows it, transcribed: percent, with the spread over runs in brackets and a star
where the slide has one. Ordered by the accuracy in the worst region of the test set. Numbers are published ones;
nothing is recomputed."""

import pandas as pd

from datalines.published.leaderboards import leaderboard
from datalines.tables import Table

SCORES = {
    "val_accuracy": "Val accuracy",
    "test_accuracy": "Test accuracy",
    "val_worst_region": "Val worst region",
    "test_worst_region": "Test worst region",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per entry of published/talk-fmow."""
    return leaderboard(tables, table, "published/talk-fmow", SCORES, "test_worst_region")
