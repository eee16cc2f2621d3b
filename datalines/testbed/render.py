"""From the draws of a block to its images.

Items are rendered together with the others of their class and orientation, on one padded grid: background, things
around the object, the object part by part (each with its outline), light and shade, what covers it, and the camera.
Media and backdrops are rows of numbers, so that one code path serves all styles.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from datalines.testbed import shapes_nature, shapes_things
from datalines.testbed.backdrops import grain, paint_backdrop
from datalines.testbed.canvas import Canvas, column, lay
from datalines.testbed.domain import CLASSES
from datalines.testbed.draws import Draws, Floats, Ints
from datalines.testbed.geometry import Frame, box, ellipse
from datalines.testbed.palette import COLOURS, INKS
from datalines.testbed.shapes_nature import Part

SHAPES: dict[str, Callable[[Frame], list[Part]]] = {
    name: getattr(shapes_nature, name, None) or getattr(shapes_things, name) for name in CLASSES
}
_COLOURS = np.array(list(COLOURS.values()), np.float32)
_LUMA = np.array([0.30, 0.59, 0.11], np.float32)
_GROUP = 32  # images rendered at once: their arrays then stay in the processor's cache


def render_block(draws: Draws) -> list[NDArray[np.uint8]]:
    """The images of a block, in order, uint8 of shape (height, width, 3)."""
    images: list[NDArray[np.uint8]] = [np.empty((0, 0, 3), np.uint8)] * len(draws.label)
    for items in _groups(draws):
        pixels = _render(draws, items)
        for row, item in enumerate(items.tolist()):
            images[item] = pixels[row, : draws.height[item], : draws.width[item]]
    return images


def _groups(draws: Draws) -> Iterator[Ints]:
    """Item numbers of one class and orientation at a time, so that little of a padded grid is wasted."""
    keys = draws.label * 2 + (draws.width > draws.height)
    order = np.argsort(keys, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        yield from np.split(members, range(_GROUP, len(members), _GROUP))


def _render(draws: Draws, items: Ints) -> NDArray[np.uint8]:
    canvas = Canvas.of(draws, items)
    rgb = paint_backdrop(canvas)
    _clutter(canvas, rgb)
    _object(canvas, rgb)
    _occlude(canvas, rgb)
    _expose(canvas, rgb)
    rgb *= 255
    rgb += 0.5
    np.clip(rgb, 0, 255, out=rgb)
    return rgb.astype(np.uint8).transpose(0, 2, 3, 1)


def _frame(c: Canvas) -> Frame:
    """Object coordinates: undo the shift, the rotation, the scale, the slant and the foreshortening; then wobble."""
    d, items = c.draws, c.items
    x, y = c.x - column(d.x[items]), c.y - column(d.y[items])
    size = column(d.scale[items])
    turn = column(d.angle[items])
    cos, sin = np.cos(turn) / size, np.sin(turn) / size
    u = (cos * x + sin * y) * column(d.mirror[items])
    v = (cos * y - sin * x) / column(d.squash[items])
    u += column(d.shear[items]) * v
    wobble = column(c.medium["wobble"])
    phase, rate = c.look(0) * 6.2832, 4 + 4 * c.look(1)
    shaken = u + wobble * np.sin(rate * v + phase)
    v += wobble * np.sin(rate * u - phase)
    return Frame(shaken, v, tuple(column(d.shape[items, k]) for k in range(d.shape.shape[1])))


def _inks(c: Canvas) -> dict[str, Floats]:
    """The colour of each ink, (images, 3), after the medium's and the domain's changes of colour."""
    d, items = c.draws, c.items
    shift = (c.looks(2, 5) - 0.5) * 0.28 * d.colour_jitter
    body = _COLOURS[d.colour[items]] + shift
    inks = {"body": body, "shade": body * 0.62, "accent": _COLOURS[d.accent[items]] + shift}
    inks |= {name: np.array(rgb, np.float32) + shift * 0.5 for name, rgb in INKS.items()}
    vivid, grey = c.medium["vivid"][:, None], c.medium["grey"][:, None]
    tone = (c.looks(5, 6) * 0.75) ** 2  # how much shading a sketch has: from pure line to pencil
    for name, rgb in inks.items():
        luma = (rgb @ _LUMA)[:, None]
        rgb = luma + (rgb - luma) * (1 + vivid)
        depth = 0.8 if name in ("dark", "line") else tone
        inks[name] = rgb + grey * (1 - depth * (1 - luma) - rgb)
    return inks


def _object(c: Canvas, rgb: Floats) -> None:
    """Draw the object over the image, its shadow first."""
    f = _frame(c)
    parts = SHAPES[CLASSES[c.draws.label[c.items[0]]]](f)
    inks = _inks(c)
    pixel = c.pixel / column(c.draws.scale[c.items])  # one pixel in object units
    per_pixel = 1 / pixel
    half_line = column(c.medium["line_width"]) * (0.5 / 16) / column(c.draws.scale[c.items])
    strength = column(c.medium["line"])
    line = c.looks(6, 9) + c.medium["grey"][:, None] * (c.looks(6, 7) - c.looks(6, 9))  # sketches have grey lines
    line = 0.1 + 0.14 * line
    figure = np.empty_like(rgb)
    figure[...] = inks[parts[0][0]][:, :, None, None]
    outside: Floats | None = None
    drawn = np.zeros_like(f.u)
    for ink, distance in parts:
        fill = np.clip(0.5 - distance * per_pixel, 0, 1)
        lay(figure, inks[ink], fill)
        edge = np.abs(distance)
        edge -= half_line
        edge *= -per_pixel
        edge += 0.5
        np.clip(edge, 0, 1, out=edge)
        edge *= strength
        drawn *= 1 - fill
        np.maximum(drawn, edge, out=drawn)
        outside = distance if outside is None else np.minimum(outside, distance, out=outside)
    assert outside is not None
    _shade(c, f, figure, outside)
    lay(figure, line, drawn)
    _cast_shadow(c, rgb)
    cover = 0.5 - (outside - half_line * np.minimum(strength * 4, 1)) * per_pixel
    lay(rgb, figure, np.clip(cover, 0, 1, out=cover))


def _shade(c: Canvas, f: Frame, figure: Floats, outside: Floats) -> None:
    """Grain, a light from one side, a dome towards the outline and a gloss, as strong as the medium has them."""
    light = column(c.medium["light"])
    turn = c.look(9) * 3.1416  # from the right over the top to the left
    side = np.cos(turn) * (c.x - column(c.draws.x[c.items])) + np.sin(turn) * (c.y - column(c.draws.y[c.items]))
    dome = np.clip(outside * -3, 0, 1)
    shade = side * (light * 0.42)
    shade += dome * (light * 0.34)
    shade += 1 - light * 0.26
    shade += grain(c, 10, 3.0, 3.0) * column(c.medium["texture"])
    figure *= shade[:, None]
    gloss = (f.u - 0.4 * np.cos(turn)) ** 2 + (f.v - 0.4 * np.sin(turn)) ** 2
    gloss = np.clip(1 - gloss * 7, 0, 1)
    gloss *= dome * (light * c.look(13) * 0.45)
    figure += gloss[:, None]


def _cast_shadow(c: Canvas, rgb: Floats) -> None:
    """A soft dark oval under the object."""
    d, items = c.draws, c.items
    size = column(d.scale[items])
    x = (c.x - column(d.x[items])) / size
    y = (c.y - column(d.y[items])) / size + 0.92
    dark = np.clip(1 - x * x * 0.9 - y * y * 14, 0, 1)
    dark *= column(c.medium["shadow"])
    rgb *= (1 - dark)[:, None]


def _blot(c: Canvas, rgb: Floats, rows: NDArray[np.int64], first: int, x: Floats, y: Floats, reach: Floats) -> None:
    """One coloured box or oval on the images `rows`, from the uniform numbers `first` to `first + 4`."""
    sub = c.rows(rows)
    f = Frame(sub.x - x + np.zeros_like(sub.y), sub.y - y + np.zeros_like(sub.x), ())
    wide, tall = reach * (0.6 + sub.look(first)), reach * (0.6 + sub.look(first + 1))
    distance = np.where(sub.look(first + 2) < 0.5, box(f, 0, 0, wide, tall), ellipse(f, 0, 0, wide, tall))
    colour = _COLOURS[(sub.looks(first + 3, first + 4)[:, 0] * len(_COLOURS)).astype(np.int64)]
    colour = colour * (0.7 + 0.4 * sub.looks(first + 4, first + 5))
    grey = sub.medium["grey"][:, None]
    colour = colour + grey * (0.8 + 0.2 * (colour @ _LUMA)[:, None] - colour)
    part = rgb[rows]
    lay(part, colour, np.clip(0.5 - distance / sub.pixel, 0, 1))
    rgb[rows] = part


def _clutter(c: Canvas, rgb: Floats) -> None:
    """Three things around the object, in images that have clutter."""
    rows = np.flatnonzero(c.draws.cluttered[c.items])
    if not len(rows):
        return
    sub = c.rows(rows)
    for k in range(3):
        turn = (sub.look(14) + k / 3 + 0.2 * sub.look(15 + k)) * 6.2832
        away = 0.75 + 0.35 * sub.look(18 + k)
        _blot(c, rgb, rows, 21 + 5 * k, away * np.cos(turn), away * np.sin(turn), np.full_like(turn, 0.2))


def _occlude(c: Canvas, rgb: Floats) -> None:
    """One thing in front of the object's edge, in images where it is partly hidden."""
    rows = np.flatnonzero(c.draws.occluded[c.items])
    if not len(rows):
        return
    sub = c.rows(rows)
    turn = sub.look(36) * 6.2832
    reach = column(c.draws.scale[c.items[rows]])
    _blot(c, rgb, rows, 37, reach * np.cos(turn) * 0.75, reach * np.sin(turn) * 0.75, reach * 0.38)


def _expose(c: Canvas, rgb: Floats) -> None:
    """The camera: posterising (of paintings), blur, exposure, white balance, contrast and noise."""
    d, items = c.draws, c.items
    steps = np.flatnonzero(c.medium["posterise"] > 0)
    if len(steps):
        part = rgb[steps]
        share = c.medium["posterise"][steps][:, None, None, None]
        rgb[steps] = part + share * (np.round(part * 5) / 5 - part)
    camera = c.medium["camera"]
    _blur(rgb, d.blur[items] * camera)
    balance = 1 + (c.looks(42, 45) - 0.5) * (0.4 * d.colour_jitter * camera)[:, None]
    contrast = 1 + (d.contrast[items] - 1) * camera
    level = 0.5 + (c.looks(45, 46)[:, 0] - 0.5) * 0.2 * camera
    rgb -= 0.5
    rgb *= (balance * contrast[:, None])[:, :, None, None]
    grainy = grain(c, 46, 0, 0, white=True) * column(d.noise[items] * camera)
    grainy += column(level)
    rgb += grainy[:, None]


def _blur(rgb: Floats, width: Floats) -> None:
    """In place: passes of a 1-2-1 average along x and y; a pass of less than full width keeps the rest of the pixel."""
    for turn in range(int(np.ceil(width.max()))):
        rows = np.flatnonzero(width > turn)
        part = rgb[rows]
        weight = np.minimum(width[rows] - turn, 1)[:, None, None, None] * 0.25
        for view in (part, part.swapaxes(2, 3)):
            inner = view[:, :, 1:-1]
            change = view[:, :, 2:] + view[:, :, :-2]
            change -= 2 * inner
            change *= weight
            inner += change
        rgb[rows] = part
