"""Small files in the format of timm's results: models at sizes, accuracies that are counts out of the sets."""

import csv
from pathlib import Path

from datalines.published.timm import IMAGES

MODELS = (
    ("resnet50.tv_in1k", "224", 0.76, "25.56"),
    ("resnet50.tv_in1k", "288", 0.77, "25.56"),
    ("vit_giant.clip_ft_in1k", "336", 0.89, "1,013.01"),
    ("convnext.fb_in1k", "224", 0.84, "88.59"),
)
"""Name, size, accuracy on ImageNet, parameters in millions."""

Rows = list[dict[str, str]]


def percent(share: float, images: int) -> str:
    """A share of some images as the files have it: three decimals of percent."""
    return f"{100 * round(share * images) / images:.3f}"


def timm_rows() -> dict[str, Rows]:
    """Rows by file: accuracies under shifts are half of those on ImageNet, on the classes of R and A 0.1 above."""
    found: dict[str, Rows] = {}
    for name, images in IMAGES.items():
        found[name] = []
        for model, size, share, parameters in MODELS:
            own = share if name == "results-imagenet.csv" else share + 0.1 if "clean" in name else share / 2
            row = {"model": model, "img_size": size, "top1": percent(own, images), "param_count": parameters}
            found[name].append({**row, "crop_pct": "0.875", "interpolation": "bicubic"})
    return found


def write_timm(folder: Path, rows: dict[str, Rows]) -> dict[str, Path]:
    """The files {name: path} of rows by name; a file without rows has a header of its own."""
    for name, lines in rows.items():
        with (folder / name).open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    return {name: folder / name for name in rows}
