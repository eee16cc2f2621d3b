"""ImageNet classes that fewer than 10 captions of YFCC-15M name. A row per frequency: how many classes have it by the
released frequencies and by the paper's Table 1; the classes' names by the released frequencies, in the order of
ImageNet's classes; then, as published, the accuracies (%) of these classes for a CLIP model trained on YFCC-15M
(open_clip's RN50, 50 images a class), in the order in which the paper prints them, with their mean. Scale: {scale}. The
paper's Table 1 has one column per class and names the last five, which stand before their accuracies here; among other
classes of equal frequency its order is not known, so accuracies are given for the classes of one frequency together.
Accuracies cannot be recomputed from released tables."""

import pandas as pd

from datalines.published.imbalance import IMAGENET, TAIL, YFCC
from datalines.published.options import table_named, table_options
from datalines.published.ranked import class_counts, joined, tail
from datalines.tables import Table

FREQUENCIES, PRINTED = "published/frequencies", "published/imbalance-tab-01"
COLUMNS = ["Captions", "Classes", "Published classes", "Names", "Published accuracies (%)", "Published mean (%)"]


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per frequency below 10, from the highest. The script has no options of its own."""
    table_options(table, {})
    rows = joined([table_named(tables, FREQUENCIES, table.title)])
    printed = table_named(tables, PRINTED, table.title)
    rare = tail(class_counts(rows, IMAGENET, [YFCC])[YFCC], TAIL)
    found = []
    for frequency in sorted({*rare, *printed["frequency"]}, reverse=True):
        names = rare.index[rare == frequency]
        own = printed[printed["frequency"] == frequency]
        accuracies = own["accuracy"]
        told = ", ".join(
            f"{name} {value:g}".strip() for name, value in zip(own["name"].fillna(""), accuracies, strict=True)
        )
        found.append((int(frequency), len(names), len(accuracies), ", ".join(names), told, accuracies.mean()))
    return pd.DataFrame(found, columns=COLUMNS)
