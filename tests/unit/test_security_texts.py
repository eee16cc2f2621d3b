"""Texts of the web in reports, tables and figures: they are shown, and never become a part of the page."""

import html
from pathlib import Path

import pandas as pd
import pytest

from datalines.images import MAX_PIXELS, ImageError, decode
from datalines.report import FigureItem, Front, Section, TableItem, prose, render
from datalines.tables import Table, escape_latex, to_latex
from tests.builders import png

TEXTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style><script>alert(1)</script>",
    "`<b>`",
    "{{ 7 * 7 }}",
    "{% include '/etc/passwd' %}",
]


def page(text: str, folder: Path) -> str:
    """A report in which a hostile text stands wherever a text can stand."""
    picture = folder / "figure.png"
    picture.write_bytes(png())
    frame = pd.DataFrame({text: [text, "1"]})
    items = [
        FigureItem(text, picture, {"png": picture}, text, [text]),
        TableItem(text, frame, text, {"png": picture}, [text]),
    ]
    return render(text, text, [Section(text, items, text)], Front({text: text}, [text]), folder)


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_becomes_a_part_of_the_page(text: str, tmp_path: Path) -> None:
    plain, hostile = page("plain", tmp_path), page(text, tmp_path)
    for opening in ("<script", "<img", "<svg", "</style", "<b>"):
        assert hostile.count(opening) == plain.count(opening)
    assert html.unescape(hostile).count(text.strip("`")) >= 5


@pytest.mark.parametrize("text", TEXTS)
def test_prose_is_escaped(text: str) -> None:
    shown = str(prose(text)).replace("<p>", "").replace("</p>", "").replace("<code>", "").replace("</code>", "")
    assert "<" not in shown


@pytest.mark.parametrize("text", [r"\input{/etc/passwd}", r"\write18{id}", "$x$ & 100 % _a_ #1 {b} ~ ^", "a\\\\b"])
def test_latex_is_text(text: str) -> None:
    shown = escape_latex(text)
    assert "\\input" not in shown
    assert "\\write" not in shown
    made = to_latex(pd.DataFrame({"caption": [text]}), Table(text))
    assert "\\input" not in made
    assert "\\write" not in made


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    data = bytearray(png())
    side = int((2 * MAX_PIXELS) ** 0.5) + 1
    data[16:24] = side.to_bytes(4, "big") * 2
    with pytest.raises(ImageError):
        decode(bytes(data))


@pytest.mark.parametrize("data", [b"%!PS-Adobe-3.0 EPSF-3.0\n(id) run", b"<svg/>", b"P6 1 1 255\nabc", b"\x00" * 64])
def test_only_a_few_formats_are_tried(data: bytes) -> None:
    with pytest.raises(ImageError, match="no image format that is read"):
        decode(data)
