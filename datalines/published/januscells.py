"""What JANuS (Feuer et al. 2023) prints of its own trainings, computed again from the columns beside each number."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from datalines.published import metacells
from datalines.published.janus import (
    CE,
    HUB,
    NETWORKS,
    TAB_05,
    TAB_06,
    TAB_08,
    TAB_09,
    averages,
    ladder,
    ratios,
    table_4,
)
from datalines.published.meta import row_of
from datalines.published.metacells import Cells

BASELINES = {1: "baseline at 1x", 2: "2x scaling", 10: "10x scaling", 20: "20x scaling"}
"""Models whose average robustness the answer to Q1 states, by data budget."""

SMALL_VIT, RESNET_50 = "vit_small_patch16_224", "resnet50"


def recomputed(tables: Mapping[str, pd.DataFrame]) -> Cells:
    """Numbers by (item, cell) of every printed number of JANuS that published tables decide.

    `tables` are those of Tables 4 to 9 as transcribed and of VL Hub's models, by name. Accuracies are fractions, as
    printed. Raises PublishedError where a model is missing.
    """
    return {
        **metacells.recomputed(tables[HUB]),
        **table_4_cells(tables),
        **own_columns("Table 5", tables[TAB_05], "model"),
        **own_columns("Table 6", tables[TAB_06], "pretraining"),
        **own_columns("Table 9", tables[TAB_09], "model"),
        **text(tables),
    }


def own_columns(item: str, rows: pd.DataFrame, key: str) -> Cells:
    """Average robustness of every row, and its ratio to the accuracy where the table prints it."""
    measures = {"average": averages(rows)}
    if "err" in rows:
        measures["effective robustness ratio"] = ratios(rows)
    return {
        (item, f"{name}, {measure}"): float(value)
        for measure, values in measures.items()
        for name, value in zip(rows[key], values, strict=True)
    }


def table_4_cells(tables: Mapping[str, pd.DataFrame]) -> Cells:
    """Table 4 from Table 9 and from VL Hub's file; fine-tuned models stand in neither."""
    found: Cells = {}
    for row in table_4(tables).to_dict("records"):
        for network, name in NETWORKS.items():
            if row[f"{network}_source"]:
                found["Table 4", f"{row['data']}, {name}, validation"] = row[f"{network}_val_here"]
                found["Table 4", f"{row['data']}, {name}, average"] = row[f"{network}_average_here"]
    return found


def text(tables: Mapping[str, pd.DataFrame]) -> Cells:
    """Numbers within the text: sections 4, 4.3, 5.1 and 6 (Q1, approach 1), and the caption of Table 6."""
    models, samples, pre = tables[HUB], tables[TAB_08], tables[TAB_06].set_index("pretraining")["val"]
    by_budget = ladder(tables[TAB_09], CE).set_index("budget")["average"]
    share = 100 * np.asarray(samples["good"] / samples["total"])
    found: Cells = {
        ("Section 4", "new images of IN100, more than"): float(samples["good"].sum()),
        ("Section 4.3", "available samples, most"): float(samples["available"].max()),
        ("Section 4.3", "available samples, fewest"): float(samples["available"].min()),
        ("Section 4.3", "good samples, cleanest class (%)"): float(share.max()),
        ("Section 4.3", "good samples, least clean class, around (%)"): float(share.min()),
        ("Section 5.1, Q4", "parameters of ViT-S-16 in those of ResNet-50, about (%)"): 100
        * float(row_of(models, SMALL_VIT)["params"] / row_of(models, RESNET_50)["params"]),
        ("Table 6, caption", "accuracy lost without the IN100 classes (points)"): 100
        * float(pre["IN1k"] - pre["IN1k-minus-IN100"]),
        ("Table 6, caption", "accuracy lost with fractals (points)"): 100 * float(pre["IN1k"] - pre["Fractals"]),
    }
    told = {("Section 6, Q1", f"{name}, robustness"): float(by_budget[budget]) for budget, name in BASELINES.items()}
    return {**found, **told}
