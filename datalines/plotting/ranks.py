"""Ranked class frequencies: counts of classes in rank order, on logarithmic or linear axes, one curve per source.

As in the Imbalance paper's figures: pale what was counted, over it a Gaussian-smoothed curve; the source that the
classes are ranked by falls by itself and is drawn as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from datalines.plotting.house import Look, looks
from datalines.published.ranked import SOURCES, smoothed

POINT_COLUMNS = ["panel", "layer", "source", "label", "rank", "class", "count"]
RAW, CURVE = "raw", "curve"
_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


@dataclass
class Curves:
    """Curves under construction: how sources look, and the rows of everything drawn."""

    look: Mapping[str, Look]
    sigma: float = 3.0
    rows: list[pd.DataFrame] = field(default_factory=list)

    def draw(self, axes: Axes, counts: pd.Series, by: str, panel: str = "", pale: bool = True) -> None:
        """The curve of one source, whose name is the series', over ranks 1 to C; smoothed unless it is `by`.

        Counts of zero are gaps where they are drawn as they are; smoothed ones are drawn above zero.
        """
        source = str(counts.name)
        look, own = self.look[source], source == by
        ranks = np.arange(1, len(counts) + 1)
        values = counts.to_numpy(dtype=float)
        if pale and not own:
            axes.plot(ranks, positive(values), color=look.colour, linewidth=0.4, alpha=0.3, zorder=2)
            self.record(panel, RAW, counts, values)
        curve = values if own else smoothed(values, self.sigma)
        axes.plot(ranks, positive(curve), color=look.colour, linewidth=1.2, zorder=3, label=labelled(look, counts))
        self.record(panel, CURVE, counts, curve)

    def record(self, panel: str, layer: str, counts: pd.Series, values: np.ndarray, first: int = 1) -> None:
        """Note what was drawn; the class at rank `first` comes first."""
        source = str(counts.name)
        keys = {"panel": panel, "layer": layer, "source": source, "label": self.look[source].label}
        ranks = np.arange(first, first + len(counts))
        frame = pd.DataFrame({"rank": ranks, "class": counts.index, "count": values}).assign(**keys)
        self.rows.append(frame[POINT_COLUMNS])

    def points(self) -> pd.DataFrame:
        """Everything drawn."""
        return pd.concat(self.rows, ignore_index=True)


def source_looks(slugs: Sequence[str], titles: Mapping[str, str]) -> dict[str, Look]:
    """Look of every source: the six published sets first and always alike, then others by their place in `slugs`."""
    named = {slug: titles.get(slug, SOURCES.get(slug, slug)) for slug in [*SOURCES, *slugs]}
    return looks(named, slugs)


def positive(values: np.ndarray) -> np.ndarray:
    """Values with gaps where there is none above zero."""
    return np.where(values > 0, values, np.nan)


def labelled(look: Look, counts: pd.Series) -> str:
    """Name of a source with the sum of its counts."""
    return f"{look.label} ({three_digits(float(counts.sum()))})"


def three_digits(value: float) -> str:
    """A number with three digits, or fewer below 100, and its unit: 93.7M, 4.00M, 449k, 12."""
    for unit, letter in _UNITS:
        if abs(value) >= 0.9995 * unit:
            digits = max(0, 2 - int(np.floor(np.log10(abs(value) / unit * 1.0005))))
            return f"{value / unit:.{digits}f}{letter}"
    return f"{value:.3g}"


def tick(value: float, _: int | None = None) -> str:
    """A round number and its unit, without zeros at the end: 10M, 2.5k, 1."""
    text, letter = three_digits(value), ""
    if text[-1].isalpha():
        text, letter = text[:-1], text[-1]
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{letter}"


def count_axis(axes: Axes, bins: int = 4) -> None:
    """Start the vertical axis at zero and write its counts with units."""
    axes.set_ylim(0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=bins))
    axes.yaxis.set_major_formatter(FuncFormatter(tick))


def log_counts(axes: Axes, low: float = 0.7) -> None:
    """Put the vertical axis on a logarithmic scale of counts, from below one match on where there are such classes."""
    axes.set_yscale("log")
    axes.set_ylim(bottom=max(low, axes.get_ylim()[0]))
    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    axes.yaxis.set_major_formatter(FuncFormatter(tick))
    axes.yaxis.set_minor_formatter(NullFormatter())
