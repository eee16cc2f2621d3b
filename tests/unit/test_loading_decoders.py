"""Decoders agree where they should, reduce only what is large enough, and refuse bad bytes in the same way."""

import numpy as np
import PIL
import pytest
import torchvision
from PIL import Image

from datalines.errors import DatalinesError
from datalines.images import ImageError, decode
from datalines.loading.decoders import DECODERS, decoder
from tests.builders import encode, jpeg, noise, png


def smooth(width: int, height: int) -> Image.Image:
    """Colours without sharp edges, as a photograph has them for the most part."""
    return noise(8, 6, 0).resize((width, height), Image.Resampling.BICUBIC)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_reads_every_format_in_rgb(name: str) -> None:
    kinds = {"JPEG": smooth(60, 40), "PNG": smooth(60, 40), "WEBP": smooth(60, 40), "GIF": smooth(60, 40).convert("P")}
    modes = {"grey": smooth(60, 40).convert("L"), "cmyk": smooth(60, 40).convert("CMYK")}
    encoded = [encode(image, kind) for kind, image in kinds.items()]
    encoded += [encode(image, "JPEG", quality=95) for image in modes.values()]
    for data in encoded:
        found = decoder(name).decode(data, 40)
        assert found.mode == "RGB" and found.size == (60, 40)
        assert abs(pixels(found) - pixels(decode(data))).max() <= 3


def test_the_reference_is_what_pools_are_checked_with() -> None:
    data = jpeg(40, 30)
    assert (pixels(decoder("pillow").decode(data, 1)) == pixels(decode(data))).all()


@pytest.mark.parametrize(
    ("size", "least", "reduced"),
    [((400, 300), 100, (200, 150)), ((400, 300), 150, (200, 150)), ((400, 300), 151, (400, 300)),
     ((800, 800), 100, (100, 100)), ((801, 401), 100, (201, 101)), ((90, 400), 100, (90, 400))],
)  # fmt: skip
def test_large_jpegs_are_reduced_but_never_below_what_is_needed(
    size: tuple[int, int], least: int, reduced: tuple[int, int]
) -> None:
    image = smooth(*size)
    found = decoder("pillow-reduced").decode(encode(image, "JPEG", quality=95), least)
    assert found.size == reduced
    assert abs(pixels(found) - pixels(image.resize(reduced, Image.Resampling.BOX))).mean() < 3
    # Other formats have no such short cut.
    assert decoder("pillow-reduced").decode(encode(image, "PNG"), least).size == size


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("data", [b"", b"nothing", jpeg()[:200], png()[:80], jpeg()[:3] + bytes(400)])
def test_bad_bytes_are_an_image_error(name: str, data: bytes) -> None:
    with pytest.raises(ImageError):
        decoder(name).decode(data, 1)


@pytest.mark.parametrize("name", DECODERS)
def test_images_of_too_many_pixels_are_refused_before_they_fill_the_memory(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datalines.images.MAX_PIXELS", 100)
    with pytest.raises(ImageError, match="pixels are more than 100"):
        decoder(name).decode(jpeg(20, 20), 1)


def test_identities_name_versions_and_tell_decoders_apart() -> None:
    identities = {name: decoder(name).identity for name in DECODERS}
    assert len(set(identities.values())) == len(identities)
    assert all(f"pillow {PIL.__version__} with libjpeg" in identity for identity in identities.values())
    assert torchvision.__version__ in identities["torchvision"]


def test_an_unknown_decoder_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(DatalinesError, match="decoder: 'turbo' is not known; write one of pillow, pillow-reduced"):
        decoder("turbo")
