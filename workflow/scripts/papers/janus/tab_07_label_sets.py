"""How the number of classes changes accuracy and robustness (what the data allow of the paper's Table 7): a
vision-language and a supervised ResNet-50 on all 1,000 classes of ImageNet, and on two sets of 100 classes. Validation
accuracy, average robustness (the unweighted mean accuracy on ImageNet-V2, -Sketch, -R and -A) and their ratio, the
effective robustness ratio, as fractions. The paper's other rows are means over a partition into ten sets of 100
classes, of which IN100 is one; they need predictions that are not published, so IN100 stands alone here. The paper's
1000-class row of SWSL-RN50 (0.8362 and 0.6857) is not on 1,000 classes: 0.8362 is the accuracy on the dogs, IN100-Dogs,
in VL Hub's table. Nor is that table's own 1000-class row right: of its IN1000 columns only ImageNet-A agrees with
timm's results for the same weights, which the last row has. Scale: {scale} (published results alone)."""

from typing import Any

import pandas as pd

from datalines.published.meta import LABEL_SETS, SHIFTS, models_of, row_of
from datalines.published.metacells import TABLE_7, average_of
from datalines.published.metaorder import timm_row
from datalines.published.options import table_named, table_options
from datalines.tables import Table

DEFAULTS: dict[str, Any] = {}
CLASSES = {"imagenet": 1000, "in100": 100, "dogs": 100}
TIMM = {"SWSL-RN50": "resnet50.fb_swsl_ig1b_ft_in1k@224"}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per network and label set; `tables` has published/vlhub-models and published/timm."""
    table_options(table, DEFAULTS)
    models, timm = models_of(tables, table.title), table_named(tables, "published/timm", table.title)
    rows = []
    for name, model in TABLE_7.items():
        own = row_of(models, model)
        for label_set, title in LABEL_SETS.items():
            average = average_of(models, model, label_set)
            rows.append(_row(name, "VL Hub", label_set, title, float(own[f"{label_set}_val"]), average))
        if name in TIMM:
            theirs = timm_row(timm, TIMM[name])
            mean = sum(theirs[shift] for shift in SHIFTS) / len(SHIFTS)
            rows.append(_row(name, "timm", "imagenet", LABEL_SETS["imagenet"], theirs["val"], mean))
    return pd.DataFrame(rows)


def _row(name: str, source: str, label_set: str, title: str, val: float, average: float) -> dict[str, Any]:
    facts = {"Model": name, "Source": source, "Label set": title, "Classes": CLASSES[label_set]}
    return facts | {"Validation accuracy": val, "Average robustness": average, "Ratio": average / val}
