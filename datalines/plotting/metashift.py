"""Figures 10, 11 and 13 of JANuS (Feuer et al. 2023): accuracy on one shift against accuracy, as the meta-analysis has
it, as timm has it for the same models, and on 100 classes."""

from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import Any

import pandas as pd

from datalines.plotting.cells import Cells
from datalines.plotting.drawing import Drawing, PlainFigure
from datalines.plotting.house import house_style
from datalines.plotting.metascatter import (
    COLUMNS,
    GROUPS,
    LINE_COLOURS,
    ZERO_SHOT,
    MetaScatter,
    legend_entries,
    remark_of_groups,
)
from datalines.plotting.panels import tabulate
from datalines.published.meta import IMAGES, exchanged, models_of
from datalines.published.metaorder import agreement, with_timm
from datalines.published.options import options_of, table_named

DEFAULTS: dict[str, Any] = {"axis": "logit"}
SHIFT_NAMES = {"v2": "ImageNet-V2", "sketch": "ImageNet-Sketch", "r": "ImageNet-R", "a": "ImageNet-A"}


class ShiftFigure:
    """Three panels of one shift: IN1000 as the file has it, IN1000 with timm's accuracies, IN100."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], figure: PlainFigure, shift: str) -> None:
        """`tables` has published/vlhub-models and published/timm. Option `axis`: logit, probit or linear."""
        axis = str(options_of(figure.title, figure.options, DEFAULTS)["axis"])
        self.models, self.shift = models_of(tables, figure.title), shift
        self.timm: pd.DataFrame = table_named(tables, "published/timm", figure.title)
        shown = {
            "IN1000, the file": (self.models, "imagenet"),
            "IN1000, timm": (with_timm(self.models, self.timm), "imagenet"),
            "IN100, the file": (self.models, "in100"),
        }
        with house_style():
            self.cells = Cells(len(shown), ratio=1.1)
            parts = zip(self.cells.axes, ascii_lowercase, shown.items(), strict=False)
            self.panels = [
                self._panel(axes, models, label_set, axis, f"({letter}) {title}")
                for axes, letter, (title, (models, label_set)) in parts
            ]
            lines = {"CE on ImageNet-1k, fit": LINE_COLOURS["standard"], "Zero-shot VL, fit": LINE_COLOURS["vl"]}
            drawn = [name for name in GROUPS if any(len(panel.of([name])) for panel in self.panels)]
            self.cells.legend(legend_entries(drawn, lines))

    def _panel(self, axes: Any, models: pd.DataFrame, label_set: str, axis: str, title: str) -> MetaScatter:
        """One panel with the lines of supervised models on ImageNet-1k and of zero-shot VL models; on IN1000 without
        the models whose shifts seem to stand in each other's columns."""
        y = models[f"{label_set}_{self.shift}"]
        y = y.mask(exchanged(models)) if label_set == "imagenet" else y
        panel = MetaScatter(axes, models, y, label_set, axis, title)
        panel.line(["standard"], LINE_COLOURS["standard"], "standard", float(panel.points["x"].min()))
        panel.line(ZERO_SHOT, LINE_COLOURS["vl"], "vl", float(panel.points["x"].max()))
        panel.markers((IMAGES[label_set]["val"], IMAGES[label_set][self.shift]))
        panel.labels(SHIFT_NAMES[self.shift])
        return panel

    def drawing(self, notes: Sequence[str]) -> Drawing:
        """The figure with remarks on its groups, on the file beside timm, on what is left out, then its own."""
        told = [remark_of_groups(panel) for panel in self.panels]
        if left := [f"{panel.at_ends} in {panel.title}" for panel in self.panels if panel.at_ends]:
            told.append(f"Left out, because at 0 or 100 %: {', '.join(left)}.")
        told.append(
            f"{int(exchanged(self.models).sum())} models (LiT and Wise-FT) are not drawn on IN1000: alone among all, "
            "their accuracy on Sketch is above that on V2, so that the file's columns seem to have changed places. "
            "They have no results on IN100."
        )
        points = tabulate([row for panel in self.panels for row in panel.rows], COLUMNS)
        return Drawing(self.cells.canvas, points, [self._beside_timm(), *told, *notes])

    def _beside_timm(self) -> str:
        """How the file agrees with timm for models of the same weights."""
        rows = {row["measure"]: row for row in agreement(self.models, self.timm).to_dict("records")}
        shift = self.shift if self.shift != "a" else "sketch"
        own, val = rows[shift], rows["val"]
        return (
            f"Panels (a) and (b): {int(own['n'])} supervised models have the same accuracy on ImageNet-A in the file "
            f"and in timm's results, and so the same weights. Of these, {100 * own['equal']:.0f} % have the same "
            f"accuracy on {SHIFT_NAMES[shift]} in both and {100 * val['equal']:.0f} % on ImageNet; the median "
            f"difference is {100 * own['median']:.1f} points, the largest {100 * own['largest']:.1f}; with either "
            f"column sorted by itself, the median is {100 * own['sorted']:.1f}. Spearman's correlation with ImageNet-A "
            f"is {own['file_order']:.3f} in the file, {own['timm_order']:.3f} in timm."
        )
