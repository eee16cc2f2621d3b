"""Two architectures trained on ImageNet-1k alone (the paper's Table 2): accuracy on ImageNet and average robustness,
the unweighted mean accuracy on ImageNet-V2, -Sketch, -R and -A, on three label sets; and accuracy on each shift, the
mean over the three label sets, which the paper does not say and its numbers show. All are fractions. Rows are of VL
Hub's table, and of timm's own results for the same networks, which have all 1,000 classes alone (mean over shifts, and
the shifts themselves are not comparable with means over label sets). Scale: {scale} (published results alone)."""

from typing import Any

import pandas as pd

from datalines.published.meta import LABEL_SETS, SHIFTS, by_shift, models_of, row_of
from datalines.published.metacells import TABLE_2, average_of
from datalines.published.metaorder import timm_row
from datalines.published.options import table_named, table_options
from datalines.tables import Table

DEFAULTS: dict[str, Any] = {}
TIMM = {"VOLO-D5-224": "volo_d5_224.sail_in1k@224", "VGG-16": "vgg16.tv_in1k@224"}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per network and source; `tables` has published/vlhub-models and published/timm."""
    table_options(table, DEFAULTS)
    models, timm = models_of(tables, table.title), table_named(tables, "published/timm", table.title)
    rows: list[dict[str, Any]] = []
    for name, model in TABLE_2.items():
        own = row_of(models, model)
        found = {f"{title} avg.": average_of(models, model, label_set) for label_set, title in LABEL_SETS.items()}
        shifts = {f"{SHIFTS[shift]}, mean of sets": value for shift, value in by_shift(models, model).items()}
        facts = {"Model": name, "Source": "VL Hub", "Training images": int(own["dataset_size"])}
        rows.append(facts | {"IN1000 val.": own["imagenet_val"]} | found | shifts)
        theirs = timm_row(timm, TIMM[name])
        mean = sum(theirs[shift] for shift in SHIFTS) / len(SHIFTS)
        rows.append(facts | {"Source": "timm", "IN1000 val.": theirs["val"], "IN1000 avg.": mean})
    return pd.DataFrame(rows)
