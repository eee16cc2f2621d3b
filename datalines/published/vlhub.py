"""Reads meta-analysis-results.csv of VL Hub (Feuer et al. 2023): 659 classifiers and CLIP models, in fractions."""

from pathlib import Path

import pandas as pd

from datalines.published.reading import accuracies, check_key, check_known, read_texts
from datalines.published.tidy import FULL, STANDARD_GROUP, Pair, mark, pair_rows

FACTS = ("name", "updated_name", "dataset", "technique")
VAL, V2, SKETCH = (f"{stem}-zeroshot-val-top1" for stem in ("imagenet", "imagenetv2", "imagenets"))
PAIRS = (
    Pair("v2", FULL, VAL, V2, 50_000, 10_000),
    Pair("sketch", FULL, VAL, SKETCH, 50_000, 50_889),
    Pair("r", FULL, VAL, "imagenetr-zeroshot-val-top1", 50_000, 30_000),
    Pair("a", FULL, VAL, "imageneta-zeroshot-val-top1", 50_000, 7_500),
)
"""Shifts with the sets' declared numbers of images; the file gives accuracies of most models to three decimals."""

TECHNIQUES = ("Conventional", "VL", "LiT", "Wise-FT")
LAION = ("laion15m", "laion50m", "laion400m", "laion2b")
REPEATED = ("dpn68", "dpn68b", "resnet152", "resnet18", "resnext50_32x4d", "vit_small_patch16_224", "wide_resnet50_2")
IMPLAUSIBLE = "sketch-above-v2"


def read_vlhub(path: Path, source: str) -> pd.DataFrame:
    """VL Hub's file as a tidy table (see `tidy.COLUMNS`), shift by shift, models in the file's order.

    Seven names stand for two sets of weights each; the second is called `<name> (2)`. Rows whose Sketch accuracy is
    above that on V2 are left out on all shifts: no other model is like the three LiT rows and the Wise-FT row, whose
    columns seem to have changed places. Raises PublishedError, naming record and column, for other columns, units or
    techniques, and for another name that repeats.
    """
    columns = list(dict.fromkeys(name for pair in PAIRS for name in (pair.x, pair.y)))
    texts = read_texts(path, [*FACTS, *columns])
    model, _ = unique_names(path, texts)
    values = accuracies(path, texts, columns, unit=1)
    check_known(path, texts["technique"], TECHNIQUES)
    group = [group_of(*pair) for pair in zip(texts["technique"], texts["dataset"], strict=True)]
    facts = {"dataset": texts["dataset"], "technique": texts["technique"]}
    models = pd.DataFrame({"model": model, "group": group, **facts})
    above = values[SKETCH] > values[V2]
    rows = [mark(pair_rows(source, models, values, pair), above, IMPLAUSIBLE) for pair in PAIRS]
    return pd.concat(rows, ignore_index=True)


def unique_names(path: Path, texts: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Names of models, and which of them are second ones of their name: those are called `<name> (2)`.

    `texts` has the columns name and those of PAIRS. Raises PublishedError where another name than those of REPEATED
    comes twice, or one of them a third time, or with the same accuracies.
    """
    columns = ["name", *dict.fromkeys(name for pair in PAIRS for name in (pair.x, pair.y))]
    second = texts["name"].isin(REPEATED) & texts.duplicated("name") & ~texts.duplicated(columns)
    model = texts["name"].where(~second, texts["name"] + " (2)")
    check_key(path, model.rename("name"))
    return model, second


def group_of(technique: str, dataset: str) -> str:
    """The group of a model: what it was trained on, and whether with labels or with captions.

    standard and more-data are supervised, on ImageNet alone or on more; laion is CLIP on LAION alone, clip on other
    pairs; clip-imagenet is CLIP that saw ImageNet's training images, in training or afterwards.
    """
    if technique == "Conventional":
        return STANDARD_GROUP if dataset == "in1k" else "more-data"
    if technique != "VL" or "in1k" in dataset:
        return "clip-imagenet"
    return "laion" if dataset in LAION else "clip"
