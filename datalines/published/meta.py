"""The meta-analysis of JANuS (Feuer et al. 2023, section 5.2): ten best models per bin, best per size of data set,
means by shift, all from the table `published/vlhub-models` with its accuracies as fractions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from datalines.published.models import ABOVE, ROUNDED, mean_of_shifts
from datalines.published.options import table_named
from datalines.published.reading import PublishedError
from datalines.published.vlhub import group_of

LABEL_SETS = {"imagenet": "IN1000", "in100": "IN100", "dogs": "IN100-Dogs"}
"""The paper's names of `models.SETS`; the second and third have 100 classes each."""

SHIFTS = {"v2": "V2", "sketch": "S", "r": "R", "a": "A"}
TABLE = "published/vlhub-models"
IMAGES = {
    "imagenet": {"val": 50_000, "v2": 10_000, "sketch": 50_889, "r": 30_000, "a": 7_500},
    "in100": {"val": 5_000, "v2": 1_000, "sketch": 5_083, "r": 6_306, "a": 1_601},
    "dogs": {"val": 5_000, "v2": 1_000, "sketch": 5_080, "r": 2_603, "a": 88},
}
"""Images of each set: those of ImageNet-R and -A are of the classes that these sets have."""

LOSSES = {"Conventional": "CE", "VL": "VL"}
"""Techniques that are a loss trained with from scratch; LiT and Wise-FT start from other models."""

BEST, TOP = 10, 100
DECADES = (0, 10_000_000, 100_000_000, 1_000_000_000)
"""Where bins of data-set sizes begin, in images: those in which architectures are compared."""

BEST_COLUMNS = ["bin", "label_set", "rank", "model", "average", "dataset_size"]
MEAN_COLUMNS = ["bin", "label_set", "models", "n", "average", "lowest", "highest"]
TIER_COLUMNS = ["tier", "loss", "label_set", "models", "model", "dataset_size", "average"]


def averages(models: pd.DataFrame, label_set: str, corrected: bool = True) -> pd.Series:
    """Average robustness, fractions (k,): the unweighted mean of the accuracies on V2, Sketch, R and A (section 3).

    It is the file's own, rounded to three decimals; `corrected` puts the mean of the four accuracies where the file's
    is another number, which one row's is (CLIP-RN50-WIT-400m on IN1000, stored as 0.497, and 0.4306 by its shifts).
    """
    stored, mean = models[f"{label_set}_average"], mean_of_shifts(models, label_set)
    return stored.mask((stored - mean).abs() > ROUNDED, mean) if corrected else stored


def row_of(models: pd.DataFrame, model: str) -> pd.Series:
    """The row of one model; raises PublishedError where the table has no such model."""
    chosen = models[models["model"] == model]
    if chosen.empty:
        raise PublishedError(f"published/vlhub-models.csv has no model {model!r}; declare the file that has it")
    return chosen.iloc[0]


def groups(models: pd.DataFrame) -> pd.Series:
    """Group of every model as in the table `published/vlhub`: standard, more-data, laion, clip or clip-imagenet."""
    pairs = zip(models["technique"], models["dataset"], strict=True)
    return pd.Series([group_of(*pair) for pair in pairs], index=models.index)


def data_bins(models: pd.DataFrame) -> pd.Series:
    """Bin of every model's data-set size, by its start in DECADES; raises PublishedError for a size below one."""
    sizes = models["dataset_size"]
    if (sizes < 1).any():
        raise PublishedError("published/vlhub-models.csv: a dataset_size is below 1; write the number of images")
    starts = np.array(DECADES)
    return pd.Series(starts[np.searchsorted(starts, sizes, side="right") - 1], index=models.index)


def best(models: pd.DataFrame, label_set: str, count: int) -> pd.DataFrame:
    """The rows of the most robust models of a label set, best first, at most `count`; of equals the file's first."""
    order = averages(models, label_set).dropna().sort_values(ascending=False, kind="stable").index[:count]
    return models.loc[order].assign(average=averages(models, label_set)[order])


def ten_best(models: pd.DataFrame, bins: pd.Series) -> pd.DataFrame:
    """The ten most robust models of every bin and label set (section 5.2), best first: columns BEST_COLUMNS.

    `bins` (k,) has the bin of each model; a bin of fewer than ten models with results gives as many as it has.
    """
    found = []
    for name, part in models.groupby(bins, sort=True):
        for label_set in LABEL_SETS:
            rows = best(part, label_set, BEST).assign(bin=name, label_set=label_set)
            found.append(rows.assign(rank=np.arange(1, len(rows) + 1))[BEST_COLUMNS])
    return pd.concat(found, ignore_index=True)


def ten_best_means(models: pd.DataFrame, bins: pd.Series) -> pd.DataFrame:
    """Mean average robustness of the ten best of every bin and label set, columns MEAN_COLUMNS.

    `models` counts the bin's models with results on the label set, `n` those averaged, `lowest` and `highest` are the
    ends of these n.
    """
    rows = ten_best(models, bins).groupby(["bin", "label_set"], sort=False)["average"]
    means = rows.agg(n="size", average="mean", lowest="min", highest="max").reset_index()
    known = {
        (name, label_set): int(part[f"{label_set}_average"].notna().sum())
        for name, part in models.groupby(bins)
        for label_set in LABEL_SETS
    }
    counted = [known[key] for key in zip(means["bin"], means["label_set"], strict=True)]
    return means.assign(models=counted)[MEAN_COLUMNS]


def best_per_tier(models: pd.DataFrame) -> pd.DataFrame:
    """The most robust CE and VL model of every size of data set and label set (Figure 1 R), columns TIER_COLUMNS.

    A tier is a size of two significant digits, so that a web set with ImageNet's 1.2 million images on top of its 400
    million is no tier of its own. Sizes are as the file states them.
    """
    sizes = models["dataset_size"]
    step = 10 ** (np.floor(np.log10(sizes)).astype("int64") - 1)
    tier = (np.round(sizes / step) * step).astype("int64").rename("tier")
    loss = models["technique"].map(LOSSES).rename("loss")
    found = []
    for _, part in models.assign(tier=tier, loss=loss).groupby(["tier", "loss"], sort=True):
        for label_set in LABEL_SETS:
            known = part[part[f"{label_set}_average"].notna()]
            rows = best(known, label_set, 1).assign(label_set=label_set, models=len(known))
            found.append(rows[TIER_COLUMNS])
    return pd.concat(found, ignore_index=True)


def top_counts(models: pd.DataFrame, label_set: str, column: str, top: int = TOP) -> dict[str, int]:
    """How many of the most robust models of a label set have each value of a column (sections Q2 and Q4)."""
    counts = best(models, label_set, top)[column].value_counts()
    return {str(name): int(count) for name, count in counts.items()}


def by_shift(models: pd.DataFrame, model: str) -> dict[str, float]:
    """Accuracy of one model on each shift, the mean over the three label sets (Table 2, lower half)."""
    row = row_of(models, model)
    return {shift: float(np.mean([row[f"{name}_{shift}"] for name in LABEL_SETS])) for shift in SHIFTS}


def pearson(models: pd.DataFrame, corrected: bool = True) -> float:
    """Correlation of accuracy and average robustness on IN1000 over all models."""
    return float(models["imagenet_val"].corr(averages(models, "imagenet", corrected)))


def models_of(tables: Mapping[str, pd.DataFrame], title: str) -> pd.DataFrame:
    """The table of models among those of a figure or table, with a text, maybe empty, for the remarks of each."""
    models: pd.DataFrame = table_named(tables, TABLE, title)
    return models.assign(remarks=models["remarks"].fillna("").astype(str))


def exchanged(models: pd.DataFrame) -> pd.Series:
    """Which models' accuracies on the IN1000 shifts seem to stand in each other's columns (three LiT, one Wise-FT).

    Their averages are right in whatever order; on a single shift they cannot be drawn.
    """
    return models["remarks"].str.split(";").map(lambda words: ABOVE in words)
