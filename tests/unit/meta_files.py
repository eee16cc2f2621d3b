"""A small table `published/vlhub-models` and timm's results of its models, with numbers known by construction."""

from typing import Any

import numpy as np
import pandas as pd

from datalines.published import metacells
from datalines.published.meta import LABEL_SETS, SHIFTS
from datalines.published.models import COLUMNS

FALL = {"v2": 0.9, "sketch": 0.6, "r": 0.7, "a": 0.4}
"""Accuracy on each shift as a share of that on the validation images, where a row says nothing else."""


def row(model: str, val: float, **facts: Any) -> dict[str, Any]:
    """A supervised model on ImageNet-1k of accuracy `val` on all label sets, unless `facts` say otherwise."""
    found: dict[str, Any] = {
        "model": model,
        "updated_name": model,
        "dataset": "in1k",
        "dataset_size": 1_200_000,
        "image_size": 224,
        "resolution": "S",
        "params": 25.0,
        "size": "S",
        "architecture": "convolution",
        "technique": "Conventional",
        "remarks": "",
    }
    for label_set in LABEL_SETS:
        shifts = {f"{label_set}_{shift}": val * share for shift, share in FALL.items()}
        mean = sum(shifts.values()) / len(SHIFTS)
        found |= {f"{label_set}_val": val, **shifts, f"{label_set}_average": mean, f"{label_set}_err": mean / val}
    return found | facts


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows)[COLUMNS]


def supervised(count: int) -> list[dict[str, Any]]:
    """Models of both architectures and of all classes of size and resolution, a fifth of them on more data, and those
    that tables name."""
    rows = []
    for step, val in enumerate(np.linspace(0.6, 0.85, count)):
        size, resolution = "SML"[step % 3], "SML"[step // 2 % 3]
        facts: dict[str, Any] = {"size": size, "params": {"S": 20.0, "M": 80.0, "L": 300.0}[size] + step}
        facts |= {"resolution": resolution, "image_size": {"S": 224, "M": 320, "L": 800}[resolution]}
        facts |= {"dataset": "in21k", "dataset_size": 14_200_000} if step % 5 == 0 else {}
        rows.append(row(f"net{step}", float(val), architecture=("vit", "convolution")[step % 2], **facts))
    named = [*metacells.TABLE_2.values(), "resnet50", "swsl_resnet50"]
    return [*rows, *[row(model, 0.7 + 0.04 * place) for place, model in enumerate(named)]]


def paired() -> list[dict[str, Any]]:
    """CLIP models of three sizes of data, three that saw ImageNet, three of LiT and one of Wise-FT."""
    clip: dict[str, Any] = {"technique": "VL", "architecture": "vit"}
    data: dict[str, dict[str, Any]] = {
        "laion15m": {"dataset": "laion15m", "dataset_size": 15_000_000},
        "wit": {"dataset": "wit", "dataset_size": 400_000_000},
        "laion2b": {"dataset": "laion2b", "dataset_size": 2_000_000_000},
        "wit+in1k": {"dataset": "wit+in1k", "dataset_size": 401_200_000},
        "in1k": {"dataset": "in1k", "dataset_size": 1_200_000},
    }
    small = ["CLIP-RN50-laion15m", *metacells.TABLE_3.values()]
    large = ["CLIP-RN50-WIT-400m", *[f"CLIP-ViT-L-14-{end}" for end in ("WIT-400m", "336-openai", "laion400m")]]
    both = [("CLIP-ViT-L-14-WIT-400m-ft-in1k", 0.83), ("CLIP-ViT-L-14-ft-cc12m+in1k-equal", 0.67)]
    empty = {f"{label_set}_{name}": np.nan for label_set in ("in100", "dogs")
             for name in ("val", *SHIFTS, "average", "err")}  # fmt: skip
    odd = {"imagenet_v2": 0.3, "imagenet_sketch": 0.6, "remarks": "no-in100;sketch-above-v2", **empty}
    lit = [("LiT-15m", 0.62, "LiT"), ("LiT-150m", 0.66, "LiT"), ("LiT-400m", 0.7, "LiT")]
    return [
        *[row(model, 0.2 + 0.05 * place, **clip, **data["laion15m"]) for place, model in enumerate(small)],
        *[row(model, 0.6 + 0.05 * place, **clip, **data["wit"]) for place, model in enumerate(large)],
        row("CLIP-ViT-L-14-laion2b", 0.75, **clip, **data["laion2b"]),
        *[row(model, val, **clip, **data["wit+in1k"]) for model, val in both],
        row("CLIP-ViT-L-14-in1k", 0.41, **clip, **data["in1k"]),
        *[row(name, val, **clip | {"technique": kind}, **data["wit+in1k"], **odd)
          for name, val, kind in [*lit, ("CLIP-ViT-L-14-WiseFT", 0.84, "Wise-FT")]],
    ]  # fmt: skip


def study(count: int = 30) -> pd.DataFrame:
    """A table with every kind of model, and every model that a table or figure names."""
    return table(*supervised(count), *paired())


def timm(models: pd.DataFrame, sketch: dict[str, float] | None = None) -> pd.DataFrame:
    """A tidy table as of timm: all supervised models of a table with tag `x`, the networks that tables name with
    theirs; on Sketch 0.05 more than the table's, or the given accuracy."""
    tags = {"volo_d5_224": "sail_in1k", "vgg16": "tv_in1k"}
    rows = []
    for own in models[models["technique"] == "Conventional"].to_dict("records"):
        name = own["model"]
        full = f"{name}.{tags.get(name, 'x')}@{own['image_size']}"
        full = "resnet50.fb_swsl_ig1b_ft_in1k@224" if name == "swsl_resnet50" else full
        for shift in SHIFTS:
            y = own[f"imagenet_{shift}"]
            if shift == "sketch":
                y = (sketch or {}).get(name, y + 0.05)
            rows.append({"model": full, "shift": shift, "x_set": "full", "x": own["imagenet_val"], "y": y})
    return pd.DataFrame(rows)
