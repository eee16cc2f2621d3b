"""Figures of the meta-analysis of JANuS (Feuer et al. 2023): average robustness in a panel per label set."""

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_lowercase
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from datalines.plotting.cells import Cells
from datalines.plotting.drawing import Drawing
from datalines.plotting.house import Look
from datalines.plotting.panels import tabulate
from datalines.published.meta import LABEL_SETS, averages
from datalines.robustness.transforms import Array

COLUMNS = ["panel", "layer", "group", "model", "x", "x_low", "x_high", "y", "y_low", "y_high", "n", "models"]
CE, VL = Look("#0072B2", "o", "Cross-entropy (CE)"), Look("#D55E00", "D", "Vision-language (VL)")
CLASS_COLOURS = ("#56B4E9", "#0072B2", "#332288")
"""Light to dark for the classes of one quantity, in its order."""

_CLOUD: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 2.1, "markeredgewidth": 0, "zorder": 2}
_FAINT, _PLAIN = 0.22, 0.75


class MetaPanels:
    """Three panels, one per label set, average robustness in percent upwards, and the rows of all that is drawn."""

    def __init__(self, models: pd.DataFrame, x_label: str, bottom: float = 0.0) -> None:
        """`bottom` is where the vertical axes begin, in percent; they end at 100."""
        self.models = models
        self.cells = Cells(len(LABEL_SETS), ratio=1.05)
        self.panels: dict[str, Axes] = dict(zip(LABEL_SETS, self.cells.axes, strict=True))
        self.rows: list[dict[str, Any]] = []
        self.handles: list[Line2D] = []
        for place, (label_set, axes) in enumerate(self.panels.items()):
            known = int(models[f"{label_set}_average"].notna().sum())
            axes.set_title(f"({ascii_lowercase[place]}) {LABEL_SETS[label_set]}, {known} models")
            axes.set_xlabel(x_label)
            axes.set_ylim(bottom, 100)
            axes.set_yticks([tick for tick in range(0, 101, 20) if tick >= bottom])
            if place:
                axes.tick_params(labelleft=False)
            else:
                axes.set_ylabel("Average robustness (%)")

    def log_axis(self, ticks: Mapping[float, str], low: float, high: float) -> None:
        """Logarithmic horizontal axes with ticks at the given places."""
        for axes in self.panels.values():
            axes.set_xscale("log")
            axes.set_xlim(low, high)
            axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: ticks.get(value, f"{value:g}")))

    def cloud(self, label_set: str, chosen: pd.Series, x: pd.Series, group: str, colour: str, faint: bool) -> None:
        """A dot for each chosen model at x (k,), of those with results on the label set."""
        y = 100 * averages(self.models, label_set)
        rows = chosen & y.notna()
        alpha = _FAINT if faint else _PLAIN
        self.panels[label_set].plot(x[rows], y[rows], color=colour, alpha=alpha, **_CLOUD)
        self.record(label_set, "model", group, model=self.models.loc[rows, "model"].to_numpy(), x=x[rows].to_numpy(),
                    y=y[rows].to_numpy())  # fmt: skip

    def bars(self, means: pd.DataFrame, spans: Mapping[Any, tuple[float, float]], titles: Mapping[Any, str]) -> None:
        """For each bin and label set of `meta.ten_best_means`, a bar at the mean over the bin's span on x, a band from
        the lowest to the highest of its ten best, and the mean in figures."""
        for row in means.to_dict("records"):
            axes, (low, high) = self.panels[row["label_set"]], spans[row["bin"]]
            mean, bottom, top = (100 * row[key] for key in ("average", "lowest", "highest"))
            axes.fill_between([low, high], bottom, top, color="#222222", alpha=0.14, linewidth=0, zorder=2.5)
            axes.plot([low, high], [mean, mean], color="#222222", linewidth=1.7, solid_capstyle="butt", zorder=4)
            middle = float(np.sqrt(low * high)) if axes.get_xscale() == "log" else (low + high) / 2
            axes.annotate(f"{mean:.1f}", (middle, top), xytext=(0, 2), textcoords="offset points", ha="center",
                          va="bottom", fontsize=6.5, zorder=5)  # fmt: skip
            self.record(row["label_set"], "mean", titles[row["bin"]], x_low=low, x_high=high, y=mean, y_low=bottom,
                        y_high=top, n=row["n"], models=row["models"])  # fmt: skip
        self.handles.append(
            Line2D([], [], color="#222222", linewidth=1.7, label="Mean of the ten best (band: all ten)")
        )

    def record(self, label_set: str, layer: str, group: str, **columns: Any) -> None:
        """Note what was drawn, accuracies in percent."""
        self.rows.append({"panel": label_set, "layer": layer, "group": group, **columns})

    def drawing(self, notes: Iterable[str]) -> Drawing:
        """The figure with its legend below."""
        self.cells.legend(self.handles)
        return Drawing(self.cells.canvas, tabulate(self.rows, COLUMNS), list(notes))


def dot(colour: str, label: str, marker: str = "o", size: float = 3.4, line: Literal["-", "none"] = "none") -> Line2D:
    """A legend's entry for markers, with the line that joins them."""
    return Line2D([], [], linestyle=line, color=colour, marker=marker, markersize=size, markeredgewidth=0, label=label)


def class_clouds(panels: MetaPanels, classes: pd.Series, x: pd.Series, titles: Mapping[str, str]) -> None:
    """All models at x, coloured by class in the order of `titles`; nan on x leaves a model out."""
    for colour, (slug, title) in zip(CLASS_COLOURS, titles.items(), strict=True):
        for label_set in LABEL_SETS:
            panels.cloud(label_set, (classes == slug) & x.notna(), x, title, colour, faint=False)
        panels.handles.append(dot(colour, title))


def ends(axis: Sequence[float] | Array, margin: float) -> tuple[float, float]:
    """Ends of a logarithmic axis around positive values, with a margin as a share of its length."""
    low, high = np.log10(np.min(axis)), np.log10(np.max(axis))
    pad = margin * max(float(high - low), 0.1)
    return float(10 ** (low - pad)), float(10 ** (high + pad))


def remark_of_ten(means: pd.DataFrame, titles: Mapping[Any, str]) -> str:
    """The means in words, in percent: bin by bin, label set by label set, saying where fewer than ten were averaged."""
    told = []
    for name, title in titles.items():
        rows = means[means["bin"] == name].set_index("label_set")
        cells = [
            f"{100 * rows.at[key, 'average']:.2f} ({label}{_few(int(rows.at[key, 'n']))})"
            for key, label in LABEL_SETS.items()
            if key in rows.index
        ]
        told.append(f"{title}: {', '.join(cells)}")
    return f"Mean average robustness of the ten best, in percent. {'; '.join(told)}."


def _few(n: int) -> str:
    return "" if n == 10 else f", n = {n}"
