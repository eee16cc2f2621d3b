"""What is stored of a fetched image: right pixels for every kind of picture, and a status for everything else."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datalines.fetch.images import Work, resized_size, work
from datalines.images import decode
from tests.unit.url_lists import ORIGINAL
from tests.web import pictures

RESIZED = {**ORIGINAL, "store": "resized", "side": 32, "by": "shorter", "quality": 95}
REDCAPS = {**RESIZED, "side": 1000, "by": "longer", "upscale": True, "quality": 75}


def original(body: bytes, **changes: Any) -> Work:
    return work(body, {**ORIGINAL, **changes})


def resized(body: bytes, **changes: Any) -> Work:
    return work(body, {**RESIZED, **changes})


def pixels(done: Work) -> np.ndarray:
    """What training will see of the stored bytes."""
    assert (done.status, done.message) == ("ok", "")
    image = decode(done.data)
    assert image.size == (done.width, done.height)
    return np.asarray(image).astype(int)


def flat(colour: tuple[int, ...], mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.new(mode, size, colour)


@pytest.mark.parametrize(
    ("body", "extension"), [(pictures.jpeg(), "jpg"), (pictures.png(), "png"), (pictures.webp(), "webp")]
)
def test_bytes_are_stored_as_fetched_under_the_extension_of_what_they_are(body: bytes, extension: str) -> None:
    done = original(body)
    assert (done.data, done.extension, done.width, done.height) == (body, extension, 64, 48)
    assert done.data is body


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_formats_that_shards_do_not_take_become_jpeg_of_the_quality(kind: str) -> None:
    body = pictures.encode(flat((200, 30, 60)), kind)
    done = original(body)
    assert done.extension == "jpg" and done.data.startswith(b"\xff\xd8\xff")
    assert pixels(done)[10, 10] == pytest.approx((200, 30, 60), abs=3)
    busy = pictures.encode(pictures.scene(64, 48), kind)
    assert len(original(busy, quality=30).data) < len(original(busy).data)


def test_a_picture_with_further_pictures_behind_it_is_a_jpeg_and_does_not_move() -> None:
    body = pictures.encode(flat((250, 0, 0)), "MPO", save_all=True, append_images=[flat((0, 0, 250))])
    done = original(body, animated="refuse")
    assert (done.data, done.extension) == (body, "jpg")
    assert pixels(done)[0, 0] == pytest.approx((250, 0, 0), abs=4)


def test_cmyk_becomes_rgb() -> None:
    body = pictures.encode(flat((255, 0, 0, 0), "CMYK"), "JPEG", quality=95)
    assert original(body).data == body
    assert pixels(resized(body)).mean(axis=(0, 1)) == pytest.approx((0, 255, 255), abs=4)


def test_transparent_parts_become_white() -> None:
    for body in (pictures.palette(), pictures.rgba()):
        found = pixels(resized(body, side=48))
        assert found[:, :28].min() >= 245
        assert found[:, 36:].mean() < 240


@pytest.mark.parametrize("body", [pictures.sixteen_bit_png(), pictures.sixteen_bit_tiff()])
def test_sixteen_bits_keep_their_greys(body: bytes) -> None:
    found = pixels(resized(body, side=48))[24, :, 0]
    assert found == pytest.approx(np.linspace(0, 255, 64), abs=6)
    assert pixels(original(body)).shape == (48, 64, 3)


def test_of_a_moving_image_the_first_frame_counts_or_it_is_refused() -> None:
    first = Image.open(io.BytesIO(pictures.animated_gif())).convert("RGB")
    found = pixels(original(pictures.animated_gif()))
    assert np.abs(found - np.asarray(first).astype(int)).mean() < 12
    for body, name in ((pictures.animated_gif(), "GIF"), (pictures.animated_webp(), "WEBP")):
        assert original(body).status == "ok"
        refused = original(body, animated="refuse")
        assert (refused.status, refused.message, refused.data) == ("animated", f"{name} with more than one frame", b"")
    assert original(pictures.gif(), animated="refuse").status == "ok"


def half_red(orientation: int, kind: str = "JPEG") -> bytes:
    """64 x 48 pixels, the left half red, the right half blue, with an EXIF orientation."""
    image = flat((0, 0, 250))
    image.paste((250, 0, 0), (0, 0, 32, 48))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return pictures.encode(image, kind, exif=exif)


def test_the_exif_orientation_is_applied_to_resized_images_and_not_to_stored_bytes() -> None:
    body = half_red(6)  # to be turned by a quarter clockwise: left becomes top
    found = pixels(resized(body, side=48))
    assert found.shape == (64, 48, 3)
    assert found[8, 24] == pytest.approx((250, 0, 0), abs=8)
    assert found[56, 24] == pytest.approx((0, 0, 250), abs=8)
    stored = original(body)
    assert (stored.data, stored.width, stored.height) == (body, 64, 48)


@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, (4, 4)), (2, (4, 60)), (3, (4, 60)), (5, (4, 4)), (6, (4, 4)), (8, (60, 4))]
)
def test_every_orientation_ends_upright(orientation: int, corner: tuple[int, int]) -> None:
    found = pixels(resized(half_red(orientation), side=48))
    assert found[corner] == pytest.approx((250, 0, 0), abs=8)


def test_exif_data_that_cannot_be_read_does_not_spoil_the_picture() -> None:
    body = half_red(6).replace(b"Exif\0\0MM", b"Exif\0\0M?").replace(b"Exif\0\0II", b"Exif\0\0I?")
    assert b"?" in body[:40]
    assert pixels(resized(body, side=48)).shape == (48, 64, 3)


def test_a_turned_sixteen_bit_tiff_keeps_its_greys() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
    found = pixels(resized(pictures.encode(Image.fromarray(ramp), "TIFF", exif=exif), side=48))[24, :, 0]
    assert found == pytest.approx(np.linspace(255, 0, 64), abs=6)


@pytest.mark.parametrize(
    ("size", "changes", "expected"),
    [
        ((64, 48), {"side": 24}, (32, 24)),
        ((48, 64), {"side": 24}, (24, 32)),
        ((64, 48), {"side": 32, "by": "longer"}, (32, 24)),
        ((64, 48), {"side": 100}, (64, 48)),
        ((64, 48), {"side": 96, "upscale": True}, (128, 96)),
        ((64, 48), {"side": 48}, (64, 48)),
        ((200, 3), {"side": 10, "by": "longer"}, (10, 1)),
    ],
)
def test_sizes_after_resizing(size: tuple[int, int], changes: dict[str, Any], expected: tuple[int, int]) -> None:
    done = resized(pictures.jpeg(*size), **changes)
    assert pixels(done).shape == (expected[1], expected[0], 3)


def test_redcaps_makes_the_longer_side_a_thousand_pixels_of_small_images_too() -> None:
    for size, expected in (((64, 48), (1000, 750)), ((1200, 1600), (750, 1000)), ((1000, 10), (1000, 10))):
        done = work(pictures.jpeg(*size), REDCAPS)
        assert (done.status, done.width, done.height) == ("ok", *expected)
        assert decode(done.data).size == expected


def test_area_takes_the_mean_of_the_pixels_that_are_covered() -> None:
    grey = np.asarray(Image.open(io.BytesIO(pictures.png(64, 48))).convert("L"))
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    body = buffer.getvalue()
    means = grey.reshape(24, 2, 32, 2).mean(axis=(1, 3))
    found = pixels(resized(body, side=24, resample="area", quality=100))
    assert np.abs(found - means[..., None]).max() <= 2
    # Enlarging by area would repeat pixels; it is bicubic.
    larger = {"side": 96, "upscale": True}
    assert resized(body, **larger, resample="area").data == resized(body, **larger, resample="bicubic").data


def test_resizing_is_bicubic_as_pil_does_it() -> None:
    body = pictures.png(200, 150)
    expected = Image.open(io.BytesIO(body)).resize((64, 48), Image.Resampling.BICUBIC)
    assert resized(body, side=48).data == pictures.encode(expected, "JPEG", quality=95)


@given(
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    side=st.integers(1, 2000),
    by=st.sampled_from(["longer", "shorter"]),
    upscale=st.booleans(),
)
def test_the_named_side_is_exact_and_the_ratio_stays(
    width: int, height: int, side: int, by: str, upscale: bool
) -> None:
    size = resized_size((width, height), side, by, upscale)
    reference, now = (max, max(size)) if by == "longer" else (min, min(size))
    grown = reference((width, height)) < side
    if grown and not upscale:
        assert size == (width, height)
    else:
        assert now == side
        scale = side / reference((width, height))
        assert all(abs(new - old * scale) <= 1 for new, old in zip(size, (width, height), strict=True))
    assert min(size) >= 1


def test_nothing_but_pixels_goes_into_resized_images() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    more = {"exif": exif, "icc_profile": b"a profile" * 50, "comment": b"by somebody"}
    bare, dressed = pictures.encode(flat((9, 90, 200)), "JPEG"), pictures.encode(flat((9, 90, 200)), "JPEG", **more)
    assert len(dressed) > len(bare) + 400
    for side in (48, 24):
        assert resized(dressed, side=side).data == resized(bare, side=side).data


def test_equal_bytes_give_equal_bytes() -> None:
    body = pictures.jpeg(300, 200)
    assert resized(body).data == resized(bytes(bytearray(body))).data


def test_an_enlarged_strip_does_not_fill_the_memory() -> None:
    done = resized(pictures.png(3000, 2), side=2000, upscale=True, min_side=1)
    assert done.status == "too_many_pixels"
    assert done.message == "3000000 x 2000 pixels are more than 10,000,000"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", "empty_body", "zero bytes came"),
        (b"<!DOCTYPE html><html><body>gone", "not_an_image", "the bytes are HTML"),
        (b"\xef\xbb\xbf\n <HTML><head>", "not_an_image", "the bytes are HTML"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_an_image", "the bytes are SVG"),
        (b'{"error": "gone"}', "not_an_image", "the bytes are JSON"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "not_an_image", "the bytes are AVIF, HEIC or a film"),
        (bytes(3000), "not_an_image", "the bytes are of no image format that is read: JPEG, PNG, WEBP, GIF, BMP, TIFF"),
        (pictures.encode(Image.new("RGB", (9, 9)), "PPM"), "not_an_image", "the bytes are of no image format"),
        (pictures.truncated(), "undecodable_image", "OSError: image file is truncated"),
        (pictures.png(99, 99)[:3000], "undecodable_image", ""),
        (pictures.webp()[:-200], "undecodable_image", ""),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "undecodable_image", "the header of the image is broken or cut off"),
        (pictures.bomb(), "too_many_pixels", "more pixels than Pillow decodes"),
        (pictures.bomb(4000), "too_many_pixels", "4000 x 4000 pixels are more than 10,000,000"),
        (pictures.pixel(), "too_small", "1 x 1 pixels, under 2"),
    ],
)
def test_what_is_no_good_image_has_a_status_and_a_reason(body: bytes, status: str, message: str) -> None:
    for done in (original(body), resized(body)):
        assert done.status == status
        assert message in done.message
        assert (done.data, done.extension, done.width, done.height) == (b"", "", 0, 0)


def test_the_shortest_side_is_declared() -> None:
    assert original(pictures.jpeg(64, 48), min_side=49).status == "too_small"
    assert original(pictures.jpeg(64, 48), min_side=48).status == "ok"
    assert original(pictures.pixel(), min_side=1).status == "ok"


def test_every_flipped_or_missing_byte_ends_as_a_status() -> None:
    """Whatever is done to the bytes of a small picture of each kind: no exception, and what is ok decodes."""
    allowed = {"ok", "undecodable_image", "not_an_image", "too_many_pixels", "too_small"}
    draw = np.random.default_rng(0)
    bodies = [pictures.jpeg(16, 12), pictures.png(16, 12), pictures.webp(), pictures.gif(), pictures.sixteen_bit_tiff()]
    for body in bodies:
        for _ in range(60):
            changed = bytearray(body)
            for place in draw.integers(0, len(body), 4):
                changed[place] = draw.integers(0, 256)
            for done in (original(bytes(changed)), resized(bytes(changed)), original(body[: draw.integers(len(body))])):
                assert done.status in allowed | {"empty_body"}
                if done.status == "ok":
                    assert decode(done.data).size == (done.width, done.height)
