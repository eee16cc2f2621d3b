"""Average robustness against accuracy on ImageNet, by way of training (the paper's Figure 4): supervised (CE),
vision-language (VL) evaluated zero-shot, and two ways of tuning, LiT and Wise-FT. Average robustness is the unweighted
mean accuracy on ImageNet-V2, -Sketch, -R and -A, all 1,000 classes; both axes are percent, stretched by the transform
that their labels name. Every marker is one published model. Lines are least squares on these axes through the
supervised models trained on ImageNet-1k alone, the zero-shot VL models, and the three LiT models, dashed beyond their
own points. The paper says that Wise-FT fits the line of LiT, both below VL and above supervised training. Its own
numbers agree on the second: LiT and Wise-FT lie between the lines of CE and VL. The one Wise-FT model, however, lies
far above the line of the three LiT models, which is drawn here as far as its accuracy; a line through three models that
differ only in their image-text data says little about models elsewhere. The paper does not say how it drew its lines.
Computed from VL Hub's table of 659 models. Scale: {scale} (published results alone)."""

from typing import Any

import pandas as pd

from datalines.plotting import Drawing, PlainFigure, house_style
from datalines.plotting.metascatter import (
    COLUMNS,
    GROUPS,
    LINE_COLOURS,
    ZERO_SHOT,
    MetaScatter,
    beside_legend,
    legend_entries,
    remark_of_groups,
)
from datalines.plotting.panels import tabulate
from datalines.published.meta import averages, models_of, pearson
from datalines.published.metaorder import remark
from datalines.published.options import options_of

DEFAULTS: dict[str, Any] = {"axis": "logit"}
LINES = {"standard": (("standard",), "CE on ImageNet-1k, fit"), "vl": (ZERO_SHOT, "Zero-shot VL, fit"),
         "lit": (("lit",), "LiT, fit")}  # fmt: skip


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel of all models, three lines; `tables` has published/vlhub-models. Option `axis`: logit, probit or
    linear."""
    options = options_of(figure.title, figure.options, DEFAULTS)
    models = models_of(tables, figure.title)
    with house_style():
        canvas, axes, corner = beside_legend(1.9)
        panel = MetaScatter(axes, models, averages(models, "imagenet"), "imagenet", str(options["axis"]))
        notes = [_lines(panel)]
        panel.markers()
        panel.labels("Average robustness")
        legend = {title: LINE_COLOURS[name] for name, (_, title) in LINES.items()}
        corner.legend(handles=legend_entries(list(GROUPS), legend), loc="center left")
    correlations = (
        f"{pearson(models):.3f}, with the averages as the file has them {pearson(models, corrected=False):.3f}"
    )
    notes += [
        remark_of_groups(panel),
        f"Pearson correlation of accuracy and average robustness over all {len(models)} models: {correlations}; the "
        "stored average of CLIP-RN50-WIT-400m, 0.497, is not the mean of its four accuracies, 0.4306, which is drawn.",
        remark(models),
    ]
    return Drawing(canvas, tabulate(panel.rows, COLUMNS), notes)


def _lines(panel: MetaScatter) -> str:
    """Draw the lines as far as the Wise-FT model; returns how far it lies from each, in words."""
    tuned = panel.of(["wise-ft"])
    reach = float(tuned["x"].max())
    told = []
    for name, (names, title) in LINES.items():
        line = panel.line(names, LINE_COLOURS[name], name, reach)
        own = panel.of(names)["x"]
        beyond = "" if own.min() <= reach <= own.max() else f", extended from {100 * own.max():.1f} %"
        gap = 100 * float(tuned["y"].iloc[0] - line.predict(reach))
        told.append(f"{gap:+.1f} points from that of {title.removesuffix(', fit')} (n = {line.n}{beyond})")
    return f"The Wise-FT model, at {100 * reach:.1f} %, lies off the lines: {'; '.join(told)}."
