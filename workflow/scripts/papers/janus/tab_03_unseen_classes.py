"""How unevenly vision-language models learn classes (the paper's Table 3): accuracy, as a fraction, of two CLIP
ResNet-50 on the validation images of three label sets: all 1,000 classes of ImageNet (IN1000), 100 broad ones (IN100)
and 100 breeds of dogs (IN100-Dogs). One was trained on YFCC-15M, the other on the part of it, about 10 million pairs,
whose captions match no term for a class of ImageNet (N.I., no ImageNet class names). The last column is what chance
would give on IN100-Dogs and IN100. A single network each, so that no spread can be given; the sets have 50,000, 5,000
and 5,000 images. The file states 15 million images for both. Computed from VL Hub's table of 659 models. Scale: {scale}
(published results alone)."""

from typing import Any

import pandas as pd

from datalines.published.meta import LABEL_SETS, models_of, row_of
from datalines.published.metacells import TABLE_3
from datalines.published.options import table_options
from datalines.tables import Table

DEFAULTS: dict[str, Any] = {}
CHANCE = 0.01
"""Of 100 classes."""


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per training set; `tables` has published/vlhub-models."""
    table_options(table, DEFAULTS)
    models = models_of(tables, table.title)
    rows = []
    for name, model in TABLE_3.items():
        own = row_of(models, model)
        cells = {f"{title} val.": own[f"{label_set}_val"] for label_set, title in LABEL_SETS.items()}
        rows.append({"Model": "ResNet-50 (CLIP)", "Data set": name, **cells, "Chance, 100 classes": CHANCE})
    return pd.DataFrame(rows)
