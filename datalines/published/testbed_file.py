"""Reads robustness_top1s.csv of the robustness testbed (Taori et al. 2020): 338 models, accuracies in percent."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from datalines.published.reading import accuracies, check_counts, check_key, read_texts
from datalines.published.standard import STANDARD
from datalines.published.tidy import FULL, RESTRICTED, STANDARD_GROUP, Pair, mark, pair_rows

V2 = "imagenetv2-matched-frequency-format-val"
PAIRS = (
    Pair("v2", FULL, "val", V2, 50_000, 10_000),
    Pair("sketch", FULL, "val", "imagenet-sketch", 50_000, 50_889),
    Pair("r", FULL, "val", "imagenet-r", 50_000, 30_000),
    Pair("r", RESTRICTED, "val-on-imagenet-r-classes", "imagenet-r", 10_000, 30_000),
    Pair("objectnet", FULL, "val", "objectnet-1.0-beta", 50_000, 18_514),
    Pair("objectnet", RESTRICTED, "val-on-objectnet-classes", "objectnet-1.0-beta", 6_250, 18_514),
    Pair("a", FULL, "val", "imagenet-a", 50_000, 7_500),
    Pair("a", RESTRICTED, "val-on-imagenet-a-classes", "imagenet-a", 10_000, 7_500),
)
"""Shifts with their sets. Every accuracy of the file is a count out of these numbers of images: the ObjectNet of the
testbed has 18,514 images, and its accuracies on Sketch are out of 50,889."""

FLOORS = {"v2": 0.55, "sketch": 0.55, "r": 0.75, "objectnet": 0.55, "a": 0.75}
"""Accuracy on the in-distribution set (of the shift's own classes, where there is one) below which a standard model
does not carry the line."""

GROUPS = (
    ("clip", r"_clip_zeroshot$"),
    ("subsample", r"_subsample_"),
    ("undertrained", r"_\d+_epochs$|_lstsq$|_random_forests$|_one_nn$"),
    ("more-data", r"instagram|_swsl$|_ssl$|^BiT-M|noisystudent|^FixResNeXt101|jft-300M|tencent|imagenet(11|21)k"),
    ("more-data", r"^dpn(68b|92|107)$|^vit_(base|large)_"),
    ("robust", r"advprop|_lpf\d$|cutmix|cutout|mixup|augmix|deepaugment|_SIN|-rotation-|_with_.*_aws$|CutMix"),
    ("robust", r"adv_trained|adv-train|_robust$|randomized_smoothing|smoothing_adversarial"),
)
"""Groups by patterns of names, tried in this order after the list of standard models; what is left is `other`."""

LEFT_OUT_BY_NAME = re.compile("aws|batch64|subsample", re.IGNORECASE)
BY_NAME, BELOW = "left-out-by-name", "below-floor"
COUNTED = 2e-7  # how far a stored fraction may be from a count over n: the file holds single-precision percentages


def read_testbed(path: Path, source: str) -> pd.DataFrame:
    """The testbed's file as a tidy table (see `tidy.COLUMNS`), shift by shift, models in the file's order.

    A standard model is used where it carries the baseline's line: its name holds neither `aws` nor `batch64` nor
    `subsample`, and its accuracy is at or above the shift's floor. Raises PublishedError, naming record and column, for
    a file that is not the testbed's: columns, keys, units, and accuracies that are no count out of the set's images.
    """
    columns = list(dict.fromkeys(name for pair in PAIRS for name in (pair.x, pair.y)))
    texts = read_texts(path, ["model", *columns])
    check_key(path, texts["model"])
    values = accuracies(path, texts, columns, unit=100)
    for pair in PAIRS:
        check_counts(path, pair.x, values[pair.x], pair.n_x, COUNTED)
        check_counts(path, pair.y, values[pair.y], pair.n_y, COUNTED)
    group = texts["model"].map(group_of)
    dataset = np.where(group == STANDARD_GROUP, "in1k", "")
    models = pd.DataFrame({"model": texts["model"], "group": group, "dataset": dataset, "technique": ""})
    return pd.concat([_fitted(pair_rows(source, models, values, pair), values) for pair in PAIRS], ignore_index=True)


def group_of(model: str) -> str:
    """The group of a model by its name."""
    if model in STANDARD:
        return STANDARD_GROUP
    return next((group for group, pattern in GROUPS if re.search(pattern, model)), "other")


def _fitted(rows: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """The rows of one pair with the standard models that do not carry the line marked.

    The floor is on the shift's own classes whichever set is on the axis, so that both lines go through the same models.
    """
    shift = str(rows["shift"].iloc[0])
    own = [pair.x for pair in PAIRS if pair.shift == shift][-1]
    standard = rows["group"] == STANDARD_GROUP
    rows = mark(rows, standard & rows["model"].str.contains(LEFT_OUT_BY_NAME), BY_NAME)
    return mark(rows, standard & (values[own] < FLOORS[shift]), BELOW)
