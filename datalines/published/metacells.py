"""What JANuS (Feuer et al. 2023) prints of its meta-analysis, computed again: a number for each printed cell."""

import pandas as pd

from datalines.published.meta import LABEL_SETS, SHIFTS, averages, by_shift, row_of, top_counts

Cells = dict[tuple[str, str], float]

TABLE_2 = {"VOLO-D5-224": "volo_d5_224", "VGG-16": "vgg16"}
TABLE_3 = {"YFCC-10Mn-N.I.": "CLIP-RN50-yfcc10m-no-imagenet-classnames", "YFCC-15Mn": "CLIP-RN50-yfcc15m"}
TABLE_7 = {"CLIP-RN50": "CLIP-RN50-WIT-400m", "SWSL-RN50": "swsl_resnet50"}
IMAGES_OF_1X = 120_000
"""Training images of a data budget of 1x (section 5.1, Q1)."""

SIZES = {"S": "fewer than 50 million", "M": "50 to 100 million", "L": "over 100 million"}
ARCHITECTURES = {"vit": "ViT", "convolution": "convolution"}


def recomputed(models: pd.DataFrame) -> Cells:
    """Numbers by (item, cell) of every statement of the paper that the table `published/vlhub-models` decides.

    Accuracies are fractions, as printed. Raises PublishedError where a model of a table is missing.
    """
    return {**table_2(models), **table_3(models), **table_7(models), **text(models)}


def table_2(models: pd.DataFrame) -> Cells:
    """Average robustness by label set, and accuracy by shift as the mean over the three label sets."""
    found: Cells = {}
    for name, model in TABLE_2.items():
        own = {"IN1000 validation": float(row_of(models, model)["imagenet_val"])}
        own |= {f"{title} average": average_of(models, model, label_set) for label_set, title in LABEL_SETS.items()}
        own |= {f"by shift, {SHIFTS[shift]}": value for shift, value in by_shift(models, model).items()}
        found |= {("Table 2", f"{name}, {cell}"): value for cell, value in own.items()}
    return found


def table_3(models: pd.DataFrame) -> Cells:
    """Accuracy of two CLIP models on the validation images of each label set."""
    return {
        ("Table 3", f"{name}, {title} validation"): float(row_of(models, model)[f"{label_set}_val"])
        for name, model in TABLE_3.items()
        for label_set, title in LABEL_SETS.items()
    }


def table_7(models: pd.DataFrame) -> Cells:
    """The 1000-class rows; means of ten 100-class sets need predictions that the table does not have."""
    found: Cells = {}
    for name, model in TABLE_7.items():
        found["Table 7", f"{name} (1000-class), validation"] = float(row_of(models, model)["imagenet_val"])
        found["Table 7", f"{name} (1000-class), average"] = average_of(models, model, "imagenet")
    return found


def text(models: pd.DataFrame) -> Cells:
    """Numbers within the text: section 6 (Q1, Q2, Q4), its footnote 3, and appendices A and E.1."""
    found: Cells = {}
    for name, model in (("ResNet-50", "resnet50"), ("SWSL ResNet-50", "swsl_resnet50")):
        for label_set in ("imagenet", "in100"):
            cell = f"{name}, robustness, read as that on {LABEL_SETS[label_set]}"
            found["Section 6, Q1", cell] = average_of(models, model, label_set)
    found["Section 6, Q1", "SWSL ResNet-50, data budget (x)"] = (
        float(row_of(models, "swsl_resnet50")["dataset_size"]) / IMAGES_OF_1X
    )
    sizes, top = models["size"].value_counts(), top_counts(models, "imagenet", "size")
    for size, title in SIZES.items():
        found["Section 6, Q2", f"models with {title} parameters"] = float(sizes.get(size, 0))
        found["Section 6, Q2", f"top 100 with {title} parameters"] = float(top.get(size, 0))
    kinds = models["architecture"].value_counts()
    for kind, title in ARCHITECTURES.items():
        found["Section 6, Q4", f"{title} models"] = float(kinds.get(kind, 0))
        for label_set, name in LABEL_SETS.items():
            count = top_counts(models, label_set, "architecture").get(kind, 0)
            found["Section 6, Q4", f"{title} models among the top 100 on {name}"] = float(count)
    without = TABLE_3["YFCC-10Mn-N.I."]
    for label_set in ("dogs", "in100"):
        cell = f"YFCC-10Mn-N.I., {LABEL_SETS[label_set]} validation (%)"
        found["Footnote 3", cell] = 100 * float(row_of(models, without)[f"{label_set}_val"])
    for when, model in (("before", "CLIP-ViT-L-14-WIT-400m"), ("after", "CLIP-ViT-L-14-WIT-400m-ft-in1k")):
        found["Appendix A", f"ViT-L-14, {when} tuning, validation"] = float(row_of(models, model)["imagenet_val"])
        found["Appendix A", f"ViT-L-14, {when} tuning, average"] = average_of(models, model, "imagenet")
    found["Appendix E.1", "largest resolution (px)"] = float(models["image_size"].max())
    return found


def average_of(models: pd.DataFrame, model: str, label_set: str) -> float:
    """Average robustness of one model on one label set."""
    row_of(models, model)
    return float(averages(models, label_set)[models["model"] == model].iloc[0])
