"""What becomes of a CLIP model when it is tuned (the paper's Figure 5): average robustness against accuracy on ImageNet
of models with the ViT-L/14 image tower. Average robustness is the unweighted mean accuracy on ImageNet-V2, -Sketch, -R
and -A, all 1,000 classes; both axes are percent, stretched by the transform that their labels name. Arrows lead from
OpenAI's zero-shot model to its tuned versions. Dots are all supervised models (CE), the line is least squares through
those trained on ImageNet-1k alone, dashed beyond them, and the legend has each model's effective robustness, its height
above that line in points. VL Hub does not mark the model that the paper calls LiT-tuned on a VL tower; the only row
that it can be is the one tuned on equal parts of CC-12M and ImageNet pairs, which is drawn for it. The supervised model
trained from scratch that the paper compares is not named either: the one on ImageNet-1k alone whose accuracy is nearest
to Wise-FT's is marked, the most robust one of equals. Computed from VL Hub's table of 659 models. Scale: {scale}
(published results alone)."""

from typing import Any, NamedTuple

import pandas as pd
from matplotlib.lines import Line2D

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.metascatter import COLUMNS, LINE_COLOURS, SUPERVISED, MetaScatter, beside_legend, legend_entries
from datalines.plotting.panels import tabulate
from datalines.published.meta import averages, models_of, row_of
from datalines.published.metaorder import remark
from datalines.published.options import options_of

DEFAULTS: dict[str, Any] = {"axis": "logit"}
START = "CLIP-ViT-L-14-WIT-400m"


class Version(NamedTuple):
    """One marked model: its name in the file, how it is drawn, and whether an arrow leads to it from START."""

    model: str
    look: Look
    tuned: bool = False


VERSIONS = (
    Version(START, Look("#D55E00", "D", "Zero-shot, 400M pairs (OpenAI)")),
    Version("CLIP-ViT-L-14-ft-cc12m+in1k-equal", Look("#009E73", "s", "LiT on the VL tower"), True),
    Version("CLIP-ViT-L-14-WIT-400m-ft-in1k", Look("#0072B2", "^", "Fine-tuned on ImageNet pairs"), True),
    Version("CLIP-ViT-L-14-WiseFT", Look("#CC79A7", "X", "Wise-FT"), True),
    Version("CLIP-ViT-L-14-336-openai", Look("#E69F00", "v", "Zero-shot, 400M pairs, 336 px")),
    Version("CLIP-ViT-L-14-laion400m", Look("#882255", "P", "Zero-shot, LAION-400M")),
    Version("CLIP-ViT-L-14-laion2b", Look("#332288", "p", "Zero-shot, LAION-2B")),
    Version("CLIP-ViT-L-14-in1k", Look("#999933", "h", "VL on ImageNet pairs alone")),
)
ANY_SUPERVISED = Look("#222222", "o", "CE from scratch")


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """One panel and a legend with numbers; `tables` has published/vlhub-models. Option `axis`: logit, probit or
    linear."""
    options = options_of(figure.title, figure.options, DEFAULTS)
    models = models_of(tables, figure.title)
    for version in VERSIONS:
        row_of(models, version.model)
    supervised = models["technique"] == "Conventional"
    shown = models[supervised | models["model"].isin([version.model for version in VERSIONS])]
    with house_style():
        canvas, axes, corner = beside_legend(2.9)
        panel = MetaScatter(axes, shown, averages(shown, "imagenet"), "imagenet", str(options["axis"]))
        panel.line(["standard"], LINE_COLOURS["standard"], "standard", float(panel.points["x"].min()))
        panel.markers(only=SUPERVISED)
        handles = [_mark(panel, version) for version in (*VERSIONS, _nearest(panel))]
        panel.labels("Average robustness")
        below = legend_entries(SUPERVISED, {"CE on ImageNet-1k, fit": LINE_COLOURS["standard"]})
        corner.legend(handles=[*handles, *below], loc="center left", fontsize=6.5)
    return Drawing(canvas, tabulate(panel.rows, COLUMNS), [_told(panel), remark(models)])


def _nearest(panel: MetaScatter) -> Version:
    """The supervised model on ImageNet-1k alone whose accuracy is nearest to Wise-FT's."""
    target = float(panel.points.loc[panel.points["model"] == "CLIP-ViT-L-14-WiseFT", "x"].iloc[0])
    known = panel.of(["standard"])
    order = known.assign(gap=(known["x"] - target).abs().round(6)).sort_values(["gap", "y"], ascending=[True, False])
    return Version(str(order.iloc[0]["model"]), ANY_SUPERVISED)


def _mark(panel: MetaScatter, version: Version) -> Line2D:
    """One marked model, its arrow, and its entry in the legend."""
    place = panel.points[panel.points["model"] == version.model].iloc[0]
    start = panel.points[panel.points["model"] == START].iloc[0]
    x, y = 100 * float(place["x"]), 100 * float(place["y"])
    if version.tuned:
        panel.axes.annotate("", (x, y), (100 * float(start["x"]), 100 * float(start["y"])), zorder=4, arrowprops={
            "arrowstyle": "-|>", "color": version.look.colour, "linewidth": 0.9, "shrinkA": 3, "shrinkB": 3.2,
            "mutation_scale": 7})  # fmt: skip
        panel.record("arrow", version.look.label, x=[100 * float(start["x"]), x], y=[100 * float(start["y"]), y])
    shape: dict[str, Any] = {"linestyle": "none", "marker": version.look.marker, "color": version.look.colour,
                             "markeredgecolor": "white", "markeredgewidth": 0.5}  # fmt: skip
    panel.axes.plot(x, y, markersize=5.4, zorder=5, **shape)
    er = y - 100 * float(panel.baseline.predict(x / 100))
    panel.record("marked", version.look.label, model=version.model, x=x, y=y, er=er)
    return Line2D([], [], markersize=5, label=f"{version.look.label}: {y:.1f} at {x:.1f} ({er:+.1f})", **shape)


def _told(panel: MetaScatter) -> str:
    """The marked models by their names in the file."""
    rows = [row for row in panel.rows if row["layer"] == "marked"]
    named = "; ".join(f"{row['group']} is {row['model']}" for row in rows)
    return f"In the legend: average robustness at accuracy, in percent, and effective robustness in points. {named}."
