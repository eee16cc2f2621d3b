"""WILDS-iWildCam leaderboard as the slide shows it, transcribed: percent, with the spread over runs in brackets and a
star where the slide has one. Ordered by macro F1 out of distribution. Numbers are published ones; nothing is
recomputed."""

import pandas as pd

from datalines.published.leaderboards import leaderboard
from datalines.tables import Table

SCORES = {
    "test_id_macro_f1": "Test ID macro F1",
    "test_id_accuracy": "Test ID accuracy",
    "test_ood_macro_f1": "Test OOD macro F1",
    "test_ood_accuracy": "Test OOD accuracy",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per entry of published/talk-iwildcam."""
    return leaderboard(tables, table, "published/talk-iwildcam", SCORES, "test_ood_macro_f1")
