"""Every number of the Indicators paper beside the same number from data that are public, where there are any. Equal:
rounds to the printed number; within rounding: at most one unit of its last digit away; differs, and cannot be
recomputed here, with the reason. Recomputed numbers of Table 1 are VL Hub's evaluations of the nearest models (Feuer
et al. 2023), those of Table 3 follow from other rows or from equally frequent classes. The paper's models were not
trained again."""

import numpy as np
import pandas as pd

from datalines.indicators import left_skew, long_tail
from datalines.published.compare import TITLES, compare
from datalines.published.indicators import ALL_OI100, LARGEST_KEPT, cell, gain_share
from datalines.published.options import table_named, table_options
from datalines.published.reading import PublishedError
from datalines.tables import Table

CLASSES = 100
FRACTALS = 1000 * 25 * 10 * 4
"""FractalDB-1k: categories x weights x patch patterns x flips, as its program makes them (Kataoka et al. 2020)."""

VL_HUB = {1: "resnetv2_50x1_bitm", 3: "resnetv2_50"}
"""Rows of Table 1, and the rows of VL Hub's file that are nearest."""

BALANCED = (1, 2)
"""Rows of Table 3 whose classes are equally frequent."""

Cells = dict[tuple[str, str], float | None]


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per number of the paper."""
    table_options(table, {})
    names = ("indicators-cells", "indicators-tab-01", "indicators-tab-03", "janus-tab-01", "vlhub-models")
    cells, models, blends, sets, hub = (table_named(tables, f"published/{name}", table.title) for name in names)
    found = of_models(models, hub) | of_blends(blends, sets) | of_text(blends)
    return compare(cells, found).rename(columns=TITLES)


def of_models(models: pd.DataFrame, hub: pd.DataFrame) -> Cells:
    """Cells of Tables 1 and 2."""
    found: Cells = {("Table 2", "FractalDB, size (million images)"): FRACTALS / 1e6}
    names = dict(zip(models["row"], models["model"], strict=True))
    for number, name in VL_HUB.items():
        own = hub[hub["model"] == name]
        if len(own) != 1:
            raise PublishedError(f"published/vlhub-models has {len(own)} rows of {name}, with which row {number} goes")
        where = f"row {number}, {names[number]}"
        found["Table 1", f"{where}, validation (%)"] = 100 * float(own["in100_val"].iloc[0])
        found["Table 1", f"{where}, average robustness (%)"] = 100 * float(own["in100_average"].iloc[0])
    stages = cell(models, 7, "size_millions") + cell(models, 3, "size_millions")
    return found | {("Table 1", f"row 1, {names[1]}, size (million images)"): stages}


def of_blends(blends: pd.DataFrame, sets: pd.DataFrame) -> Cells:
    """Cells of Table 3, sizes from the rows of the released files of JANuS."""
    named = {int(row["row"]): f"row {row['row']}, {row['source']} ({row['share']}%)" for _, row in blends.iterrows()}
    found: Cells = {}
    for number in BALANCED:
        counts = np.full(CLASSES, int(cell(blends, number, "size")) // CLASSES)
        found["Table 3", f"{named[number]}, left-skew (%)"] = 100 * left_skew(counts)
        for below in (500, 100):
            found["Table 3", f"{named[number]}, long-tail@{below} (%)"] = 100 * long_tail(counts, below)
    for number, name in ((1, "in100"), (ALL_OI100, "oi100")):
        rows = sets.loc[sets["data"] == name, "released_rows"]
        if len(rows) != 1:
            raise PublishedError(f"published/janus-tab-01 has {len(rows)} rows of {name}; it needs one")
        found["Table 3", f"{named[number]}, size (thousand images)"] = float(rows.iloc[0]) / 1000
    part = cell(blends, ALL_OI100, "size") / cell(blends, LARGEST_KEPT, "size")
    found["Table 3", f"{named[LARGEST_KEPT]}, share of the source (%)"] = 100 * part
    found["Table 3", f"{named[LARGEST_KEPT]}, left-skew (%)"] = part * cell(blends, ALL_OI100, "left_skew")
    return found


def of_text(blends: pd.DataFrame) -> Cells:
    """Cells of the text."""
    tail = cell(blends, ALL_OI100, "long_tail_100")
    share = "share of the accuracy gains due to classes of at least 100 samples (%)"
    return {
        ("Section 4.2.1", "left-skew of a balanced set (%)"): 100 * left_skew(np.ones(CLASSES)),
        ("Section 4.2.1", "left-skew of OI100 without rebalancing (%)"): cell(blends, ALL_OI100, "left_skew"),
        ("Section 4.2.2", "classes with at least 100 samples in OI100"): CLASSES * (1 - tail / 100),
        ("Section 4.2.2", share): gain_share(blends, "val"),
        ("Caption of Table 3", "longest-tailed classes in OI100 (k = 100)"): CLASSES * tail / 100,
    }
