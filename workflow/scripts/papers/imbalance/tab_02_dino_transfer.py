"""Linear-probe scores (%) of models trained by DINO, as published. Prototypes in use are all of a vanilla model's, or
as many as are drawn at every step from 65,536. Scores are top-1 accuracies, except mean per-class accuracies on
Aircraft, Caltech-101, Flowers-102 and Pets, and 11-point mean average precision on Pascal VOC 2007. The mean is
recomputed from the printed scores and stands beside the printed one. Scale: {scale}. Every model was trained once (n =
1). The paper's Table 2 has these rows; the ImageNet model was trained with half the batch size that the paper states
(see the findings)."""

import pandas as pd

from datalines.published.imbalance import METHODS, TRANSFER
from datalines.published.options import table_named, table_options
from datalines.tables import Table

PRINTED = "published/imbalance-tab-02"


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """The printed rows in their order. The script has no options of its own."""
    table_options(table, {})
    printed = table_named(tables, PRINTED, table.title)
    own = [name for name in printed if name in TRANSFER]
    scores = printed[own].astype(float)
    return pd.DataFrame({
        "Method": printed["method"].map(METHODS), "Data": printed["data"],
        "Prototypes in use": printed["vocabulary"].astype(int),
        **{TRANSFER[name]: scores[name] for name in own},
        "Mean": scores.mean(axis=1), "Published mean": printed["average"].astype(float),
    })  # fmt: skip
