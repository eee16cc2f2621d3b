"""The most robust model for each size of training set (right half of the paper's Figure 1), on three label sets: all
1,000 classes of ImageNet (IN1000), 100 broad ones (IN100) and 100 breeds of dogs (IN100-Dogs). Average robustness is
the unweighted mean accuracy on ImageNet-V2, -Sketch, -R and -A of the label set's classes, in percent. A marker is the
best cross-entropy (CE) or vision-language (VL) model of its tier, every faint dot another published model trained with
one of the two losses; lines join tiers. A tier is the number of training images as the file states it, to two
significant digits. Models of one panel are single published networks of very different size and architecture, and most
tiers of VL hold one network: this is no controlled comparison, and there is no interval to give. Computed from VL Hub's
table of 659 models; the three LiT models and the Wise-FT model, which start from others, are left out. Scale: {scale}
(published results alone)."""

from typing import Any

import pandas as pd

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.metapanels import CE, VL, MetaPanels, dot, ends
from datalines.published.meta import LABEL_SETS, LOSSES, best_per_tier, models_of
from datalines.published.metaorder import remark
from datalines.published.options import options_of

LOOKS: dict[str, Look] = {"CE": CE, "VL": VL}
TICKS = {1e6: "1M", 1e7: "10M", 1e8: "100M", 1e9: "1B"}
DEFAULTS: dict[str, Any] = {}


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Markers of the best model per tier and loss over dots of all models; `tables` has published/vlhub-models."""
    options_of(figure.title, figure.options, DEFAULTS)
    models = models_of(tables, figure.title)
    models = models[models["technique"].isin(LOSSES)].reset_index(drop=True)
    tiers, sizes = best_per_tier(models), models["dataset_size"].astype(float)
    with house_style():
        panels = MetaPanels(models, "Training images")
        panels.log_axis(TICKS, *ends(sizes.tolist(), 0.06))
        for technique, loss in LOSSES.items():
            look = LOOKS[loss]
            for label_set in LABEL_SETS:
                panels.cloud(label_set, models["technique"] == technique, sizes, loss, look.colour, faint=True)
                _best(panels, tiers[(tiers["label_set"] == label_set) & (tiers["loss"] == loss)], label_set, look)
            panels.handles.append(dot(look.colour, f"{look.label}, best of its tier", look.marker, 4.6, "-"))
        panels.handles.append(dot("#8a8a8a", "Other models, by colour", size=2.6))
    return panels.drawing([*_notes(tiers), remark(models)])


def _best(panels: MetaPanels, rows: pd.DataFrame, label_set: str, look: Look) -> None:
    """The best of each tier, joined in the order of tiers."""
    x, y = rows["dataset_size"].to_numpy(dtype=float), 100 * rows["average"].to_numpy(dtype=float)
    axes = panels.panels[label_set]
    axes.plot(x, y, color=look.colour, linewidth=0.9, marker=look.marker, markersize=4.6, markeredgecolor="white",
              markeredgewidth=0.5, zorder=4)  # fmt: skip
    panels.record(label_set, "best", rows["loss"].iloc[0], model=rows["model"].to_numpy(), x=x, y=y,
                  models=rows["models"].to_numpy())  # fmt: skip


def _notes(tiers: pd.DataFrame) -> list[str]:
    """Which model is the best of each tier on IN1000, and how many there are; where the paper's reading holds."""
    rows = tiers[tiers["label_set"] == "imagenet"].to_dict("records")
    named = [f"{row['dataset_size'] / 1e6:g}M {row['loss']} {row['model']} (of {row['models']})" for row in rows]
    tops = tiers.groupby(["label_set", "loss"])["average"].max().to_dict()
    told = [
        f"{title} CE {100 * tops[name, 'CE']:.1f}, VL {100 * tops[name, 'VL']:.1f}"
        for name, title in LABEL_SETS.items()
    ]
    return [
        f"Best of each tier on IN1000: {', '.join(named)}.",
        f"Best at any size, in percent: {'; '.join(told)}.",
        "Three VL models that by their names saw 2, 4 and 10 million pairs are stated as 15 million; none is best.",
    ]
