"""JANuS (Feuer et al. 2023) from the numbers that its own tables print: averages, ratios, and runs by data budget."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from datalines.config.errors import suggestion
from datalines.published import meta
from datalines.published.metacells import IMAGES_OF_1X
from datalines.published.reading import PublishedError
from datalines.robustness.intervals import clopper_pearson

SHIFTS = tuple(meta.SHIFTS)
IMAGES = meta.IMAGES["in100"]
"""Images of the 100 classes in ImageNet's validation set and in the four shifts (R: of 36 shared classes, A: of 37)."""

COUNTS = {
    "val": f"n = {IMAGES['val']:,} images",
    "average": "n = " + ", ".join(f"{IMAGES[shift]:,}" for shift in SHIFTS) + " images",
}
"""What a figure says about the images behind an accuracy, and behind the average in the order of SHIFTS."""

UNIT = IMAGES_OF_1X
CE = {
    0.125: "in100(1/8th)-int",
    1: "in100-int",
    2: "in100+oi100-int",
    4: "in100+laion100-int",
    10: "JANuS-int",
    20: "JANuS+yfcc-2.4m-int-cliplabels",
}
VL = {0.125: "in100(1/8th)-VL-gtcaps", 1: "in100-VL-gtcaps", 4: "in100+laion100-VL-ttd", 10: "JANuS-VL-gt+ttd-1.1m"}
"""Rows of Table 9 by data budget: one run each with cross-entropy (CE) and with InfoNCE (VL), ResNet-50."""

BASE_NETWORK = "RN50"
HUB = meta.TABLE
TAB_01, TAB_04, TAB_05 = (f"published/janus-tab-{number:02}" for number in (1, 4, 5))
TAB_06, TAB_08, TAB_09 = (f"published/janus-tab-{number:02}" for number in (6, 8, 9))
_CE_ROWS = {
    "IN100 (JANuS)": CE[1],
    "IN100+OI100 (JANuS)": CE[2],
    "IN100+LAION100 (JANuS)": CE[4],
    "JANuS": CE[10],
    "JANuS+YFCC": CE[20],
}
TAB_04_ROWS = {
    **{data: (f"{TAB_09}:{run}", f"{TAB_09}:{run}-ViT-S-16") for data, run in _CE_ROWS.items()},
    "IN1k": (f"{HUB}:resnet50", f"{HUB}:vit_small_patch16_224"),
    "IN21k+IN1k": (f"{HUB}:resnetv2_50x1_bitm", f"{HUB}:vit_small_patch16_224 (2)"),
}
"""Where the models of Table 4 (ResNet-50, ViT-S-16) stand with all four shifts, as `table:model`. The paper does not
name those trained on ImageNet; each is the only model of its kind in VL Hub's file with both printed numbers."""

NETWORKS = {"rn50": "RN50", "vit": "ViT-S-16"}
"""The networks of Table 4: start of its columns, and name."""


def budget_name(budget: float) -> str:
    """A data budget as the paper writes it: 1/8x, 1x, 20x."""
    return f"{budget:g}x" if budget >= 1 else f"1/{1 / budget:g}x"


def averages(rows: pd.DataFrame) -> pd.Series:
    """Average robustness: the plain mean of the accuracies on V2, Sketch, R and A (section 3)."""
    return rows[list(SHIFTS)].astype(float).mean(axis=1, skipna=False)


def ratios(rows: pd.DataFrame) -> pd.Series:
    """Effective robustness ratio: average robustness over the accuracy on the reference set (section 3)."""
    return averages(rows) / rows["val"].astype(float)


def half_widths(rows: pd.DataFrame, level: float = 0.95) -> pd.Series:
    """Half the width of the interval of `averages` that a finite number of test images leaves, as fractions.

    Normal approximation over the independent images of the four sets (IMAGES); training anew is not part of it.
    """
    variance = sum(rows[shift] * (1 - rows[shift]) / IMAGES[shift] for shift in SHIFTS)
    return pd.Series(ndtri((1 + level) / 2) * np.sqrt(variance) / len(SHIFTS), index=rows.index)


def with_intervals(rows: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """The rows with `average` recomputed and the interval of val (exact) and of the average from the test images:
    columns val_low, val_high, average_low, average_high."""
    low, high = clopper_pearson(np.round(rows["val"] * IMAGES["val"]), IMAGES["val"], level)
    mean, half = averages(rows), half_widths(rows, level)
    held = rows.assign(average=mean, val_low=low, val_high=high)
    return held.assign(average_low=mean - half, average_high=mean + half)


def named_rows(rows: pd.DataFrame, names: Sequence[str], where: str = TAB_09) -> pd.DataFrame:
    """The rows of these models in this order; PublishedError for a name that `where` does not have."""
    found = rows.set_index("model", drop=False)
    for name in names:
        if name not in found.index:
            raise PublishedError(f"{where}: there is no model {name!r}{suggestion(name, list(found.index))}Add its row")
    return found.loc[list(names)].reset_index(drop=True)


def ladder(rows: pd.DataFrame, budgets: Mapping[float, str], network: str = BASE_NETWORK) -> pd.DataFrame:
    """Rows of Table 9 along the data budgets, as `with_intervals`.

    For another network than ResNet-50 those budgets at which the table has it.
    """
    names = list(budgets.values())
    if network != BASE_NETWORK:
        known = set(rows["model"])
        names = [name for name in (f"{run}-{network}" for run in names) if name in known]
        if not names:
            raise PublishedError(f"{TAB_09}: no model of network {network!r} stands in the table")
    return with_intervals(named_rows(rows, names))


def reference_rows(models: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Models of VL Hub's file on the 100 classes, with the columns of Table 9: model, val and the four shifts."""
    columns = {f"in100_{name}": name for name in ("val", *SHIFTS)}
    return named_rows(models, names, HUB)[["model", *columns]].rename(columns=columns)


def checked(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `average_here` and `err_here`, recomputed from their own columns."""
    return rows.assign(average_here=averages(rows), err_here=ratios(rows))


def ratio_range(row: Mapping[str, float], digits: int = 3) -> tuple[float, float]:
    """The least and largest effective robustness ratio that accuracies rounded to so many digits allow."""
    half = 0.5 * 10.0**-digits
    mean = float(np.mean([row[shift] for shift in SHIFTS]))
    return (mean - half) / (row["val"] + half), (mean + half) / (row["val"] - half)


def label_readings(rows: pd.DataFrame) -> pd.DataFrame:
    """Label accuracy and utilisation of Table 9 under two readings; a row per model that has both, below 1.

    The text (section H) defines both as correct labels over all samples, which would make them equal. `labelled` and
    `correct` are the shares of samples with a label and with the right one if accuracy is over labelled samples and
    utilisation is the share of labelled ones; `labelled_if_correct` is the share of labelled samples if utilisation is
    the share of right labels, which no value above 1 can be.
    """
    accuracy, utilisation = rows["label_accuracy"].astype(float), rows["utilisation"].astype(float)
    found = rows[["model"]].assign(
        label_accuracy=accuracy,
        utilisation=utilisation,
        labelled=utilisation,
        correct=accuracy * utilisation,
        labelled_if_correct=utilisation / accuracy,
    )
    return found[(accuracy < 1) & utilisation.notna()].reset_index(drop=True)


def table_4(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Table 4 with what Table 9 and VL Hub's file hold of its models, for rn50 and for vit: columns <network>_source
    (empty where there is none), <network>_val_here and <network>_average_here."""
    rows = tables[TAB_04].copy()
    for place, network in enumerate(NETWORKS):
        sources = [TAB_04_ROWS.get(str(data), ("", ""))[place] for data in rows["data"]]
        found = [_held(tables, source) for source in sources]
        rows[f"{network}_source"] = [source.split(":", 1)[-1] for source in sources]
        rows[f"{network}_val_here"] = [val for val, _ in found]
        rows[f"{network}_average_here"] = [average for _, average in found]
    return rows


def _held(tables: Mapping[str, pd.DataFrame], source: str) -> tuple[float, float]:
    """Accuracy on the reference set and average robustness of one model given as `table:model`."""
    if not source:
        return float("nan"), float("nan")
    table, model = source.split(":", 1)
    rows = tables[table]
    row = reference_rows(rows, [model]) if table == HUB else named_rows(rows, [model], table)
    return float(row["val"].iloc[0]), float(averages(row).iloc[0])
