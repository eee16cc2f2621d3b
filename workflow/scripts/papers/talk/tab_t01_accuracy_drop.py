"""Accuracy in distribution confounds robustness: of two models, as the talk makes them up, the one that is more
accurate under the shift loses more. Numbers are the talk's, in percent; the drop is computed from them, in points,
beside the one on the slide. No real model is meant."""

import pandas as pd

from datalines.published.options import table_named, table_options
from datalines.tables import Table


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per model of published/talk-accuracy-drop."""
    table_options(table, {})
    rows = table_named(tables, "published/talk-accuracy-drop", table.title)
    source, target = (rows[name].astype(float) for name in ("in_distribution", "out_of_distribution"))
    return pd.DataFrame(
        {
            "Model": rows["model"],
            "In distribution": source,
            "Out of distribution": target,
            "Drop": source - target,
            "Drop on the slide": rows["drop"].astype(float),
        }
    )
