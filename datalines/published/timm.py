"""Reads the results tables of timm (pytorch-image-models): 1,556 models at an image size, accuracies in percent."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from datalines.published.filenames import A_CLASSES, R_CLASSES, REAL, SKETCH, TIMM, V2, VAL, A, R
from datalines.published.reading import (
    PublishedError,
    accuracies,
    check_counts,
    check_filled,
    check_key,
    numbers,
    read_texts,
)
from datalines.published.tidy import FULL, RESTRICTED, STANDARD_GROUP, Pair, mark, pair_rows

IMAGES = dict(zip(TIMM, (50_000, 10_000, 50_889, 30_000, 10_000, 7_500, 10_000, 46_837), strict=True))
"""Files with the number of images that their accuracies are out of; ReaL leaves out those of ImageNet's images that its
annotators gave no label."""
PAIRS = (
    Pair("v2", FULL, VAL, V2, IMAGES[VAL], IMAGES[V2]),
    Pair("sketch", FULL, VAL, SKETCH, IMAGES[VAL], IMAGES[SKETCH]),
    Pair("r", FULL, VAL, R, IMAGES[VAL], IMAGES[R]),
    Pair("r", RESTRICTED, R_CLASSES, R, IMAGES[R_CLASSES], IMAGES[R]),
    Pair("a", FULL, VAL, A, IMAGES[VAL], IMAGES[A]),
    Pair("a", RESTRICTED, A_CLASSES, A, IMAGES[A_CLASSES], IMAGES[A]),
    Pair("real", FULL, VAL, REAL, IMAGES[VAL], IMAGES[REAL]),
)

MORE_DATA = (
    *("in21k", "in22k", "in12k", "jft", "ig1b", "yfcc", "swag", "seer", "clip", "laion", "openai", "webli"),
    *("m38m", "m30m", "ssld", "goog_distilled", "goog_teacher"),
)
"""Parts of a tag (what follows the first dot of a name) that say a model saw more than ImageNet's 1,000 classes."""
UNKNOWN = "not-in-imagenet-file"
COUNTED = 6e-6  # how far a fraction may be from a count over n: the files have three decimals of percent, rounded twice
KEY = ["model", "img_size"]
SAME = ["param_count", "crop_pct", "interpolation"]


def read_timm(files: Mapping[str, Path], source: str) -> pd.DataFrame:
    """timm's files as a tidy table (see `tidy.COLUMNS`), shift by shift, models in the order of `results-imagenet.csv`.

    `files` maps the names of TIMM to paths. A model is `<name>@<image size>`, its dataset the tag of its name, its
    group `standard` where the tag names no data beyond ImageNet-1k and `more-data` elsewhere. Files are joined on
    (model, img_size), because 290 names stand there at more than one size. A model without an accuracy under a shift
    is not used (`missing`), nor is one that a shift's file has and `results-imagenet.csv` has not
    (`not-in-imagenet-file`). Raises PublishedError, naming record and column, for other columns, units or keys,
    accuracies that are no count out of the set's images, and files that say different things of one model.
    """
    tables = {name: _file(files[name], images) for name, images in IMAGES.items()}
    facts = tables[VAL][SAME]
    for name, table in tables.items():
        _check_same(files[name], table[SAME], facts)
    return pd.concat([_pair(source, tables, pair) for pair in PAIRS], ignore_index=True)


def is_standard(tag: str) -> bool:
    """Whether a tag says that a model was trained on ImageNet-1k alone."""
    return not any(part in tag for part in MORE_DATA)


def _file(path: Path, images: int) -> pd.DataFrame:
    """Accuracy (a fraction) and facts of one file by `<model>@<size>`, rows in the file's order."""
    texts = read_texts(path, [*KEY, "top1", *SAME])
    check_filled(path, texts["model"])
    key = (texts["model"] + "@" + texts["img_size"]).rename("model@img_size")
    check_key(path, key)
    counts = numbers(path, texts, ["img_size", "param_count"])
    values = accuracies(path, texts, ["top1"], unit=100)
    check_counts(path, "top1", values["top1"], images, COUNTED)
    found = texts[SAME].assign(top1=values["top1"], param_count=counts["param_count"])
    return found.set_axis(key, axis="index")


def _check_same(path: Path, facts: pd.DataFrame, known: pd.DataFrame) -> None:
    """Refuse a file whose models are not those of `results-imagenet.csv`: parameters, crop, interpolation."""
    shared = facts.index.intersection(known.index, sort=False)
    differs = (facts.loc[shared] != known.loc[shared]).any(axis="columns")
    if differs.any():
        raise PublishedError(
            f"{path}: {differs.index[differs.to_numpy()][0]} has other {', '.join(SAME)} than in {VAL}; declare files "
            "of one commit under `published`"
        )


def _pair(source: str, tables: Mapping[str, pd.DataFrame], pair: Pair) -> pd.DataFrame:
    """The rows of one pair: every model of the in-distribution file, then those that only the shift's file has."""
    x, y = tables[pair.x]["top1"], tables[pair.y]["top1"]
    known = tables[VAL].index
    names = known.append(y.index.difference(known, sort=False))
    tags = pd.Series([name.rpartition("@")[0].partition(".")[2] for name in names])
    group = np.where(tags.map(is_standard), STANDARD_GROUP, "more-data")
    models = pd.DataFrame({"model": names, "group": group, "dataset": tags, "technique": ""})
    values = pd.DataFrame({pair.x: x.reindex(names).to_numpy(), pair.y: y.reindex(names).to_numpy()})
    rows = pair_rows(source, models, values, pair)
    unknown = ~rows["model"].isin(known)
    return mark(rows.assign(used=rows["used"] | unknown), unknown, UNKNOWN)
