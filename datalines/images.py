"""Decoding of images: the one place where bytes become pixels."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image, UnidentifiedImageError

DECODER = f"pillow {PIL.__version__}"
EXTENSIONS = frozenset({"jpg", "jpeg", "png", "webp"})
# Pillow's other readers are never tried: some start programs (EPS), most are little tested with hostile bytes.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
# One decompressed image may not exceed this many pixels; larger ones count as undecodable and do not fill the memory.
MAX_PIXELS = 100_000_000


class ImageError(ValueError):
    """Bytes that do not decode to an image."""


@contextmanager
def opened(data: bytes) -> Iterator[Image.Image]:
    """The image that the bytes hold, not decoded yet; whatever is wrong with it, in here too, is an ImageError."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ImageError(f"{image.width} x {image.height} pixels are more than {MAX_PIXELS:,}")
            yield image
    except ImageError:
        raise
    except UnidentifiedImageError as error:  # its own text holds an address in memory, another one in every run
        raise ImageError(f"the bytes are of no image format that is read: {', '.join(FORMATS)}") from error
    except Exception as error:  # Pillow's plug-ins raise OSError, SyntaxError, struct.error and others on bad bytes
        raise ImageError(f"{type(error).__name__}: {error}") from error


def decode(data: bytes, least: int | None = None) -> Image.Image:
    """Decode completely (not only the header) and convert to RGB; a transparent image is laid on white.

    With `least`, a JPEG may come at 1/2, 1/4 or 1/8 of its size, as long as no side has fewer pixels than that.
    """
    with opened(data) as image:
        if least is not None:
            image.draft(None, (least, least))
        image.load()
        return to_rgb(image)


def square(image: Image.Image, side: int) -> npt.NDArray[np.uint8]:
    """Resize the shorter side to `side` (bicubic) and cut out the centre: shape (side, side, 3), RGB.

    This is CLIP's evaluation transform (facts of the five papers: bicubic resize of the shorter side, centre crop).
    """
    scale = side / min(image.size)
    size = (max(side, round(image.width * scale)), max(side, round(image.height * scale)))
    resized = image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return np.asarray(resized.crop((left, top, left + side, top + side)), dtype=np.uint8)


def to_rgb(image: Image.Image) -> Image.Image:
    """A copy in RGB: what is transparent is laid on white, of 16 bits the upper 8 are kept."""
    if image.mode.startswith("I;16"):  # Pillow would clip everything above 255 to white
        return _from_16_bits(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB") if image.mode != "RGB" else image.copy()


def _from_16_bits(image: Image.Image) -> Image.Image:
    levels = np.asarray(image)
    grey = (levels >> 8).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[levels == transparent] = 255
    return Image.fromarray(grey).convert("RGB")
