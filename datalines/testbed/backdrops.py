"""Backgrounds and grain: patterns laid by looking up a fixed bank of tileable noise."""

from functools import cache

import numpy as np

from datalines.testbed.canvas import Canvas, column, lay
from datalines.testbed.draws import Floats
from datalines.testbed.palette import BACKDROPS

_SIDE, _TILES = 128, 8
_ROWS = list(BACKDROPS.values())
_RGB = {name: np.array([getattr(row, name) for row in _ROWS], np.float32) for name in ("low", "high", "upper")}
_GRAIN = np.array([row.grain for row in _ROWS], np.float32)
_JOINTS = np.array([row.joints for row in _ROWS], np.float32)
_HORIZON = np.array([row.horizon for row in _ROWS], np.float32)
_PLAIN = np.array([(row.depth, row.stagger, row.free, row.tint) for row in _ROWS], np.float32)


@cache
def _bank(white: bool) -> Floats:
    """Tiles of noise with mean 0, flattened: white with unit variance, or cloud-like (1/f) within about [-1, 1]."""
    noise = np.random.Generator(np.random.Philox(20_21)).standard_normal((_TILES, _SIDE, _SIDE))
    if white:
        return noise.astype(np.float32).ravel()
    rate = np.hypot(np.fft.fftfreq(_SIDE)[:, None], np.fft.rfftfreq(_SIDE)[None]) * _SIDE
    weight = np.where(rate > 0, np.maximum(rate, 4.0), np.inf) ** -1.6
    cloud = np.fft.irfft2(np.fft.rfft2(noise) * weight, s=(_SIDE, _SIDE))
    return np.tanh(cloud / cloud.std() * 0.6).astype(np.float32).ravel()


def grain(c: Canvas, first: int, fx: Floats | float, fy: Floats | float, white: bool = False) -> Floats:
    """Noise of shape (images, rows, columns), its grain scaled by `fx`, `fy`.

    Uniform numbers `first` to `first + 2` place it. White noise has one independent value a pixel, whatever `fx`, `fy`.
    """
    step_x, step_y = (1 / c.pixel, 1 / c.pixel) if white else (8 * fx, 8 * fy)
    columns = (c.x * step_x + _SIDE * (4 + c.look(first))).astype(np.int32) & (_SIDE - 1)
    rows = (c.y * step_y + _SIDE * (4 + c.look(first + 1))).astype(np.int32) & (_SIDE - 1)
    tile = (c.look(first + 2) * _TILES).astype(np.int32) * (_SIDE * _SIDE)
    return _bank(white).take(tile + rows * _SIDE + columns)


def paint_backdrop(c: Canvas) -> Floats:
    """The background of each image, (images, 3, rows, columns)."""
    kind = c.draws.backdrop[c.items]
    depth, stagger, free = (column(_PLAIN[kind, k]) for k in range(3))
    jitter = (c.looks(51, 54) - 0.5) * (0.5 * c.draws.colour_jitter)
    jitter = jitter * _PLAIN[kind, 3:]
    own = free[:, :, 0] * (c.looks(54, 57) - 0.5)
    low, high = _RGB["low"][kind] + own + jitter, _RGB["high"][kind] + own * 0.6 + jitter
    upper = _RGB["upper"][kind] + free[:, :, 0] * (c.looks(57, 60) - 0.5) + jitter

    pattern = grain(c, 60, column(_GRAIN[kind, 0]), column(_GRAIN[kind, 1])) * (depth * 0.6) + 0.5
    if (_JOINTS[kind, 2] > 0).any():
        pattern -= _joints(c, _JOINTS[kind], stagger) * 0.55
    rgb = np.empty((len(kind), 3, *pattern.shape[1:]), np.float32)
    rgb[...] = low[:, :, None, None]
    rgb += (high - low)[:, :, None, None] * pattern[:, None]
    level = -column(_HORIZON[kind, 0] + (_HORIZON[kind, 1] - _HORIZON[kind, 0]) * c.looks(65, 66)[:, 0])
    if (level < 1.6).any():
        lay(rgb, upper, np.clip((c.y - level) / c.pixel * 0.5, 0, 1) * np.ones_like(c.x))
    return rgb


def _joints(c: Canvas, joints: Floats, stagger: Floats) -> Floats:
    """1 on the grid lines between bricks, tiles, planks or checks, else 0; (images, rows, columns)."""
    across, down, width = (column(joints[:, k]) for k in range(3))
    row = c.y * down + c.look(64)
    line = np.floor(row)
    place = c.x * across + c.look(63) + stagger * (line % 2)
    return np.maximum((row - line < width) & (down > 0), (place - np.floor(place) < width) & (across > 0))
