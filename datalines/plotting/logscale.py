"""Logarithmic axes of counts and ratios: limits that heavy tails do not stretch, and round ticks that do not crowd."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
from numpy.typing import NDArray

TAIL = 0.005  # share of a source's samples that may lie beyond either end of the axis
_LEAST_SPAN = 2.0  # an axis runs over this factor at least
# Leading digits of candidate ticks, from coarse to fine.
_STEPS: tuple[tuple[float, ...], ...] = (
    (1,),
    (1, 3),
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8),
)


def log_limits(samples: Iterable[NDArray[np.float64]], margin: float = 0.03) -> tuple[float, float]:
    """Ends of an axis that holds the positive values of every array but a share of TAIL at either end of it."""
    lows, highs = [], []
    for values in samples:
        positive = values[values > 0]
        if len(positive):
            lows.append(np.quantile(positive, TAIL, method="inverted_cdf"))
            highs.append(np.quantile(positive, 1 - TAIL, method="inverted_cdf"))
    low, high = np.log10(min(lows, default=1.0)), np.log10(max(highs, default=1.0))
    pad = max((high - low) * margin, (np.log10(_LEAST_SPAN) - (high - low)) / 2)
    return float(10 ** (low - pad)), float(10 ** (high + pad))


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers inside [low, high]: the finest candidates that are at most `most` and keep apart when drawn."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    best: list[float] = []
    for step in _STEPS:
        found = [float(f"{digit * 10.0**decade:.6g}") for decade in decades for digit in step]
        inside = [value for value in found if low <= value <= high]
        if len(inside) > most:
            return best or inside[:: -(-len(inside) // most)]
        gaps = np.diff(np.log10(inside)) / np.log10(high / low)
        if len(inside) > 1 and gaps.min() < 0.09:
            return best or inside
        best = inside
    return best


def log_scale(axes: Axes, low: float, high: float) -> None:
    """Put the horizontal axis on a logarithmic scale with the given ends and round ticks written as plain numbers."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(low, high)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    minor = [digit * 10.0**decade for decade in range(-6, 10) for digit in range(1, 10)]
    axes.xaxis.set_minor_locator(FixedLocator([value for value in minor if low <= value <= high]))
    axes.xaxis.set_minor_formatter(NullFormatter())
