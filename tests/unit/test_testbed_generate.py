"""The testbed's items: reproducible, independent of how they are cut into parts, and distributed as declared."""

import io
import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from datalines.testbed.captions import STAND_INS
from datalines.testbed.domain import CLASSES, STYLES, WORDINGS, Domain
from datalines.testbed.draws import class_shares
from datalines.testbed.generate import Example, encode_jpeg, generate
from datalines.testbed.palette import BACKDROPS, COLOURS, INKS, MEDIA, TYPICAL
from datalines.testbed.render import SHAPES

ALL_STYLES = {style: 1 / len(STYLES) for style in STYLES}
PLAIN = {"size": (16, 16), "aspect": (1, 1)}  # small images where only the words and counts matter


def names_class(example: Example) -> bool:
    return example.class_name in "".join(c if c.isalnum() else " " for c in example.caption.lower()).split()


def within_binomial(count: int, n: int, share: float) -> bool:
    """Within five standard deviations of what is expected."""
    return abs(count - n * share) <= 5 * math.sqrt(n * share * (1 - share)) + 1e-9


def same(first: list[Example], second: list[Example]) -> bool:
    return len(first) == len(second) and all(
        (a.index, a.class_name, a.caption, a.style) == (b.index, b.class_name, b.caption, b.style)
        and np.array_equal(a.image, b.image)
        for a, b in zip(first, second, strict=True)
    )


@pytest.fixture(scope="module")
def varied() -> Domain:
    return Domain(
        styles=ALL_STYLES, class_missing=0.2, wrong_caption=0.1, word_drop=0.1, clutter=0.5, occlusion=0.5, blur=2
    )


@pytest.fixture(scope="module")
def thousand(varied: Domain) -> list[Example]:
    return list(generate(varied, 7, 0, 1000))


def test_any_partition_gives_the_same_items(varied: Domain, thousand: list[Example]) -> None:
    borders = [0, 1, 255, 257, 640, 999, 1000]
    pieces = [e for start, stop in pairwise(borders) for e in generate(varied, 7, start, stop)]
    assert same(pieces, thousand)
    assert [e.index for e in thousand] == list(range(1000))


def test_seed_matters(varied: Domain, thousand: list[Example]) -> None:
    other = list(generate(varied, 8, 0, 256))
    assert not any(np.array_equal(a.image, b.image) for a, b in zip(other, thousand, strict=False))


def test_caption_settings_leave_the_images_alone(varied: Domain, thousand: list[Example]) -> None:
    clean = varied.model_copy(update={"class_missing": 0.0, "wrong_caption": 0.0, "word_drop": 0.0})
    assert all(np.array_equal(a.image, b.image) for a, b in zip(generate(clean, 7, 0, 256), thousand, strict=False))


def test_range_is_checked() -> None:
    assert list(generate(Domain(), 0, 5, 5)) == []
    with pytest.raises(ValueError, match="start"):
        list(generate(Domain(), 0, 5, 4))


def test_style_shares_and_class_balance(thousand: list[Example]) -> None:
    styles, classes = Counter(e.style for e in thousand), Counter(e.class_name for e in thousand)
    assert all(within_binomial(styles[style], 1000, 1 / len(STYLES)) for style in STYLES)
    assert all(within_binomial(classes[name], 1000, 1 / len(CLASSES)) for name in CLASSES)


def test_class_list_and_skew() -> None:
    domain = Domain(classes=("key", "apple", "car"), class_skew=1.0, **PLAIN)
    shares = class_shares(domain)
    assert shares == pytest.approx({"key": 6 / 11, "apple": 3 / 11, "car": 2 / 11})
    counts = Counter(e.class_name for e in generate(domain, 3, 0, 1024))
    assert set(counts) == set(shares)
    assert all(within_binomial(counts[name], 1024, share) for name, share in shares.items())


def test_images_are_colour_pictures_of_declared_sizes() -> None:
    domain = Domain(styles=ALL_STYLES, size=(24, 40), aspect=(0.5, 2.0))
    shapes = [e.image.shape for e in generate(domain, 1, 0, 256)]
    short = [min(shape[:2]) for shape in shapes]
    assert (min(short), max(short)) == (24, 40)
    assert all(0.48 <= shape[1] / shape[0] <= 2.09 for shape in shapes)
    assert {shape[2] for shape in shapes} == {3}
    assert any(shape[0] > shape[1] for shape in shapes) and any(shape[0] < shape[1] for shape in shapes)


def test_images_differ_and_are_not_blank(thousand: list[Example]) -> None:
    assert len({e.image.tobytes() for e in thousand}) == len(thousand)
    assert min(float(e.image.std()) for e in thousand) > 4
    assert all(e.image.dtype == np.uint8 for e in thousand)


def test_sketches_are_grey_and_photos_are_not(thousand: list[Example]) -> None:
    spread = {
        style: np.mean([np.ptp(e.image.astype(int), axis=2).mean() for e in thousand if e.style == style])
        for style in STYLES
    }
    assert spread["sketch"] < 8 < 20 < spread["photo"]


@pytest.mark.parametrize("wording", WORDINGS)
def test_captions_name_the_class_when_clean(wording: str) -> None:
    domain = Domain(styles=ALL_STYLES, rotation=(-180, 180), wordings={wording: 1.0}, word_drop=0.3, **PLAIN)
    examples = list(generate(domain, 2, 0, 256))
    assert all(names_class(e) and e.caption.isascii() and e.caption == " ".join(e.caption.split()) for e in examples)
    assert len({e.caption for e in examples}) > 40


@pytest.mark.parametrize("wording", WORDINGS)
def test_missing_class_is_missing_from_all_flavours(wording: str) -> None:
    domain = Domain(styles=ALL_STYLES, wordings={wording: 1.0}, class_missing=1.0, word_drop=0.5, **PLAIN)
    for example in generate(domain, 2, 0, 256):
        words = set("".join(c if c.isalnum() else " " for c in example.caption.lower()).split())
        assert not words & set(CLASSES), example.caption
        assert words & set(STAND_INS), example.caption


def test_realised_caption_noise() -> None:
    missing = Domain(class_missing=0.3, **PLAIN)
    unnamed = sum(not names_class(e) for e in generate(missing, 4, 0, 2048))
    assert within_binomial(unnamed, 2048, 0.3)
    wrong = Domain(wrong_caption=0.4, **PLAIN)
    unnamed = sum(not names_class(e) for e in generate(wrong, 4, 0, 2048))
    assert within_binomial(unnamed, 2048, 0.4 * (1 - 1 / len(CLASSES)))


def test_word_drop_shortens_captions() -> None:
    def words(drop: float) -> int:
        domain = Domain(wordings={"encyclopedic": 1.0}, word_drop=drop, **PLAIN)
        return sum(len(e.caption.split()) for e in generate(domain, 4, 0, 512))

    assert words(0.25) / words(0.0) == pytest.approx(0.77, abs=0.04)  # the class names stay


def test_every_class_has_a_shape_and_colours() -> None:
    assert set(SHAPES) == set(TYPICAL) == set(CLASSES)
    assert all(set(usual) <= set(COLOURS) for usual in TYPICAL.values())
    assert {m.backdrop for m in MEDIA.values()} - {""} <= set(BACKDROPS)
    assert all(backdrop.phrases for backdrop in BACKDROPS.values())
    assert {"dark", "light", "line"} <= set(INKS)


def test_jpeg_round_trip() -> None:
    image = next(generate(Domain(noise=0.0), 0, 3, 4)).image
    decoded = np.asarray(Image.open(io.BytesIO(encode_jpeg(image, 95))))
    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).mean() < 12
    assert len(encode_jpeg(image, 40)) < len(encode_jpeg(image, 95))
