"""The report is well-formed, embeds its pictures, links only to what is there, and shows text as text."""

import struct
import zlib
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from datalines.report import FigureItem, Front, ReportError, Section, TableItem, prose, render


def write_png(path: Path, width: int = 40, height: int = 10) -> Path:
    """A grey picture, made of the three chunks that a PNG file needs."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    pixels = zlib.compress((b"\0" + b"\x80" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "papers" / "a paper"
    folder.mkdir(parents=True)
    (tmp_path / "report").mkdir()
    write_png(folder / "fig-02.png")
    (folder / "fig-02.pdf").write_text("pdf")
    (folder / "tab-01.csv").write_text("source,pairs,top1,note\nyfcc,1234567,0.123456789,<i>\nlaion,12,,\n")
    return tmp_path


def figure(results: Path, caption: str = "A caption.") -> FigureItem:
    folder = results / "papers" / "a paper"
    return FigureItem("Figure 2", folder / "fig-02.png", {"pdf": folder / "fig-02.pdf"}, caption, notes=["one < two"])


def table(results: Path) -> TableItem:
    path = results / "papers" / "a paper" / "tab-01.csv"
    return TableItem("Table 1", path, "Sizes.", {"csv": path})


def page(results: Path, *sections: Section) -> str:
    front = Front({"scale": "<demo>"}, ["Synthetic."])
    return render("A & B", "The `demo`.", sections, front, results / "report")


def test_the_page_is_well_formed_and_complete(results: Path) -> None:
    html = page(results, Section("Data", [table(results)]), Section("Paper", [figure(results)], "Text."))
    root = ElementTree.fromstring(html)
    assert [element.text for element in root.iter("h2")][1:] == ["Data", "Paper"]
    assert [element.text for element in root.iter("h3")] == ["Table 1", "Figure 2"]
    assert root.findtext(".//h1") == "A & B"
    assert root.findtext(".//dd") == "<demo>"
    assert next(root.iter("img")).attrib["alt"] == "Figure 2"


def test_every_link_is_relative_and_leads_somewhere(results: Path) -> None:
    root = ElementTree.fromstring(page(results, Section("Data", [table(results), figure(results)])))
    anchors = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    targets = [element.attrib["href"] for element in root.iter("a")]
    assert any(not target.startswith("#") for target in targets)
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert target.startswith("../")
            assert (results / "report" / unquote(target)).is_file()


def test_pictures_are_embedded_and_nothing_is_fetched(results: Path) -> None:
    html = page(results, Section("Paper", [figure(results)]))
    assert html.count('src="data:image/png;base64,') == html.count("src=")
    assert "http" not in html
    assert "<script" not in html


def test_captions_and_cells_are_text_not_markup(results: Path) -> None:
    html = page(results, Section("P", [figure(results, 'a <b> & "c" {{ x }} `k<v`'), table(results)]))
    assert "a &lt;b&gt; &amp; &#34;c&#34; {{ x }} <code>k&lt;v</code>" in html
    assert "<td>&lt;i&gt;</td>" in html
    assert "one &lt; two" in html


def test_numbers_are_short_on_the_page(results: Path) -> None:
    html = page(results, Section("Data", [table(results)]))
    assert "0.1235" in html
    assert "0.123456789" not in html
    assert "1\u202f234\u202f567" in html


def test_a_long_table_says_how_much_is_left(results: Path) -> None:
    path = results / "papers" / "a paper" / "tab-01.csv"
    path.write_text("n\n" + "".join(f"{n}\n" for n in range(100)))
    assert "40 more rows are in the csv file" in page(results, Section("Data", [table(results)]))


def test_two_items_of_one_title_have_their_own_anchors(results: Path) -> None:
    root = ElementTree.fromstring(page(results, Section("Figure 2", [figure(results), figure(results)])))
    anchors = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(anchors) == len(set(anchors))


def test_the_same_files_give_the_same_page(results: Path) -> None:
    sections = [Section("Data", [table(results), figure(results)])]
    assert page(results, *sections) == page(results, *sections)


@pytest.mark.parametrize("name", ["fig-02.png", "fig-02.pdf"])
def test_a_missing_file_is_named(results: Path, name: str) -> None:
    item = figure(results)
    (results / "papers" / "a paper" / name).unlink()
    with pytest.raises(ReportError, match=name):
        page(results, Section("Paper", [item]))


@pytest.mark.parametrize(("content", "words"), [("", "header row"), ("a,b\n1\n", "line 2")])
def test_a_broken_table_is_named(results: Path, content: str, words: str) -> None:
    (results / "papers" / "a paper" / "tab-01.csv").write_text(content)
    with pytest.raises(ReportError, match=words):
        page(results, Section("Data", [table(results)]))


def test_what_is_not_a_png_is_named(results: Path) -> None:
    (results / "papers" / "a paper" / "fig-02.png").write_text("hello")
    with pytest.raises(ReportError, match="not a PNG"):
        page(results, Section("Paper", [figure(results)]))


def test_prose_splits_paragraphs() -> None:
    assert prose("one\ntwo\n\n  three ") == "<p>one two</p>\n<p>three</p>"
