"""Accuracy and robustness of models by how their data were scaled, as far as published tables have the points: the
paper does not tabulate those of its Figure 1. Horizontal: accuracy on the validation images of ImageNet-100; vertical:
mean accuracy on the classes' images in ImageNet-V2, Sketch, R and A, both in percent. Vertical scaling (blue, joined
in the order of the data budget) is Table 4 of JANuS (Feuer et al. 2023): ResNet-50 on more images of the same 100
classes, 1x being about 120,000. Horizontal scaling is Table 2 (orange, ResNet-50 trained on further classes) and Table
1 (green, checkpoints of timm, logits of other classes masked; labels are the thousands of classes of its stages of
training). Grey are the blends of IN100 and OI100 in Table 3. The area of a marker grows with the square root of the
number of images. Right: the upper right part of the left panel. One run a marker; two runs of one recipe differ by up
to two points. The paper's shades for numbers of parameters are left out, for its tables do not have them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.cells import Cells
from datalines.plotting.house import PALETTE
from datalines.published.options import options_of, table_named

COLUMNS = ["series", "label", "x", "y", "images_millions"]
VERTICAL = ["IN100 (JANuS)", "IN100+OI100 (JANuS)", "IN100+LAION100 (JANuS)", "JANuS", "JANuS+YFCC"]
"""Rows of JANuS' Table 4 that have the 100 classes alone."""

BUDGET = 0.12  # million images of a budget of 1x (JANuS, section 5, Q1)
GREY = "#8a8a8a"
SERIES = {
    "blends": ("Blends (Table 3)", GREY, "X"),
    "vertical": ("More images, same classes (JANuS)", PALETTE[0], "o"),
    "further": ("More classes, scratch (Table 2)", PALETTE[1], "s"),
    "pretrained": ("More classes, timm (Table 1)", PALETTE[2], "^"),
}
ZOOM = ((80.5, 99.5), (34, 74))
AREA = 26.0  # square points of a marker for a million images
KEYS = (0.1, 1.0, 10.0)
ASIDE = {"vertical": (-3, 0), "further": (3, 0), "pretrained": (3, 0)}
NUDGED = {"2x": (-3, 3), "1x": (3, -3), "FractalDB": (-3, 0), "1k → 12k": (3, 3), "1k": (3, 0)}
"""How far labels stand from their markers, in points, by series, and of single ones that others are near."""


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Two panels of all rows of published/janus-tab-04 and published/indicators-tab-01 to -03. No options."""
    options_of(figure.title, figure.options, {})
    names = ("janus-tab-04", *(f"indicators-tab-0{number}" for number in (1, 2, 3)))
    points = gathered(*(table_named(tables, f"published/{name}", figure.title) for name in names))
    with house_style():
        cells = Cells(2)
        for place, axes in enumerate(cells.axes):
            _panel(axes, points, zoomed=place == 1)
        cells.axes[0].set_ylabel("Average robustness (%)")
        cells.legend(_handles(points))
    return Drawing(cells.canvas, points[COLUMNS], [f"n = {len(points)} models."])


def gathered(budgets: pd.DataFrame, models: pd.DataFrame, sources: pd.DataFrame, blends: pd.DataFrame) -> pd.DataFrame:
    """All points: series, label, x and y in percent, images in millions."""
    grown = budgets[budgets["data"].isin(VERTICAL)].sort_values("budget")
    stages = models["stages"].str.removesuffix(", ZS 100").str.replace(r"(PT|FT) ", "", regex=True)
    short = [f"{int(number) / 1000:g}k" for text in stages for number in text.split(", ")]
    counts = stages.str.count(",") + 1
    ends = np.cumsum(counts)
    steps = [" → ".join(short[end - count : end]) for end, count in zip(ends, counts, strict=True)]
    parts = {
        "blends": ([""] * len(blends), blends["val"], blends["average"], blends["size"] / 1e6),
        "vertical": ([f"{budget:g}x" for budget in grown["budget"]], 100 * grown["rn50_val"],
                     100 * grown["rn50_average"], BUDGET * grown["budget"]),
        "further": (sources["source"], sources["val"], sources["average"], sources["size_millions"]),
        "pretrained": (steps, models["val"], models["average"], models["size_millions"]),
    }  # fmt: skip
    frames = [
        pd.DataFrame(dict(zip(COLUMNS[1:], map(np.asarray, part), strict=True))).assign(series=name)
        for name, part in parts.items()
    ]
    return pd.concat(frames, ignore_index=True)


def area(images: float) -> float:
    """Area of a marker in square points, of so many million images."""
    return AREA * float(np.sqrt(images))


def _panel(axes: Axes, points: pd.DataFrame, zoomed: bool) -> None:
    axes.set(xlim=ZOOM[0] if zoomed else (20, 100), ylim=ZOOM[1] if zoomed else (0, 76))
    for name, (_, colour, marker) in SERIES.items():
        own = points[points["series"] == name]
        if name == "vertical":
            axes.plot(own["x"], own["y"], color=colour, linewidth=0.9, zorder=2)
        for row in own.to_dict("records"):
            x, y, size = row["x"], row["y"], area(row["images_millions"])
            axes.scatter(x, y, s=size, color=colour, marker=marker, edgecolors="white", linewidths=0.5,
                         zorder=4 - size / 1000)  # fmt: skip
            if row["label"] and (ZOOM[0][0] < x and ZOOM[1][0] < y) == zoomed:
                _label(axes, row, size)
    if not zoomed:
        (left, right), (bottom, top) = ZOOM
        axes.plot([left, right, right, left, left], [bottom, bottom, top, top, bottom], color="#b0b0b0",
                  linewidth=0.6, zorder=1)  # fmt: skip
    axes.set_title("(b) Upper right part" if zoomed else "(a) All rows")
    axes.set_xlabel("ImageNet-100 validation accuracy (%)")


def _label(axes: Axes, row: dict[Any, Any], size: float) -> None:
    """A marker's label, beside the marker by its size and the offset in points."""
    right, up = NUDGED.get(row["label"], ASIDE[row["series"]])
    offset = right + np.sign(right) * np.sqrt(size) / 2, up
    axes.annotate(row["label"], (row["x"], row["y"]), offset, textcoords="offset points", fontsize=6, color="#333333",
                  ha="left" if right > 0 else "right", va="center", zorder=5)  # fmt: skip


def _handles(points: pd.DataFrame) -> Sequence[Line2D]:
    common: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white", "markeredgewidth": 0.5}
    found = [
        Line2D([], [], color=colour, marker=marker, markersize=6, label=f"{title}, n = {sum(points['series'] == name)}",
               **common)
        for name, (title, colour, marker) in SERIES.items()
    ]  # fmt: skip
    sizes = [
        Line2D([], [], color="#555555", marker="o", markersize=float(np.sqrt(area(images))),
               label=f"{images:g} million images", **common)
        for images in KEYS
    ]  # fmt: skip
    return [*found, *sizes]
