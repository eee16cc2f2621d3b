"""Percent axes on a transformed scale: the scale itself, its limits, and round ticks that do not crowd."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from datalines.robustness.transforms import Array, inverse, transform

# Candidate ticks in percent, from fine to coarse; the finest set that still fits is taken.
_EVEN: tuple[tuple[float, ...], ...] = tuple(tuple(range(0, 101, step)) for step in (1, 2, 5, 10, 20, 25, 50))
_BENT: tuple[tuple[float, ...], ...] = (
    *(tuple(range(1, 100)), tuple(range(2, 100, 2))),
    (0.1, 0.2, 0.5, 1, 2, 3, *range(5, 100, 5), 97, 98, 99, 99.5, 99.8, 99.9),
    (0.1, 0.3, 1, 2, 5, *range(10, 100, 10), 95, 98, 99, 99.7, 99.9),
    (0.1, 1, 5, 10, *range(20, 90, 20), 90, 95, 99, 99.9),
    (0.1, 1, 5, 20, 50, 80, 95, 99, 99.9),
    (0.1, 1, 10, 50, 90, 99, 99.9),
)
_EDGE = 1e-5  # probit and logit have no value at 0 and 1; drawing stops here


def to_axis(percent: Sequence[float] | Array, axis: str) -> Array:
    """Percent, any shape, to positions on the axis; clipped just inside 0 and 100 so that bars can be drawn."""
    share = np.clip(np.asarray(percent, dtype=np.float64) / 100, _EDGE, 1 - _EDGE)
    return transform(share, axis)


def to_percent(positions: Sequence[float] | Array, axis: str) -> Array:
    """Positions on the axis, any shape, back to percent."""
    return 100 * inverse(np.asarray(positions, dtype=np.float64), axis)


def limits(percent: Sequence[float] | Array, axis: str, margin: float = 0.08) -> tuple[float, float]:
    """Limits in percent that leave a margin, a share of the drawn length, on both sides of the values."""
    places = to_axis(percent, axis)
    low, high = float(places.min()), float(places.max())
    pad = max((high - low) * margin, 0.05)
    bounds = to_percent(np.array([low - pad, high + pad]), axis)
    return float(max(bounds[0], 100 * _EDGE)), float(min(bounds[1], 100 * (1 - _EDGE)))


def ticks(low: float, high: float, axis: str, most: int = 8) -> list[float]:
    """Round percentages inside [low, high]: the finest set of at most `most` that keep apart when drawn."""
    span = float(np.diff(to_axis([low, high], axis))[0])
    best: list[float] = []
    for candidates in _EVEN if axis == "linear" else _BENT:
        inside = [value for value in candidates if low <= value <= high]
        gaps = np.diff(to_axis(inside, axis)) if len(inside) > 1 else np.array([span])
        if len(inside) <= most and gaps.min() >= 0.07 * span:
            return inside if len(inside) >= 2 or not best else best
        best = [inside[place] for place in np.linspace(0, len(inside) - 1, min(most, len(inside))).astype(int)]
    return best


def percent_scale(axes: Axes, axis: str, x_limits: tuple[float, float], y_limits: tuple[float, float]) -> None:
    """Put both axes (data in percent) on the transformed scale with the given limits and round ticks."""

    def forward(values: Array) -> Array:
        return to_axis(values, axis)

    def backward(values: Array) -> Array:
        return to_percent(values, axis)

    axes.set_xscale("function", functions=(forward, backward))
    axes.set_yscale("function", functions=(forward, backward))
    axes.set_xlim(*x_limits)
    axes.set_ylim(*y_limits)
    for side, bounds in ((axes.xaxis, x_limits), (axes.yaxis, y_limits)):
        side.set_major_locator(FixedLocator(ticks(*bounds, axis)))
        side.set_minor_locator(NullLocator())
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
