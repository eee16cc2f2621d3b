"""Small published tables in which every model lies at a known height above a known line, for the talk's figures."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from datalines.published.tidy import COLUMNS, FULL, RESTRICTED

LINES = {"v2": (0.9, -0.5), "sketch": (1.1, -2.4), "r": (0.9, -1.6), "objectnet": (1.2, -2.0), "a": (3.0, -6.0)}
"""Slope and intercept of every shift's line on logit axes, against all of ImageNet."""

IMAGES = {"v2": 10_000, "sketch": 50_889, "r": 30_000, "objectnet": 18_514, "a": 7_500}
EASIER = 1.0  # how far accuracies on a shift's own classes lie above those on all classes, on logit axes
LADDER = tuple(0.56 + 0.02 * step for step in range(16))
OWN = ("r", "objectnet", "a")
PART = "resnet50_imagenet_subsample_1_of_{}_batch64_original_images"

Model = tuple[str, str, str, float, float]
"""Name, group, data set, accuracy on ImageNet, height above every line in points."""

TESTBED: tuple[Model, ...] = (
    *((f"standard-{step:02}", "standard", "in1k", x, 0.0) for step, x in enumerate(LADDER)),
    ("resnet101", "standard", "in1k", 0.774, 0.0),
    ("resnet50_aws_baseline", "standard", "in1k", 0.75, -1.0),
    ("resnet50_imagenet_100percent_batch64_original_images", "standard", "in1k", 0.76, 0.5),
    ("resnet50_cutmix", "robust", "", 0.78, 0.2),
    ("resnet18_lpf2", "robust", "", 0.30, 9.0),
    ("resnet50_l2_eps3_robust", "robust", "", 0.60, 3.0),
    ("instagram-resnext101_32x8d", "more-data", "", 0.82, 1.5),
    ("BiT-M-R50x1-ILSVRC2012", "more-data", "", 0.80, -0.5),
    ("vit_b_32_clip_zeroshot", "clip", "", 0.63, 9.0),
    ("resnet50_clip_zeroshot", "clip", "", 0.60, 9.0),
    *((PART.format(part), "subsample", "", x, 0.25) for part, x in zip((2, 4, 8, 16, 32), LADDER, strict=False)),
)
HUB: tuple[Model, ...] = (
    *((f"model-{step:02}", "standard", "in1k", x, 0.0) for step, x in enumerate(LADDER)),
    ("tv_resnet101", "standard", "in1k", 0.756, 0.0),
    ("CLIP-RN50-WIT-400m", "clip", "wit", 0.60, 6.0),
    ("CLIP-RN50x64-wit-400m", "clip", "wit", 0.739, 6.0),
    ("CLIP-ViT-B-32-WIT-400m", "clip", "wit", 0.634, 6.0),
    ("CLIP-ViT-L-14-WIT-400m", "clip", "wit", 0.755, 6.0),
    ("CLIP-ViT-L-14-336-openai", "clip", "wit", 0.765, 6.0),
    ("CLIP-RN50-laion15m", "laion", "laion15m", 0.351, 5.0),
    ("CLIP-RN50-cc12m", "clip", "cc12m", 0.245, 4.0),
    *((f"CLIP-RN50-yfcc{size}", "clip", "yfcc15m", x, 4.0)
      for size, x in (("2m", 0.12), ("4m", 0.19), ("10m-no-imagenet-classnames", 0.13), ("15m", 0.32))),
    ("CLIP-ViT-L-14-WIT-400m-ft-in1k", "clip-imagenet", "wit+in1k", 0.833, 2.0),
    ("CLIP-ViT-L-14-ft-cc12m+in1k-equal", "clip-imagenet", "cc12m+in1k-equal", 0.672, 5.0),
    ("CLIP-ViT-L-14-in1k", "clip-imagenet", "in1k", 0.414, 1.0),
    ("CLIP-ViT-L-14-WiseFT", "clip-imagenet", "wit+in1k", 0.853, 3.0),
)  # fmt: skip
TIMM: tuple[Model, ...] = (
    *((f"net{step}.in1k@224", "standard", "in1k", x, 0.0) for step, x in enumerate(LADDER)),
    ("resnet101.tv_in1k@224", "standard", "in1k", 0.774, 0.0),
)


def on_line(shift: str, x: float) -> float:
    """The accuracy that the line of a shift expects at an accuracy on all of ImageNet."""
    slope, intercept = LINES[shift]
    return float(expit(slope * logit(x) + intercept))


def tidy(source: str, models: Iterable[Model], shifts: Iterable[str], restricted: bool) -> pd.DataFrame:
    """A tidy table of the models: heights hold against all of ImageNet and against the shift's own classes alike."""
    rows = []
    known = list(models)
    for shift in shifts:
        for x_set in (FULL, RESTRICTED) if restricted and shift in OWN else (FULL,):
            for name, group, dataset, x, height in known:
                y = on_line(shift, x) + height / 100
                place = x if x_set == FULL else float(expit(logit(x) + EASIER))
                apart = group == "standard" and ("aws" in name or "batch64" in name)
                swapped = name.endswith("WiseFT")
                reason = "left-out-by-name" if apart else "sketch-above-v2" if swapped else ""
                images = 50_000 if x_set == FULL else 10_000
                key = (source, name, group, dataset, "", shift, x_set)
                rows.append((*key, images, IMAGES[shift], place, y, not reason, reason))
    return pd.DataFrame(rows, columns=COLUMNS)


def tables() -> dict[str, pd.DataFrame]:
    """The tables that the talk's scripts name, without those that were transcribed."""
    shared = ("v2", "sketch", "r", "a")
    sizes = {
        "CLIP-ViT-L-14-336-openai": 400e6,
        "tv_resnet101": 1.2e6,
        "CLIP-RN50-yfcc15m": 15e6,
        "CLIP-RN50-yfcc2m": 15e6,
    }
    models = pd.DataFrame(
        {"model": list(sizes), "dataset_size": [int(size) for size in sizes.values()], "params": 300.0}
    )
    counts = pd.DataFrame({"concepts": "imagenet", "source": "incaps", "index": range(4), "count": [3, 0, 5, 2]})
    return {
        "imagenet-testbed": tidy("imagenet-testbed", TESTBED, LINES, restricted=True),
        "vlhub": tidy("vlhub", HUB, shared, restricted=False),
        "timm": tidy("timm", TIMM, shared, restricted=False),
        "vlhub-models": models,
        "frequencies": counts,
        "talk-accuracy-drop": pd.DataFrame(
            {"model": ["A", "B"], "in_distribution": [80, 90], "out_of_distribution": [75, 77], "drop": [5, 13]}
        ),
    }


def expected_average(x: float) -> float:
    """The mean of what the four lines expect."""
    return float(np.mean([on_line(shift, x) for shift in ("v2", "sketch", "r", "a")]))
