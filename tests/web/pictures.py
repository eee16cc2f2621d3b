"""Pictures of every kind that the web holds, made on the fly and always the same."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    """An image's bytes in a format that Pillow names `kind`."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth colours with a little noise, RGB: compresses as photographs do."""
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(0, 256, (4, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    noise = generator.integers(-12, 13, smooth.shape, dtype=np.int16)
    return Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))


def jpeg(width: int = 64, height: int = 48, seed: int = 0, quality: int = 85) -> bytes:
    """A JPEG."""
    return encode(scene(width, height, seed), "JPEG", quality=quality)


def png(width: int = 64, height: int = 48, seed: int = 0) -> bytes:
    """A PNG."""
    return encode(scene(width, height, seed), "PNG")


def webp() -> bytes:
    """A WebP."""
    return encode(scene(64, 48), "WEBP")


def cmyk() -> bytes:
    """A JPEG in CMYK, as print shops make them."""
    return encode(scene(64, 48).convert("CMYK"), "JPEG", quality=90)


def grey() -> bytes:
    """A JPEG with one channel."""
    return encode(scene(64, 48).convert("L"), "JPEG")


def palette() -> bytes:
    """A PNG with a palette, the left half transparent."""
    image = scene(64, 48).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 32, 48))
    return encode(image.quantize(32), "PNG")


def rgba() -> bytes:
    """A PNG with an alpha channel, the left half transparent."""
    image = scene(64, 48).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 32, 48))
    return encode(image, "PNG")


def sixteen_bit_png() -> bytes:
    """A grey PNG with 16 bits a pixel: a ramp from black on the left to white on the right."""
    return encode(Image.fromarray(_ramp()), "PNG")


def sixteen_bit_tiff() -> bytes:
    """The same ramp as a TIFF."""
    return encode(Image.fromarray(_ramp()), "TIFF")


def _ramp() -> np.ndarray:
    return np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))


def gif() -> bytes:
    """A GIF with one frame."""
    return encode(scene(64, 48).quantize(64), "GIF")


def animated_gif() -> bytes:
    """A GIF with three frames."""
    first, *rest = (scene(64, 48, seed).quantize(64) for seed in range(3))
    return encode(first, "GIF", save_all=True, append_images=rest, duration=100)


def animated_webp() -> bytes:
    """A WebP with three frames."""
    first, *rest = (scene(64, 48, seed) for seed in range(3))
    return encode(first, "WEBP", save_all=True, append_images=rest, duration=100)


def rotated() -> bytes:
    """A JPEG of 64 x 48 pixels whose EXIF says: turn me, I am 48 x 64."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(scene(64, 48), "JPEG", exif=exif)


def truncated() -> bytes:
    """The first two thirds of a JPEG."""
    whole = jpeg(256, 192)
    return whole[: len(whole) * 2 // 3]


def pixel() -> bytes:
    """A PNG of one pixel, as counters of visitors are."""
    return png(1, 1)


def bomb(side: int = 40_000) -> bytes:
    """A PNG of `side` x `side` black pixels, one bit each: a few kilobytes that would fill the memory."""
    rows = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    packed = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
