"""VL Hub's meta-analysis as one row per model: what it was trained on, its size, and its accuracy on 15 sets.

The file behind Distributionally Robust Classification on a Data Budget (JANuS, Feuer et al. 2023); `vlhub` reads the
same file shift by shift.
"""

import re
from pathlib import Path

import pandas as pd

from datalines.published.reading import accuracies, check_known, numbers, read_texts, whole_numbers
from datalines.published.vlhub import TECHNIQUES, unique_names

SETS = ("imagenet", "in100", "dogs")
SHIFTS = ("v2", "sketch", "r", "a")
MEASURES = ("val", *SHIFTS, "average", "err")
_STEMS = {"imagenet": "imagenet", "in100": "in100", "dogs": "in100-dogs-"}
_FACTS = {
    "dataset-size": "dataset_size",
    "image_size": "image_size",
    "image_size_cat": "resolution",
    "param_count": "params",
    "size": "size",
    "architecture": "architecture",
}
COLUMNS = [
    *["model", "updated_name", "dataset", "dataset_size", "image_size", "resolution", "params", "size"],
    *["architecture", "technique", *[f"{name}_{measure}" for name in SETS for measure in MEASURES], "remarks"],
]
"""Columns of the table. `params` is in millions, 0 where the file states none; accuracies, averages and effective
robustness ratios (`err`) are the file's own fractions, missing ones nan; `remarks` are slugs joined by `;`."""

NO_SETS, SECOND, AVERAGE = "no-in100", "second-of-name", "average-differs"
ABOVE, NO_PARAMS, OTHER_SIZE = "sketch-above-v2", "no-params", "size-of-dataset-differs"
ROUNDED = (
    1.1e-3  # how far a stored average may be from the mean of its four shifts: it has three decimals, cut or rounded
)
MILLIONS = re.compile(r"-yfcc(\d+)m\b")
ARCHITECTURES = ("convolution", "vit", "regnet", "mlp", "hybrid", "lstm")
SIZES = ("S", "M", "L")


def read_models(path: Path) -> pd.DataFrame:
    """The 659 models of VL Hub's file in its order: COLUMNS.

    Names are those of `vlhub.read_vlhub`, hence unique. Architectures are in lower case, for the file writes two ways.
    Nothing is corrected: what is odd in a row stands under `remarks`. Raises PublishedError, naming record and column,
    for other columns, units, techniques, architectures, or size classes, and for another name that repeats.
    """
    texts = read_texts(path, [*_FACTS, "name", "updated_name", "dataset", "technique", *_accuracy_columns().values()])
    model, second = unique_names(path, texts)
    counts = whole_numbers(path, texts, ["dataset-size", "image_size"])
    fractions = [column for name, column in _accuracy_columns().items() if not name.endswith("_err")]
    values = accuracies(path, texts, fractions, unit=1)
    ratios = numbers(
        path, texts, ["param_count", *[column for name, column in _accuracy_columns().items() if name.endswith("_err")]]
    )
    architecture = texts["architecture"].str.lower().rename("architecture")
    check_known(path, texts["technique"], TECHNIQUES)
    check_known(path, architecture, ARCHITECTURES)
    for name in ("size", "image_size_cat"):
        check_known(path, texts[name], SIZES)
    rows = texts.assign(model=model, architecture=architecture, **counts)
    rows = rows.assign(**values, **ratios).rename(columns={**_FACTS, **{b: a for a, b in _accuracy_columns().items()}})
    return rows.assign(remarks=_remarks(rows, second))[COLUMNS]


def mean_of_shifts(rows: pd.DataFrame, name: str) -> pd.Series:
    """Average robustness of models on a set of SETS, recomputed: the mean over V2, Sketch, R and A, fractions."""
    return rows[[f"{name}_{shift}" for shift in SHIFTS]].mean(axis="columns", skipna=False)


def _accuracy_columns() -> dict[str, str]:
    """{column of the table: column of the file}."""
    ends = {"average": "average-robustness", "err": "effective-robustness"}
    found = {}
    for name, stem in _STEMS.items():
        for measure in MEASURES:
            if measure in ends:
                found[f"{name}_{measure}"] = f"{stem.rstrip('-')}-{ends[measure]}"
            elif measure == "val":
                found[f"{name}_{measure}"] = f"{stem.rstrip('-')}-zeroshot-val-top1"
            else:
                short = "s" if measure == "sketch" else measure
                found[f"{name}_{measure}"] = f"{stem}{short}-zeroshot-val-top1"
    return found


def _remarks(rows: pd.DataFrame, second: pd.Series) -> pd.Series:
    """What is odd in each row, slugs joined by `;`."""
    usual = rows.groupby("dataset")["dataset_size"].transform(lambda sizes: sizes.mode().iloc[0])
    stated = rows["model"].str.extract(MILLIONS, expand=False).astype(float) * 1e6
    off = [(mean_of_shifts(rows, name) - rows[f"{name}_average"]).abs() > ROUNDED for name in SETS]
    found = {
        NO_SETS: rows[["in100_val", "dogs_val"]].isna().any(axis="columns"),
        SECOND: second,
        AVERAGE: off[0] | off[1] | off[2],
        ABOVE: rows["imagenet_sketch"] > rows["imagenet_v2"],
        NO_PARAMS: rows["params"] == 0,
        OTHER_SIZE: (rows["dataset_size"] != usual) | (stated.notna() & (stated != rows["dataset_size"])),
    }
    return pd.DataFrame(found).apply(lambda row: ";".join(row.index[row.to_numpy(dtype=bool)]), axis="columns")
