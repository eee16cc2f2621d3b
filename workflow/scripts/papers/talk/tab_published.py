"""Numbers of the talk beside the same numbers computed here from published results. Items are the talk's results in
order of appearance. Verdicts: equal (it rounds to the printed number), within rounding (at most one unit of the last
printed digit away), differs, cannot be recomputed here; the reason says why. Items without a number on their slide that
cannot be rebuilt here are listed as well. Accuracies, gains and drops in percentage points."""

import numpy as np
import pandas as pd

from datalines.published.compare import IMPOSSIBLE, TITLES, compare
from datalines.published.options import table_named, table_options
from datalines.published.talkcells import recomputed
from datalines.tables import Table

SOURCES = ("imagenet-testbed", "vlhub", "vlhub-models", "timm", "frequencies", "talk-accuracy-drop")


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per cell of published/talk-cells, and one per item of published/talk-items without any."""
    table_options(table, {})
    sources = {name: table_named(tables, f"published/{name}", table.title) for name in SOURCES}
    cells, items = (table_named(tables, f"published/{name}", table.title) for name in ("talk-cells", "talk-items"))
    found = compare(cells, recomputed(sources))
    left = items[items["rebuilt"].fillna("").eq("") & ~items["item"].isin(found["item"])]
    more = pd.DataFrame(
        {
            "item": left["item"],
            "cell": left["shows"],
            "published": "",
            "recomputed": np.nan,
            "difference": np.nan,
            "verdict": IMPOSSIBLE,
            "reason": left["reason"],
        }
    )
    together = pd.concat([found, more.astype(found.dtypes.to_dict())], ignore_index=True)
    places = together["item"].str.removeprefix("T-").astype(int)
    return together.iloc[np.argsort(places, kind="stable")].reset_index(drop=True).rename(columns=TITLES)
