"""audit.html: one static page with letters beside colours, and nothing that a browser would obey."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from datalines.audit import page as module
from datalines.audit.document import document
from datalines.audit.engine import Options, run
from datalines.audit.page import LETTERS, MEANINGS, badge, page
from datalines.audit.verdicts import ORDER, Verdict
from tests.unit.results_folder import Folder, build

WHEN = "2026-11-22T00:00:00+00:00"
VOID = {"meta", "br"}


class Elements(HTMLParser):
    """Checks that elements close as they open; keeps names, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = build(tmp_path_factory.mktemp("study") / "checkout")
    (folder.root / "fits/lines.csv").write_bytes(b"short")
    hostile(folder)
    return document(run(folder.root, "integrity", Options()), WHEN)


def hostile(folder: Folder) -> None:
    """A file and an acceptance with text that would be obeyed if it were put into the page as it is."""
    folder.put("papers/<script>alert(1)<", b"")
    entry = '{"artifact": "<img src=x onerror=y>", "verdict": "stale", "reason": "\\"><b>", "who": "&", "when": "now"}'
    (folder.root / "accepted.json").write_text(f"[{entry}]")


def test_the_page_is_well_formed_and_says_what_was_found(said: dict[str, Any]) -> None:
    found = Elements(page(said))
    assert "Audit of tiny" in found.text
    assert "Broken" in found.text
    for name in ("papers/qnq/fig-01", "papers/qnq/tab-01", "fits/lines.csv", "integrity", WHEN):
        assert name in found.text


def test_nothing_in_the_page_is_run_or_fetched(said: dict[str, Any]) -> None:
    found = Elements(page(said))
    assert {tag for tag, _ in found.seen}.isdisjoint({"script", "img", "link", "iframe", "b"})
    assert not any(name.startswith("on") or name in ("src", "href") for _, attrs in found.seen for name in attrs)
    assert not re.search(r"https?://|@import|url\(", page(said))
    assert "<script>alert(1)<" in found.text
    assert "<img src=x onerror=y>" in found.text


def test_every_verdict_has_its_own_letter_and_colour_and_its_name_is_said() -> None:
    style = Path(module.__file__).with_name("page.css").read_text(encoding="utf-8")
    assert set(LETTERS) == set(MEANINGS) == set(ORDER)
    assert len(set(LETTERS.values())) == len(ORDER)
    for verdict in ORDER:
        assert f".{verdict} {{ background: #" in style
        assert f"{verdict}</span>" in badge(verdict, words=False)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("verdict", ORDER)
def test_letters_stand_out_from_their_colour(verdict: Verdict) -> None:
    style = Path(module.__file__).with_name("page.css").read_text(encoding="utf-8")
    rule = re.search(rf"\.{verdict} {{ background: (#\w{{6}});(?: color: (#\w+);)?", style)
    assert rule is not None
    back, letter = luminance(rule[1]), luminance("#ffffff" if rule[2] else "#1d2125")
    assert (max(back, letter) + 0.05) / (min(back, letter) + 0.05) >= 4.5


def test_a_figure_made_from_a_damaged_file_has_a_cell_that_says_so(said: dict[str, Any]) -> None:
    row = next(line for line in page(said).splitlines() if '<th scope="row">papers/qnq/fig-01<' in line)
    assert 'title="corrupt of fits/lines.csv"' in row
    other = next(line for line in page(said).splitlines() if '<th scope="row">papers/qnq/tab-01<' in line)
    assert "corrupt" not in other


def test_a_page_of_many_findings_stays_readable(said: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOWN", 1)
    number = sum(len(check["findings"]) for check in said["checks"])
    assert f"And {number - 1} more in audit.json." in page(said)


def test_a_folder_without_papers_says_so(said: dict[str, Any]) -> None:
    assert "no tables or figures" in page({**said, "papers": []})
