"""Convolution networks and vision transformers (ViT) in the meta-analysis (right half of the paper's Figure 3), by size
of training set, on three label sets: all 1,000 classes of ImageNet (IN1000), 100 broad ones (IN100) and 100 breeds of
dogs (IN100-Dogs). Average robustness is the unweighted mean accuracy on ImageNet-V2, -Sketch, -R and -A, in percent.
Within each bin of training-set sizes the dots are the ten most robust models of each architecture, the paper's rule,
and the lines join their means; hollow markers are means of fewer than ten. Small ticks at the right are the means of
the ten best of any training-set size. The paper does not give its bins; these are decades of the number of training
images, because finer ones would hold few models. In the largest bin every ViT is a vision-language model and every
convolution network a supervised one, and in the one before it most are: there, architecture and loss cannot be told
apart. RegNets and hybrids, which the file lists by themselves, are left out. Computed from VL Hub's table of 659
models. Scale: {scale} (published results alone)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from datalines.plotting import Drawing, Look, PlainFigure, house_style
from datalines.plotting.metapanels import MetaPanels, dot
from datalines.published.meta import BEST, LABEL_SETS, data_bins, models_of, ten_best, ten_best_means
from datalines.published.metaorder import remark
from datalines.published.options import options_of

KINDS = {"convolution": Look("#009E73", "s", "Convolution"), "vit": Look("#882255", "o", "ViT")}
ASIDE = {"convolution": -0.13, "vit": 0.13}
DEFAULTS: dict[str, Any] = {}


def draw(tables: dict[str, pd.DataFrame], figure: PlainFigure) -> Drawing:
    """Dots and means of the ten best per architecture and bin of sizes; `tables` has published/vlhub-models."""
    options_of(figure.title, figure.options, DEFAULTS)
    models = models_of(tables, figure.title)
    models = models[models["architecture"].isin(KINDS)].reset_index(drop=True)
    bins, notes = data_bins(models), []
    names, both = _names(models, bins), bins.astype(str) + models["architecture"]
    lowest = 100 * float(ten_best(models, both)["average"].min())
    with house_style():
        panels = MetaPanels(models, "Training images, in bins", bottom=max(0.0, 10 * ((lowest - 1) // 10)))
        for axes in panels.panels.values():
            axes.set_xlim(-0.5, len(names) - 0.35)
            axes.set_xticks(range(len(names)), list(names.values()))
        for kind, look in KINDS.items():
            part = models[models["architecture"] == kind]
            of_bins = ten_best_means(part, bins[part.index])
            overall = ten_best_means(part, part["architecture"]).set_index("label_set")["average"]
            _bins(panels, ten_best(part, bins[part.index]), of_bins, kind, list(names))
            _overall(panels, overall, kind)
            panels.handles += [dot(look.colour, f"{look.label}: mean of the ten best", look.marker, 4.6, "-")]
            told = [f"{100 * overall[name]:.2f} ({title})" for name, title in LABEL_SETS.items()]
            notes.append(f"{look.label}, ten best of any size of training set: {', '.join(told)} percent.")
        panels.handles += [
            dot("#8a8a8a", "Each of the ten, by colour", size=2.6),
            Line2D([], [], color="#8a8a8a", linewidth=1.6, label="Ten best of any size of training set"),
        ]
    return panels.drawing([*notes, _advantage(models, bins, names), remark(models)])


def _names(models: pd.DataFrame, bins: pd.Series) -> dict[int, str]:
    """The bins that hold models, in order, with the smallest and largest training set in each."""
    found = {}
    for start, sizes in models["dataset_size"].groupby(bins, sort=True):
        unit, letter = (1e9, "B") if start >= 1e9 else (1e6, "M")
        ends = [f"{size / unit:.3g}" for size in (sizes.min(), sizes.max())]
        found[int(start)] = "–".join(dict.fromkeys(ends)) + letter
    return found


def _bins(panels: MetaPanels, ten: pd.DataFrame, means: pd.DataFrame, kind: str, names: list[int]) -> None:
    """Dots of the ten best of every bin, and the line through their means."""
    look = KINDS[kind]
    for label_set, axes in panels.panels.items():
        dots = ten[ten["label_set"] == label_set]
        x = np.array([names.index(start) for start in dots["bin"]]) + ASIDE[kind]
        y = 100 * dots["average"].to_numpy(dtype=float)
        axes.plot(x, y, linestyle="none", marker="o", markersize=2.2, markeredgewidth=0, color=look.colour, alpha=0.45,
                  zorder=3)  # fmt: skip
        panels.record(label_set, "best", kind, model=dots["model"].to_numpy(), x=dots["dataset_size"].to_numpy(), y=y)
        rows = means[means["label_set"] == label_set]
        x = np.array([names.index(start) for start in rows["bin"]]) + ASIDE[kind]
        y, full = 100 * rows["average"].to_numpy(dtype=float), (rows["n"] == BEST).to_numpy()
        axes.plot(x, y, color=look.colour, linewidth=1.0, zorder=4)
        for mask, face in ((full, look.colour), (~full, "white")):
            axes.plot(x[mask], y[mask], linestyle="none", marker=look.marker, markersize=4.6, markerfacecolor=face,
                      markeredgecolor=look.colour, markeredgewidth=0.8, zorder=5)  # fmt: skip
        panels.record(label_set, "mean", kind, x=rows["bin"].to_numpy(), y=y, n=rows["n"].to_numpy(),
                      models=rows["models"].to_numpy(), y_low=100 * rows["lowest"].to_numpy(),
                      y_high=100 * rows["highest"].to_numpy())  # fmt: skip


def _overall(panels: MetaPanels, means: pd.Series, kind: str) -> None:
    """A tick at the right edge at the mean of the ten best of any size."""
    for label_set, axes in panels.panels.items():
        right, y = axes.get_xlim()[1], 100 * float(means[label_set])
        axes.plot([right - 0.22, right], [y, y], color=KINDS[kind].colour, linewidth=1.6, solid_capstyle="butt")
        panels.record(label_set, "mean-of-all-sizes", kind, y=y, n=BEST)


def _advantage(models: pd.DataFrame, bins: pd.Series, names: dict[int, str]) -> str:
    """How far ViT's means lie above those of convolution networks, bin by bin."""
    own = {
        kind: ten_best_means(part, bins[part.index]).set_index(["label_set", "bin"])["average"]
        for kind, part in models.groupby("architecture")
    }
    gap = (100 * (own["vit"] - own["convolution"])).dropna()
    told = [
        f"{title} {', '.join(f'{gap[name, start]:+.1f}' for start in names if (name, start) in gap.index)}"
        for name, title in LABEL_SETS.items()
    ]
    return (
        f"ViT less convolution, in points, at {', '.join(names.values())} images: {'; '.join(told)}. "
        "The paper finds that the advantage grows at massive data scales."
    )
