"""Small files in the two formats of published results, with models whose group and place are known."""

import csv
from collections.abc import Sequence
from pathlib import Path

from datalines.published import testbed_file, vlhub

MIRROR = Path(__file__).parents[3] / "shared" / "mirror"

STANDARD = ("alexnet", "vgg11", "resnet18", "resnet34", "resnet50", "densenet121", "resnet152", "senet154")
"""Standard models from the lowest to the highest accuracy; resnet50 is at 0 % on ImageNet-A, as in the real file."""
OTHERS = (
    ("resnet50_aws_baseline", 0.76),
    ("resnet50_imagenet_100percent_batch64_original_images", 0.75),
    ("resnet50_imagenet_subsample_1_of_4_batch64_original_images", 0.63),
    ("resnet50_cutmix", 0.78),
    ("instagram-resnext101_32x8d", 0.82),
    ("vit_b_32_clip_zeroshot", 0.63),
    ("resnet18_50k_3_epochs", 0.02),
    ("newcomer", 0.7),
)
RESTRICTED_GAIN = 0.1

Cells = list[dict[str, str]]


def percent(share: float, n: int) -> str:
    """A share of n images as the testbed's file has it."""
    return repr(100 * round(share * n) / n)


def testbed_cells() -> Cells:
    """Rows of the testbed's file: accuracies on shifts are half of those on the set that they are held against."""
    sizes = {name: n for pair in testbed_file.PAIRS for name, n in ((pair.x, pair.n_x), (pair.y, pair.n_y))}
    rows = []
    ladder = [(model, 0.5 + 0.05 * step) for step, model in enumerate(STANDARD)]
    for model, share in [*ladder, *OTHERS]:
        shares = {name: share if name == "val" else share / 2 for name in sizes}
        shares |= {name: min(share + RESTRICTED_GAIN, 0.99) for name in sizes if name.startswith("val-on")}
        row = {"model": model, **{name: percent(shares[name], n) for name, n in sizes.items()}}
        rows.append(row | ({"imagenet-a": "0.0"} if model == "resnet50" else {}))
    return rows


def vlhub_cells() -> Cells:
    """Rows of VL Hub's file: six supervised models, one on more data, one name twice, CLIP on three kinds of data."""
    facts = [(f"model{step}", "in1k", "Conventional", 0.6 + 0.03 * step) for step in range(6)]
    facts += [("bigger", "in21k", "Conventional", 0.8), ("resnet18", "in1k", "Conventional", 0.7)]
    facts += [("resnet18", "in1k", "Conventional", 0.63), ("CLIP-RN50-laion15m", "laion15m", "VL", 0.35)]
    facts += [("CLIP-L-laion2b", "laion2b", "VL", 0.75), ("CLIP-RN50-yfcc15m", "yfcc15m", "VL", 0.32)]
    facts += [
        ("CLIP-both", "laion+cc12m", "VL", 0.38),
        ("CLIP-in1k", "in1k", "VL", 0.41),
        ("LiT", "x+in1k", "LiT", 0.7),
    ]
    rows = []
    for name, dataset, technique, share in facts:
        row = {"name": name, "updated_name": name, "dataset": dataset, "technique": technique}
        parts = {"imagenetv2": 0.9, "imagenets": 0.8, "imagenetr": 0.5, "imageneta": 0.2}
        row[vlhub.VAL] = f"{share:.4f}"
        rows.append(row | {f"{stem}-zeroshot-val-top1": f"{share * part:.4f}" for stem, part in parts.items()})
    rows[-1]["imagenetv2-zeroshot-val-top1"] = "0.1000"
    return rows


def write(path: Path, cells: Sequence[dict[str, str]], columns: Sequence[str] | None = None) -> Path:
    """A csv file of rows; `columns` is the header, in order, where it is not that of the first row."""
    head = list(columns or cells[0])
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(head)
        writer.writerows([list(row.values()) for row in cells])
    return path
