"""What is decided at random about each item of a domain, block by block.

Items come in blocks of `BLOCK`; the uniform numbers of a block come from one counter-based generator keyed by the seed
and the block's number, and each choice reads its own columns. So an item depends on (domain, seed, index) only, however
a pool is cut into parts; and two domains with the same seed share their numbers, which makes them matched pairs that
differ only in what their settings say. Pools and evaluation sets that must be independent need different seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datalines.testbed.domain import CLASSES, SCENES, STYLES, Domain
from datalines.testbed.palette import BACKDROPS, COLOURS, MEDIA, TYPICAL

BLOCK = 256
LOOKS, WORDS = 72, 48  # how many uniform numbers the renderer and the caption writer get

Uniform = NDArray[np.float64]
Floats = NDArray[np.floating]  # single precision
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Draws:
    """The choices of one block, one row per item. Lengths are shares of half the image's shorter side."""

    label: Ints  # index into CLASSES
    medium: Ints  # index into MEDIA
    backdrop: Ints  # index into BACKDROPS
    colour: Ints  # index into COLOURS
    accent: Ints  # index into COLOURS, never the same as `colour`
    height: Ints  # pixels
    width: Ints  # pixels
    angle: Floats  # radians, anticlockwise
    scale: Floats
    x: Floats  # the object's centre, to the right of the image's
    y: Floats  # and above it
    shear: Floats
    squash: Floats  # share of the object's height that is left
    mirror: Floats  # 1 or -1
    shape: Floats  # (items, 6) in [-1, 1]
    contrast: Floats
    blur: Floats
    noise: Floats
    cluttered: NDArray[np.bool_]
    occluded: NDArray[np.bool_]
    light: np.float32
    colour_jitter: np.float32
    look: Floats  # (items, LOOKS) uniform numbers for the renderer
    words: Uniform  # (items, WORDS) uniform numbers for the caption writer


def class_shares(domain: Domain) -> dict[str, float]:
    """The expected share of each class that the domain shows, the most frequent first; the values sum to 1."""
    names = domain.classes or CLASSES
    weights = [rank**-domain.class_skew for rank in range(1, len(names) + 1)]
    return {name: weight / sum(weights) for name, weight in zip(names, weights, strict=True)}


def medium_shares(domain: Domain) -> dict[str, float]:
    """The expected share of each medium; a style's share is divided evenly among its media."""
    shares: dict[str, float] = {}
    for style in STYLES:
        media = [name for name, medium in MEDIA.items() if medium.style == style]
        shares |= {name: domain.styles.get(style, 0.0) / len(media) for name in media}
    return shares


def _pick(uniform: Uniform, shares: Mapping[str, float], vocabulary: Mapping[str, object] | tuple[str, ...]) -> Ints:
    codes = np.array([list(vocabulary).index(name) for name in shares], np.int64)
    bounds = np.cumsum(list(shares.values()))[:-1]
    return codes[np.searchsorted(bounds, uniform, side="right")]


def _between(uniform: Uniform, low: float, high: float) -> Floats:
    return (low + (high - low) * uniform).astype(np.float32)


def _pixels(domain: Domain, size: Uniform, ratio: Uniform) -> tuple[Ints, Ints]:
    low, high = domain.size
    short = low + np.floor(size * (high - low + 1))
    aspect = domain.aspect[0] * (domain.aspect[1] / domain.aspect[0]) ** ratio
    height = np.rint(short / np.minimum(aspect, 1))
    width = np.rint(short * np.maximum(aspect, 1))
    return height.astype(np.int64), width.astype(np.int64)


def _backdrops(domain: Domain, medium: Ints, uniform: Uniform) -> Ints:
    own = np.array([list(BACKDROPS).index(m.backdrop) if m.backdrop else -1 for m in MEDIA.values()])[medium]
    scene = _pick(uniform, {name: domain.scenes.get(name, 0.0) for name in SCENES}, BACKDROPS)
    return np.where(own >= 0, own, scene)


def _colours(domain: Domain, label: Ints, typical: Uniform, which: Uniform) -> Ints:
    names = list(COLOURS)
    longest = max(len(usual) for usual in TYPICAL.values())
    usual = np.zeros((len(CLASSES), longest), np.int64)
    for row, name in enumerate(CLASSES):
        usual[row, : len(TYPICAL[name])] = [names.index(colour) for colour in TYPICAL[name]]
    counts = np.array([len(TYPICAL[name]) for name in CLASSES])[label]
    known = usual[label, np.floor(which * counts).astype(np.int64)]
    return np.where(typical < domain.typical_colour, known, np.floor(which * len(names)).astype(np.int64))


def draw_block(domain: Domain, seed: int, block: int) -> Draws:
    """All choices about items `block * BLOCK` to `block * BLOCK + BLOCK - 1`."""
    source = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, block))))
    uniform = source.random((BLOCK, 32 + LOOKS + WORDS))
    u = uniform.T
    label = _pick(u[0], class_shares(domain), CLASSES)
    medium = _pick(u[1], medium_shares(domain), MEDIA)
    colour = _colours(domain, label, u[3], u[4])
    height, width = _pixels(domain, u[6], u[7])
    return Draws(
        label=label,
        medium=medium,
        backdrop=_backdrops(domain, medium, u[2]),
        colour=colour,
        accent=(colour + 1 + np.floor(u[5] * (len(COLOURS) - 1)).astype(np.int64)) % len(COLOURS),
        height=height,
        width=width,
        angle=np.deg2rad(_between(u[8], *domain.rotation)),
        scale=_between(u[9], *domain.scale),
        x=_between(u[10], -2 * domain.offset, 2 * domain.offset),
        y=_between(u[11], -2 * domain.offset, 2 * domain.offset),
        shear=_between(u[12], -domain.shear, domain.shear),
        squash=_between(u[13], 1 - domain.foreshortening, 1.0),
        mirror=np.where(u[14] < domain.mirrored, np.float32(-1), np.float32(1)),
        shape=_between(uniform[:, 15:21], -domain.variation, domain.variation),
        contrast=_between(u[21], *domain.contrast),
        blur=_between(u[22], 0, domain.blur),
        noise=_between(u[23], 0, domain.noise),
        cluttered=u[24] < domain.clutter,
        occluded=u[25] < domain.occlusion,
        light=np.float32(domain.light),
        colour_jitter=np.float32(domain.colour_jitter),
        look=uniform[:, 32 : 32 + LOOKS].astype(np.float32),
        words=uniform[:, 32 + LOOKS :],
    )
