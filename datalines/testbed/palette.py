"""The testbed's colours, the scenes behind its objects and the media they are drawn in: tables of numbers.

Colours are RGB in 0..1. A scene is a ground pattern between two colours, with an optional horizon above which a third
colour lies. A medium is how a style renders: a `rendition` is either a cartoon or a painting, the other styles are one
medium each.
"""

from dataclasses import dataclass

RGB = tuple[float, float, float]

COLOURS: dict[str, RGB] = {
    "red": (0.80, 0.12, 0.13), "orange": (0.94, 0.50, 0.10), "yellow": (0.95, 0.82, 0.18), "green": (0.22, 0.58, 0.22),
    "blue": (0.15, 0.35, 0.78), "purple": (0.48, 0.22, 0.62), "pink": (0.94, 0.56, 0.70), "brown": (0.47, 0.29, 0.15),
    "black": (0.13, 0.13, 0.14), "grey": (0.55, 0.56, 0.58), "white": (0.93, 0.93, 0.91),
}  # fmt: skip

TYPICAL: dict[str, tuple[str, ...]] = {
    "apple": ("red", "red", "green", "yellow"), "pear": ("green", "yellow", "yellow", "brown"),
    "bottle": ("green", "brown", "blue", "purple"), "mug": ("white", "blue", "red", "black"),
    "car": ("red", "blue", "grey", "black", "white"), "bus": ("yellow", "red", "blue", "green"),
    "cat": ("orange", "grey", "black", "brown"), "rabbit": ("white", "grey", "brown"),
    "fish": ("orange", "blue", "grey", "yellow"), "bird": ("blue", "red", "yellow", "brown"),
    "house": ("white", "brown", "yellow", "red"), "boat": ("white", "blue", "red", "brown"),
    "tree": ("green", "green", "green", "orange"), "mushroom": ("red", "brown", "brown", "orange"),
    "umbrella": ("red", "black", "blue", "purple"), "lamp": ("yellow", "white", "orange"),
    "chair": ("brown", "brown", "red", "white"), "clock": ("black", "red", "grey", "brown"),
    "flower": ("pink", "red", "yellow", "purple", "white"), "key": ("yellow", "grey", "brown"),
}  # fmt: skip

# Inks other than `body`, `shade` and `accent`, which follow the colours drawn for an object.
INKS: dict[str, RGB] = {
    "dark": (0.10, 0.10, 0.11), "light": (0.95, 0.94, 0.90), "grey": (0.70, 0.70, 0.72), "glass": (0.70, 0.86, 0.95),
    "wood": (0.42, 0.27, 0.14), "leaf": (0.30, 0.60, 0.22), "pink": (0.92, 0.60, 0.64), "beak": (0.96, 0.66, 0.14),
    "heart": (0.97, 0.80, 0.22), "line": (0.20, 0.18, 0.18),
}  # fmt: skip


@dataclass(frozen=True)
class Backdrop:
    """A background. `grain` is the pattern's frequency along x and y, `joints` the number of grid lines along x and y
    per half image with their width, `horizon` the range of the height (-1 top, 1 bottom) above which `upper` lies."""

    low: RGB
    high: RGB
    upper: RGB
    grain: tuple[float, float]
    depth: float
    joints: tuple[float, float, float] = (0.0, 0.0, 0.0)
    stagger: float = 0.0
    horizon: tuple[float, float] = (-3.0, -3.0)
    free: float = 0.0  # how far its colours are replaced by random ones
    tint: float = 1.0  # how far the domain's colour jitter applies
    phrases: tuple[str, ...] = ()


BACKDROPS: dict[str, Backdrop] = {
    "grass": Backdrop((0.16, 0.36, 0.10), (0.52, 0.70, 0.30), (0.68, 0.82, 0.94), (5.0, 1.6), 0.9, horizon=(-1.6, 0.1),
                      phrases=("on the grass", "in a green field")),
    "sand": Backdrop((0.74, 0.62, 0.42), (0.95, 0.87, 0.69), (0.38, 0.66, 0.82), (2.5, 3.5), 0.8, horizon=(-1.3, 0.0),
                     phrases=("on the sand", "at the beach")),
    "snow": Backdrop((0.80, 0.85, 0.92), (0.99, 0.99, 1.0), (0.58, 0.68, 0.82), (1.6, 2.2), 0.8, horizon=(-1.4, 0.1),
                     phrases=("in the snow", "on a snowy day")),
    "sky": Backdrop((0.30, 0.55, 0.86), (0.92, 0.95, 0.98), (0.3, 0.55, 0.86), (0.7, 1.2), 0.8,
                    phrases=("against the sky", "under a blue sky")),
    "water": Backdrop((0.08, 0.28, 0.46), (0.40, 0.66, 0.76), (0.76, 0.86, 0.93), (1.2, 5.0), 0.9, horizon=(-1.3, 0.1),
                      phrases=("on the water", "by the sea")),
    "wood": Backdrop((0.38, 0.23, 0.12), (0.70, 0.48, 0.29), (0.82, 0.77, 0.68), (0.8, 6.0), 0.8, (0.0, 1.6, 0.1),
                     horizon=(-1.6, -0.3), phrases=("on a wooden table", "on a wooden floor")),
    "brick": Backdrop((0.52, 0.22, 0.17), (0.74, 0.42, 0.33), (0.5, 0.2, 0.2), (3.0, 3.0), 0.7, (1.5, 3.0, 0.14), 0.5,
                      phrases=("in front of a brick wall", "by a brick wall")),
    "tiles": Backdrop((0.66, 0.72, 0.72), (0.88, 0.90, 0.88), (0.80, 0.78, 0.72), (2.0, 2.0), 0.5, (1.9, 1.9, 0.09),
                      horizon=(-1.8, -0.2), free=0.35, phrases=("on a tiled floor", "on the kitchen tiles")),
    "street": Backdrop((0.26, 0.27, 0.29), (0.50, 0.50, 0.51), (0.72, 0.71, 0.70), (6.0, 6.0), 0.9,
                       horizon=(-1.3, 0.2), phrases=("on the street", "on the road")),
    "room": Backdrop((0.46, 0.34, 0.25), (0.62, 0.48, 0.36), (0.80, 0.76, 0.68), (5.0, 5.0), 0.7,
                     horizon=(0.0, 0.6), free=0.5, phrases=("in a living room", "indoors at home")),
    "night": Backdrop((0.02, 0.03, 0.09), (0.22, 0.20, 0.34), (0.05, 0.06, 0.18), (1.4, 1.4), 0.8, horizon=(-2.0, 0.3),
                      phrases=("at night", "in the dark")),
    "cloth": Backdrop((0.60, 0.32, 0.36), (0.86, 0.80, 0.72), (0.8, 0.8, 0.8), (4.0, 4.0), 0.4, (2.2, 2.2, 0.45),
                      free=0.8, phrases=("on a checked cloth", "on a patterned blanket")),
    # The backgrounds of product shots, sketches and cartoons.
    "studio": Backdrop((0.95, 0.95, 0.95), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.3, 0.3), 0.6, tint=0.1,
                       phrases=("on a white background", "isolated on white")),
    "paper": Backdrop((0.93, 0.92, 0.89), (1.0, 1.0, 0.99), (1.0, 1.0, 1.0), (5.0, 5.0), 0.6, tint=0.0,
                      phrases=("on white paper", "on a blank page")),
    "flat": Backdrop((0.80, 0.86, 0.80), (0.80, 0.86, 0.80), (0.86, 0.90, 0.94), (0.3, 0.3), 0.0,
                     horizon=(-2.2, 0.7), free=0.75, phrases=("on a plain background", "on a flat background")),
}  # fmt: skip


@dataclass(frozen=True)
class Medium:
    """How an image is made. Widths are in pixels of a 32 px image; strengths are shares."""

    style: str
    line: tuple[float, float]  # strength of the outlines, [smallest, largest]
    line_width: tuple[float, float]
    texture: float  # strength of the grain on the object
    light: float
    shadow: float  # of the object on the ground
    wobble: float  # unsteadiness of the outlines, in object units
    camera: float  # how far blur, noise, contrast and white balance apply
    grey: float  # how far colour is lost
    posterise: float  # how far tones are reduced to a few
    vivid: float  # gain of the colours' saturation
    backdrop: str  # name of its background, or empty for the domain's scenes
    nouns: tuple[str, ...]


MEDIA: dict[str, Medium] = {
    "photo": Medium("photo", (0.15, 0.4), (0.6, 0.9), 0.22, 1.0, 0.5, 0.02, 1.0, 0.0, 0.0, 0.0, "",
                    ("photo", "picture", "photograph", "snapshot")),
    "product": Medium("product", (0.2, 0.4), (0.5, 0.8), 0.03, 0.9, 0.35, 0.0, 0.25, 0.0, 0.0, 0.05, "studio",
                      ("product photo", "studio shot", "product image")),
    "cartoon": Medium("rendition", (0.9, 1.0), (1.0, 1.7), 0.0, 0.0, 0.0, 0.03, 0.0, 0.0, 0.0, 0.35, "flat",
                      ("cartoon", "clip art", "illustration")),
    "painting": Medium("rendition", (0.0, 0.5), (0.8, 1.4), 0.55, 0.45, 0.25, 0.06, 0.4, 0.0, 0.7, 0.3, "",
                       ("painting", "artwork", "watercolor")),
    "sketch": Medium("sketch", (0.85, 1.0), (0.8, 1.5), 0.0, 0.0, 0.0, 0.05, 0.0, 1.0, 0.0, 0.0, "paper",
                     ("sketch", "drawing", "pencil drawing", "line drawing")),
}  # fmt: skip
