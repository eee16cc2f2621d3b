"""Whatever a stored file holds becomes RGB pixels or an ImageError, nothing else."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from datalines.images import MAX_PIXELS, ImageError, decode, square
from tests.builders import encode, jpeg, noise, png


def corner(data: bytes) -> tuple[int, ...]:
    image = decode(data)
    assert image.mode == "RGB"
    return tuple(int(value) for value in np.asarray(image)[0, 0])


def png_of(width: int, height: int, pixels: bytes | None) -> bytes:
    """A PNG that declares a size, with these compressed pixels, or ending after its header."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rest = chunk(b"IDAT", pixels) + chunk(b"IEND", b"") if pixels is not None else b""
    return b"\x89PNG\r\n\x1a\n" + header + rest


def test_a_transparent_png_is_laid_on_white() -> None:
    assert corner(encode(Image.new("RGBA", (3, 3), (200, 0, 0, 0)))) == (255, 255, 255)
    assert corner(encode(Image.new("RGBA", (3, 3), (200, 0, 0, 255)))) == (200, 0, 0)
    half = corner(encode(Image.new("RGBA", (3, 3), (0, 0, 0, 128))))
    assert half == pytest.approx((127, 127, 127), abs=1)


def test_grey_with_transparency_is_laid_on_white() -> None:
    assert corner(encode(Image.new("LA", (3, 3), (0, 0)))) == (255, 255, 255)
    assert corner(encode(Image.new("LA", (3, 3), (80, 255)))) == (80, 80, 80)


def test_a_palette_is_looked_up_and_its_transparent_entry_becomes_white() -> None:
    image = Image.new("P", (3, 3), 1)
    image.putpalette([9, 9, 9, 10, 200, 30])
    assert corner(encode(image)) == (10, 200, 30)
    assert corner(encode(image, transparency=1)) == (255, 255, 255)
    assert corner(encode(image, transparency=0)) == (10, 200, 30)


def test_a_transparent_colour_of_an_rgb_png_becomes_white() -> None:
    image = Image.new("RGB", (2, 1), (5, 6, 7))
    image.putpixel((1, 0), (5, 6, 8))
    data = encode(image, transparency=(5, 6, 7))
    assert np.asarray(decode(data))[0].tolist() == [[255, 255, 255], [5, 6, 8]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_grey_images_have_three_equal_channels(kind: str) -> None:
    assert corner(encode(Image.new("L", (16, 16), 90), kind)) == pytest.approx((90, 90, 90), abs=2)


def test_a_sixteen_bit_png_keeps_its_greys() -> None:
    ramp = np.array([[0, 255, 256, 32768, 65535]], dtype=np.uint16)
    assert np.asarray(decode(encode(Image.fromarray(ramp))))[0, :, 0].tolist() == [0, 0, 1, 128, 255]


def test_black_and_white_and_cmyk_become_rgb() -> None:
    assert corner(encode(Image.new("1", (3, 3), 1))) == (255, 255, 255)
    cyan = corner(encode(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "JPEG", quality=100))
    assert cyan == pytest.approx((0, 255, 255), abs=4)


def test_webp_decodes_without_loss_and_with_alpha() -> None:
    image = noise(9, 7, 1)
    assert np.array_equal(np.asarray(decode(encode(image, "WEBP", lossless=True))), np.asarray(image))
    assert corner(encode(Image.new("RGBA", (3, 3), (9, 9, 9, 0)), "WEBP", lossless=True)) == (255, 255, 255)


def test_png_pixels_are_unchanged() -> None:
    assert np.array_equal(np.asarray(decode(png(11, 5, 3))), np.asarray(noise(11, 5, 3)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no image at all",
        b"<html><body>404 Not Found</body></html>",
        bytes(5000),
        jpeg(64, 64)[: len(jpeg(64, 64)) // 2],
        png(64, 64)[: len(png(64, 64)) // 2],
        jpeg()[:3],
        png_of(64, 64, None),
        png_of(64, 64, b""),
    ],
    ids=[
        "empty",
        "text",
        "html",
        "zeros",
        "half-jpeg",
        "half-png",
        "jpeg-marker",
        "header-only-png",
        "png-without-pixels",
    ],
)
def test_what_does_not_decode_is_an_image_error_with_a_reason(data: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert len(str(caught.value)) > 10


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_001, 100_000])
def test_huge_declared_dimensions_are_refused_before_memory_is_taken(side: int) -> None:
    with pytest.raises(ImageError, match=r"pixels"):
        decode(png_of(side, side, zlib.compress(bytes(100))))
    assert side * side > MAX_PIXELS


def test_the_reason_is_the_same_in_every_run() -> None:
    texts = set()
    for _ in range(3):
        with pytest.raises(ImageError) as caught:
            decode(bytes(range(200)))
        texts.add(str(caught.value))
    assert texts == {"the bytes are of no image format that is read: JPEG, PNG, WEBP, GIF, BMP, TIFF"}


@pytest.mark.parametrize("kind", ["ICO", "PPM", "TGA", "PCX", "SGI", "EPS"])
def test_formats_that_pools_do_not_use_are_not_even_tried(kind: str) -> None:
    with pytest.raises(ImageError, match="of no image format that is read"):
        decode(encode(Image.new("RGB", (16, 16), "red"), kind))


def test_the_transparent_grey_of_a_sixteen_bit_png_becomes_white() -> None:
    ramp = np.array([[0, 255, 256, 32768, 65535]], dtype=np.uint16)
    data = encode(Image.fromarray(ramp), transparency=256)
    assert np.asarray(decode(data))[0, :, 0].tolist() == [0, 0, 255, 128, 255]


def test_a_flipped_bit_in_a_png_is_noticed() -> None:
    data = bytearray(png(64, 64))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(ImageError):
        decode(bytes(data))


@pytest.mark.parametrize("size", [(40, 30), (30, 40), (32, 32), (100, 3), (5, 200), (1, 1)])
def test_a_square_has_the_asked_side_whatever_the_image(size: tuple[int, int]) -> None:
    assert square(noise(*size, 0), 32).shape == (32, 32, 3)


def test_a_square_is_the_centre_of_the_image() -> None:
    pixels = np.zeros((8, 24, 3), dtype=np.uint8)
    pixels[:, 8:16] = 255
    assert square(Image.fromarray(pixels), 8).min() == 255
    tall = np.ascontiguousarray(pixels.transpose(1, 0, 2))
    assert square(Image.fromarray(tall), 8).min() == 255


def test_a_square_of_the_right_size_is_not_resampled() -> None:
    image = noise(32, 40, 2)
    assert np.array_equal(square(image, 32), np.asarray(image)[4:36])


def test_decoding_does_not_depend_on_the_stream_staying_open() -> None:
    image = decode(jpeg(8, 8))
    assert np.asarray(image).shape == (8, 8, 3)
    assert encode(image) == encode(decode(io.BytesIO(jpeg(8, 8)).getvalue()))
