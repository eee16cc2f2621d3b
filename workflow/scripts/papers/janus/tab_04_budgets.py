"""ResNet-50 and ViT-S-16 over data budgets, from Table 4 of the paper, accuracies on IN100 as fractions: validation and
average robustness (mean of V2, Sketch, R, A). Columns "here": the same two numbers from elsewhere. Rows of models
trained on JANuS stand in Table 9 with their four shifts, from which the average is recomputed. The paper does not name
the models trained on ImageNet; each is the one model of VL Hub's file with both numbers (resnet50 and
vit_small_patch16_224 trained on ImageNet-1k; resnetv2_50x1_bitm, at 448 pixels, and vit_small_patch16_224, at 224,
trained on ImageNet-21k first). Fine-tuned models stand nowhere else. Scale: {scale}."""

import pandas as pd

from datalines.published.janus import HUB, NETWORKS, TAB_04, TAB_09, budget_name, table_4
from datalines.published.options import table_named, table_options
from datalines.tables import Table

MEASURES = {"val": "val.", "val_here": "val., here", "average": "average", "average_here": "average, here"}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per data set. The table has no options but `digits`."""
    table_options(table, {})
    for name in (TAB_04, TAB_09, HUB):
        table_named(tables, name, table.title)
    rows = table_4(tables)
    shown = pd.DataFrame(
        {
            "Data": rows["data"],
            "Budget": [budget_name(budget) for budget in rows["budget"]],
            "Fine-tuned": ["yes" if tuned else "no" for tuned in rows["fine_tuned"]],
        }
    )
    measured = {
        f"{name}, {title}": rows[f"{network}_{measure}"]
        for network, name in NETWORKS.items()
        for measure, title in MEASURES.items()
    }
    return shown.assign(**measured)
