"""From the bytes that a site sent to the bytes that are stored: checked, decoded in full, resized where declared.

Everything here is a pure function of the bytes and the pool's `image` section, so that it can run in any process.
Colour profiles are not applied and not stored in resized images, as in the papers' pipelines (PIL, open_clip).
"""

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from datalines.fetch import statuses
from datalines.images import FORMATS, MAX_PIXELS, to_rgb
from datalines.pools.base import OK

# Formats whose bytes are stored as they came; MPO is a JPEG with further pictures behind it, as phones write it.
STORED_AS_FETCHED = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp"}
JPEG_EXTENSION = "jpg"
ORIENTATION = 0x0112
# First bytes by which broken images of a known format, and what sites send instead of images, are told apart.
IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*")
OTHER_STARTS = {b"<!doctype html": "HTML", b"<html": "HTML", b"<svg": "SVG", b"<?xml": "XML", b"{": "JSON"}
OTHER_STARTS |= {b"%pdf-": "PDF", b"\x00\x00\x01\x00": "ICO"}


@dataclass(frozen=True)
class Work:
    """What became of an image's bytes: `data` is what is stored if `status` is `ok`, else empty; sizes in pixels."""

    status: str
    message: str = ""
    data: bytes = b""
    extension: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Prepared:
    """The work on a body, the digest of the body, and that of the bytes to be stored (empty if there are none)."""

    work: Work
    sha256: str
    stored_sha256: str


class _RefusedError(Exception):
    """A status and its message."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def work(body: bytes, image: dict[str, Any]) -> Work:
    """Check, decode in full, and resize or keep the bytes, as the pool's resolved `image` section says.

    `store: original` keeps JPEG, PNG and WebP byte for byte and turns GIF, BMP and TIFF into JPEG of `quality`; width
    and height are those of the pixels as decoded: an EXIF orientation is not applied, as PIL and open_clip do not
    apply it to what they read. `store: resized` applies it, then gives the longer or shorter side `side` pixels
    (by the filter `resample`), and writes JPEG of `quality`; a smaller image is enlarged
    only with `upscale`. Of a moving image the first frame counts, or it is refused; a transparent one is laid on white.
    """
    if not body:
        return Work(statuses.EMPTY_BODY, "zero bytes came")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd EXIF data, and on sizes that are judged here
            return _work(body, image)
    except _RefusedError as refusal:
        return Work(refusal.status, refusal.message)
    except Image.DecompressionBombError:
        return Work(statuses.TOO_MANY_PIXELS, "more pixels than Pillow decodes")
    except UnidentifiedImageError:
        return _unidentified(body)
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plug-ins raise OSError, SyntaxError, struct.error and others on bad bytes
        return Work(statuses.UNDECODABLE_IMAGE, f"{type(error).__name__}: {error}")


def prepare(body: bytes, image: dict[str, Any]) -> Prepared:
    """`work` with the digests of what went in and what came out."""
    done, digest = work(body, image), hashlib.sha256(body).hexdigest()
    if not done.data:
        return Prepared(done, digest, "")
    return Prepared(done, digest, digest if done.data is body else hashlib.sha256(done.data).hexdigest())


def resized_size(size: tuple[int, int], side: int, by: str, upscale: bool) -> tuple[int, int]:
    """Width and height after one side became `side` pixels; the other keeps the ratio and has one pixel at least."""
    reference = max(size) if by == "longer" else min(size)
    if reference == side or (reference < side and not upscale):
        return size
    width, height = (side if length == reference else max(1, round(length * side / reference)) for length in size)
    return width, height


def _work(body: bytes, spec: dict[str, Any]) -> Work:
    with Image.open(io.BytesIO(body), formats=FORMATS) as image:
        kind = image.format or ""
        _check(image, kind, spec)
        if spec["store"] == "original" and kind in ("JPEG", "MPO"):
            image.draft("L", image.size)  # every byte is decoded; colours that nobody looks at are not computed
        image.load()
        if spec["store"] == "resized":
            return _jpeg(_resized(image, spec), spec["quality"])
        if kind in STORED_AS_FETCHED:
            return Work(OK, "", body, STORED_AS_FETCHED[kind], image.width, image.height)
        return _jpeg(to_rgb(image), spec["quality"])


def _check(image: Image.Image, kind: str, spec: dict[str, Any]) -> None:
    """All that the header tells, before any pixel is decoded."""
    _check_pixels(image.size, spec)
    if min(image.size) < spec["min_side"]:
        raise _RefusedError(statuses.TOO_SMALL, f"{image.width} x {image.height} pixels, under {spec['min_side']}")
    if spec["animated"] == "refuse" and kind != "MPO" and getattr(image, "is_animated", False):
        raise _RefusedError(statuses.ANIMATED, f"{kind} with more than one frame")


def _check_pixels(size: tuple[int, int], spec: dict[str, Any]) -> None:
    limit = min(spec["max_pixels"], MAX_PIXELS)
    if size[0] * size[1] > limit:
        raise _RefusedError(statuses.TOO_MANY_PIXELS, f"{size[0]} x {size[1]} pixels are more than {limit:,}")


def _resized(image: Image.Image, spec: dict[str, Any]) -> Image.Image:
    turned = _turned(image)
    plain = turned.mode == "RGB" and "transparency" not in turned.info
    upright = turned if plain else to_rgb(turned)
    size = resized_size(upright.size, spec["side"], spec["by"], spec["upscale"])
    if size == upright.size:
        return upright
    _check_pixels(size, spec)  # an enlarged strip of 3 x 3000 pixels would fill the memory
    return upright.resize(size, _filter(spec["resample"], size < upright.size))


def _filter(name: str, smaller: bool) -> Image.Resampling:
    """The filter; the mean over an area says nothing of an image that is enlarged."""
    if name == "area" and smaller:
        return Image.Resampling.BOX
    return Image.Resampling.LANCZOS if name == "lanczos" else Image.Resampling.BICUBIC


def _turned(image: Image.Image) -> Image.Image:
    """The image as its EXIF orientation says; without one, or with EXIF data that cannot be read, as it is."""
    try:
        if image.getexif().get(ORIENTATION, 1) == 1:
            return image
        return ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:  # EXIF data is parsed by hand in many ways; what is wrong with it does not spoil the pixels
        return image


def _jpeg(image: Image.Image, quality: int) -> Work:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, comment=b"")  # else the original's comment goes along
    return Work(OK, "", stream.getvalue(), JPEG_EXTENSION, image.width, image.height)


def _unidentified(body: bytes) -> Work:
    if body.startswith(IMAGE_STARTS) or (body.startswith(b"RIFF") and body[8:12] == b"WEBP"):
        return Work(statuses.UNDECODABLE_IMAGE, "the header of the image is broken or cut off")
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, name in OTHER_STARTS.items():
        if start.startswith(mark):
            return Work(statuses.NOT_AN_IMAGE, f"the bytes are {name}")
    if body[4:8] == b"ftyp":
        return Work(statuses.NOT_AN_IMAGE, "the bytes are AVIF, HEIC or a film")
    return Work(statuses.NOT_AN_IMAGE, f"the bytes are of no image format that is read: {', '.join(FORMATS)}")
