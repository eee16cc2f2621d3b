"""Signed distances of simple figures, evaluated for many images at once.

A `Frame` holds each image's object coordinates: u to the right and v up, arrays of shape (images, rows, columns), the
object filling about [-1, 1] x [-1, 1]. A distance is negative inside a figure and positive outside, in the same units.
Sizes and positions are numbers, or arrays of shape (images, 1, 1) where they differ between images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]  # single precision throughout
Number = float | np.floating | Array


@dataclass(frozen=True)
class Frame:
    """Object coordinates u, v of shape (images, rows, columns) and shape variables, each (images, 1, 1) in [-1, 1]."""

    u: Array
    v: Array
    shape: tuple[Array, ...]

    def vary(self, index: int, low: float, high: float) -> Array:
        """Shape variable `index`, mapped to the interval [low, high]; shape (images, 1, 1)."""
        return (low + high) / 2 + (high - low) / 2 * self.shape[index]

    def either(self, index: int, first: Array, second: Array) -> Array:
        """`first` for images whose shape variable `index` is positive, `second` for the others."""
        return np.where(self.shape[index] > 0, first, second)


def _single(value: Number) -> Number:
    """A number in single precision, so that arithmetic among plain numbers does not widen the grids it meets."""
    return np.float32(value) if isinstance(value, float | int) else value


def circle(f: Frame, x: Number, y: Number, radius: Number) -> Array:
    """A disc."""
    du, dv = f.u - _single(x), f.v - _single(y)
    du *= du
    dv *= dv
    du += dv
    np.sqrt(du, out=du)
    du -= _single(radius)
    return du


def ellipse(f: Frame, x: Number, y: Number, rx: Number, ry: Number) -> Array:
    """An upright ellipse; the distance is first order in the offset from the outline."""
    rx, ry = _single(rx), _single(ry)
    du, dv = (f.u - _single(x)) / rx, (f.v - _single(y)) / ry
    du *= du
    dv *= dv
    near = np.sqrt(du + dv)
    du *= 1 / (rx * rx)
    dv *= 1 / (ry * ry)
    du += dv
    du += np.float32(1e-9)
    np.sqrt(du, out=du)
    return near * (near - 1) / du


def box(f: Frame, x: Number, y: Number, half_width: Number, half_height: Number, corner: float = 0.0) -> Array:
    """An upright rectangle; `corner` rounds its corners without making it larger."""
    du, dv = np.abs(f.u - _single(x)), np.abs(f.v - _single(y))
    du -= _single(half_width) - corner
    dv -= _single(half_height) - corner
    inside = np.maximum(du, dv)
    if corner == 0:
        return inside
    np.minimum(inside, 0, out=inside)
    np.maximum(du, 0, out=du)
    np.maximum(dv, 0, out=dv)
    du *= du
    dv *= dv
    du += dv
    np.sqrt(du, out=du)
    du += inside
    du -= corner
    return du


def stroke(f: Frame, x1: Number, y1: Number, x2: Number, y2: Number, half_width: Number) -> Array:
    """A straight stroke with round ends."""
    x1, y1 = _single(x1), _single(y1)
    lu, lv = _single(x2) - x1, _single(y2) - y1
    du, dv = f.u - x1, f.v - y1
    along = (du * lu + dv * lv) * (1 / (lu * lu + lv * lv))
    np.clip(along, 0, 1, out=along)
    du -= along * lu
    dv -= along * lv
    du *= du
    dv *= dv
    du += dv
    np.sqrt(du, out=du)
    du -= _single(half_width)
    return du


def polygon(f: Frame, *corners: tuple[Number, Number]) -> Array:
    """A convex polygon whose corners are given clockwise (u right, v up)."""
    result: Array | None = None
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        eu, ev = _single(x2) - _single(x1), _single(y2) - _single(y1)
        length = np.sqrt(eu * eu + ev * ev)
        nu, nv = -ev / length, eu / length
        edge = f.u * nu
        edge += f.v * nv
        edge -= _single(x1) * nu + _single(y1) * nv
        result = edge if result is None else np.maximum(result, edge, out=result)
    assert result is not None
    return result


def join(first: Array, *others: Array) -> Array:
    """The union of figures."""
    for other in others:
        first = np.minimum(first, other)
    return first


def blend(first: Array, second: Array, width: float) -> Array:
    """The union of two figures with the crease between them filled over `width` (quadratic smooth minimum)."""
    gap = width - np.abs(first - second)
    np.maximum(gap, 0, out=gap)
    gap *= gap
    gap *= 0.25 / width
    return np.minimum(first, second) - gap


def cut(first: Array, second: Array) -> Array:
    """The first figure without the second."""
    return np.maximum(first, -second)


def ring(distance: Array, half_width: Number) -> Array:
    """A band along the outline of a figure."""
    return np.abs(distance) - _single(half_width)
