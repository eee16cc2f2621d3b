"""The sources in a run's first batches: a panel per mixture, with the shares of each batch stacked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from datalines.plotting.drawing import Drawing
from datalines.plotting.house import Look, house_style, looks
from datalines.samples import fold, plain

COLUMNS = ["mixture", "batch", "pool", "label", "share", "declared", "samples"]
_WIDTH = {1: 3.7, 2: 5.5, 3: 7.0}  # inches, by columns
_ENTRIES = {1: 3, 2: 5, 3: 7}  # of the legend in a line, by columns
_HEIGHT = 1.7  # inches of a panel with its titles
_LEGEND = 0.17  # inches of a line
_DASHES = (0, (3.5, 2))
_LEAST_LABELLED = 9.0  # a declared share of so many per cent has room for its number


@dataclass(frozen=True)
class Mixed:
    """One mixture: `shares` are those of its `pools` in each batch, shape (batches, pools), `declared` those of all of
    it; both sum to 1. `batch` is the samples in a batch, `samples` those of an epoch."""

    mixture: str
    title: str
    pools: list[str]
    declared: NDArray[np.float64]
    shares: NDArray[np.float64]
    batch: int
    samples: int

    @property
    def remark(self) -> str:
        """How far batches are from what is declared, alone and together, in percentage points."""
        off = 100 * abs(self.shares - self.declared).max()
        together = 100 * abs(self.shares.mean(axis=0) - self.declared).max()
        return f"off by up to {off:.0f} points, all {len(self.shares)} by {together:.1f}"


def batch_shares(mixtures: Sequence[Mixed], titles: Mapping[str, str]) -> Drawing:
    """A panel per mixture, of the sources' shares in each batch, stacked in the order of the mixture's entries.

    `titles` are the display names of pools, in the places that set their colours.
    """
    pools = list(dict.fromkeys(pool for mixed in mixtures for pool in mixed.pools))
    look = looks(titles, pools)
    columns = min(len(mixtures), 3) if len(mixtures) != 4 else 2
    with house_style():
        lines = -(-(len(look) + 1) // _ENTRIES[columns])
        canvas, cells = _cells(len(mixtures), columns, lines * _LEGEND)
        for place, (mixed, axes) in enumerate(zip(mixtures, cells, strict=True)):
            _draw(axes, mixed, look)
            if place % columns:
                axes.tick_params(labelleft=False)
            else:
                axes.set_ylabel("Share of the batch (%)")
            if place + columns >= len(mixtures):
                axes.set_xlabel("Batch of the run")
        _legend(canvas, look, _ENTRIES[columns])
    rows = pd.concat([_rows(mixed, look) for mixed in mixtures], ignore_index=True)
    notes = [f"{mixed.title}: {mixed.remark}." for mixed in mixtures]
    return Drawing(canvas, rows, notes)


def _cells(count: int, columns: int, legend: float) -> tuple[Canvas, list[Axes]]:
    """A grid of panels beneath room for a legend of so many inches."""
    rows = -(-count // columns)
    canvas = Canvas(figsize=(_WIDTH[columns], rows * _HEIGHT + 0.13 + legend), layout="constrained")
    grid = canvas.add_gridspec(rows, columns)
    return canvas, [canvas.add_subplot(grid[divmod(place, columns)]) for place in range(count)]


def _draw(axes: Axes, mixed: Mixed, look: Mapping[str, Look]) -> None:
    """The stack of one mixture with the borders that its declared shares would give."""
    edges = np.arange(len(mixed.shares) + 1) + 0.5
    tops = 100 * np.cumsum(np.hstack([np.zeros((len(mixed.shares), 1)), mixed.shares]), axis=1)
    borders = 100 * np.cumsum([0.0, *mixed.declared])
    for place, pool in enumerate(mixed.pools):
        axes.stairs(tops[:, place + 1], edges, baseline=tops[:, place], fill=True, color=look[pool].colour, alpha=0.5,
                    linewidth=0)  # fmt: skip
        low, high = borders[place], borders[place + 1]
        if high - low >= _LEAST_LABELLED:
            axes.text(1.02, (low + high) / 2, f"{high - low:.3g} %", transform=axes.get_yaxis_transform(),
                      va="center", fontsize=6.5, color="#444444")  # fmt: skip
    for border in borders[1:-1]:
        axes.axhline(border, color="#222222", linewidth=0.8, linestyle=_DASHES)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 100), yticks=[0, 25, 50, 75, 100])
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=2))
    axes.grid(visible=False)
    axes.set_title(fold(mixed.title, 36, 1), loc="left", pad=19)
    told = f"n = {mixed.samples:,}, batches of {mixed.batch:,}\n{mixed.remark}"
    axes.text(0, 1.03, told, transform=axes.transAxes, fontsize=6, color="#555555", va="bottom")


def _legend(canvas: Canvas, look: Mapping[str, Look], entries: int) -> None:
    handles: list[Any] = [Patch(color=entry.colour, alpha=0.5, linewidth=0) for entry in look.values()]
    handles.append(Line2D([], [], color="#222222", linewidth=0.8, linestyle=_DASHES))
    labels = [*(plain(entry.label) for entry in look.values()), "declared"]
    canvas.legend(handles, labels, loc="outside upper left", ncols=entries, handlelength=1.4)


def _rows(mixed: Mixed, look: Mapping[str, Look]) -> pd.DataFrame:
    """Every share that is drawn, in per cent."""
    count = len(mixed.shares)
    columns = {
        "batch": np.tile(np.arange(1, count + 1), len(mixed.pools)),
        "pool": np.repeat(mixed.pools, count),
        "label": np.repeat([look[pool].label for pool in mixed.pools], count),
        "share": 100 * mixed.shares.T.ravel(),
        "declared": 100 * np.repeat(mixed.declared, count),
    }
    return pd.DataFrame(columns).assign(mixture=mixed.mixture, samples=mixed.batch)[COLUMNS]
