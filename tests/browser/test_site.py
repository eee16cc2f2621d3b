"""The site in a browser: hover, keys and toggles of plots; nothing is fetched, goes wrong, or is cut off."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from datalines.report import Claim, Front, render
from tests.browser.chromium import ABSENT, PROGRAM, Page, chromium
from tests.unit.site_results import HOSTILE, sections_of, told, write_results, write_site

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PROGRAM, reason=ABSENT)]

POINTS = "[...document.querySelectorAll('#plot .frame .point')]"
DRAWN = ("alpha", "beta")
TIP = "document.querySelector('.tip')"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report folder of the small study."""
    root = write_results(tmp_path_factory.mktemp("site with space") / "small")
    write_site(root)
    claim = Claim(HOSTILE, "Figure 1", "1.5", "not supported", "pages/item-papers-small-tab-01.html")
    front = Front(
        {"scale": "small"}, told().substitutions, {"A paper": [claim]}, {"Sources": {"Web": "pages/source-web.html"}}
    )
    page = render("A small study", HOSTILE, sections_of(root), front, root / "report")
    (root / "report/index.html").write_text(page, encoding="utf-8")
    return root / "report"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def plot(page: Page, report: Path) -> Page:
    """The page of the experiment."""
    page.open(report / "pages/experiment-lines.html")
    return page


def test_no_page_asks_for_anything_beyond_the_folder_or_complains(page: Page, report: Path) -> None:
    folder = report.parent.resolve().as_uri()
    files = [report / "index.html", *sorted((report / "pages").glob("*.html"))]
    for file in files:
        page.open(file)
        asked = page.asked()
        assert asked and all(address.startswith((folder, "data:")) for address in asked), (file.name, asked)
        assert page.complaints() == [], file.name
        assert page.value("document.title") != "taken", file.name


def test_hover_shows_the_values_of_a_point(plot: Page) -> None:
    assert plot.value(f"{TIP}.hidden") is True
    plot.move_to("#plot .point[data-family=beta]", until=f"!{TIP}.hidden")
    text = plot.value(f"{TIP}.innerText")
    for said in (
        "Beta, size full, seed 0, epoch 1",
        "Reference: 15.0 % [13.0 % to 17.0 %], 200 images",
        "Sketch: 11.0 %",
    ):
        assert said in text, text
    plot.move_to("h1", until=f"{TIP}.hidden")


def test_toggles_hide_and_show_a_family(plot: Page) -> None:
    count = "['alpha', 'beta'].map((name) => document.querySelectorAll(`#plot .frame [data-family=${name}]`).length)"
    assert plot.value(count) == [3, 3]  # two points and a line
    plot.value("document.querySelector('.keys button[data-family=alpha]').click()")
    assert plot.value(count) == [0, 3]
    assert (
        plot.value("document.querySelector('.keys button[data-family=alpha]').getAttribute('aria-pressed')") == "false"
    )
    plot.value("document.querySelectorAll('.keys button').forEach((button) => button.click())")
    assert plot.value(count) == [3, 0]
    plot.value("document.querySelectorAll('.keys button')[0].click()")
    assert plot.value(f"{POINTS}.length") == 0
    assert "No family is shown" in plot.value("document.querySelector('.frame svg').textContent")


def test_keys_go_through_the_points_and_open_one(plot: Page) -> None:
    plot.value("document.querySelector('.frame svg').focus()")
    said = "document.querySelector('[aria-live]').textContent"
    plot.press("ArrowRight")
    assert "Alpha, size full, seed 0, epoch 1" in plot.value(said)
    plot.press("ArrowRight")
    assert "Beta, size full, seed 0, epoch 1" in plot.value(said)
    plot.press("ArrowLeft")
    plot.press("ArrowLeft")
    assert "Beta, size full, seed 0, epoch 2" in plot.value(said)
    plot.press("Escape")
    assert plot.value(f"{TIP}.hidden") is True
    plot.press("ArrowRight")
    plot.press("Enter")
    plot.value("new Promise((done) => setTimeout(done, 1000))")
    assert plot.value("location.href").endswith("family-alpha.html#run-full-0")


def test_axes_and_shifts_change_what_is_drawn(plot: Page) -> None:
    places = f"{POINTS}.map((e) => e.getBoundingClientRect()).map((b) => [b.x, b.y])"
    before = plot.value(places)
    choose = (
        "(() => {{ const s = document.querySelectorAll('.controls select')[{}]; s.value = '{}';"
        " s.dispatchEvent(new Event('change')); }})()"
    )
    for number, value in ((1, "linear"), (1, "logit"), (0, "r")):
        plot.value(choose.format(number, value))
        assert len(plot.value(places)) == 4
        assert plot.value(places) != before
    assert "R, top-1 (%, logit)" in plot.value("document.querySelector('.frame svg').textContent")


def test_positions_follow_the_probit_axis(plot: Page) -> None:
    """Points at 12, 15, 31 and 34 %: distances on the axis are those of the inverse normal distribution."""
    middle = "(e) => { const b = e.getBBox(); return b.x + b.width / 2; }"
    x, boxes = (
        plot.value(f"[...document.querySelectorAll('#plot .frame {shape}.point')].map({middle})")
        for shape in ("circle", "polygon")
    )
    probit = {0.12: -1.174987, 0.15: -1.036433, 0.31: -0.495850, 0.34: -0.412463}
    scale = (x[1] - x[0]) / (probit[0.31] - probit[0.12])
    assert [(place - x[0]) / scale for place in boxes] == pytest.approx(
        [probit[p] - probit[0.12] for p in (0.15, 0.34)], abs=2e-3
    )


def test_a_link_can_name_the_shift(page: Page, report: Path) -> None:
    page.open(report / "pages/experiment-lines.html", "#shift-r")
    assert page.value("document.querySelector('.controls select').value") == "r"


def test_families_are_told_apart_without_colour(plot: Page) -> None:
    marks = [plot.value(f"document.querySelector('#plot .point[data-family={name}]').tagName") for name in DRAWN]
    dashes = plot.value(
        "[...document.querySelectorAll('#plot .frame .fit')].map((line) => line.getAttribute('stroke-dasharray'))"
    )
    assert len(set(marks)) == 2 and len(set(dashes)) == 2


def test_without_scripts_the_drawn_figure_stands_there(page: Page, report: Path) -> None:
    page.open(report / "pages/experiment-lines.html", scripts=False)
    node = page.call("DOM.getDocument", depth=-1)["root"]["nodeId"]
    found = page.call("DOM.querySelectorAll", nodeId=node, selector="#plot img[src$='papers/small/fig-01.png'][alt]")
    assert len(found["nodeIds"]) == 1
    assert not page.call("DOM.querySelectorAll", nodeId=node, selector="#plot svg")["nodeIds"]
    page.open(report / "pages/experiment-lines.html")


def test_dates_stand_there_where_the_receipts_are(page: Page, report: Path) -> None:
    page.open(report / "pages/family-alpha.html")
    assert "2026-01-02 03:04:05 UTC, 1.5 s on some-host" in page.value("document.body.innerText")


@pytest.mark.parametrize("width", [400, 1200])
def test_no_page_is_wider_than_the_window(page: Page, report: Path, width: int) -> None:
    for file in [report / "index.html", *sorted((report / "pages").glob("*.html"))]:
        page.open(file, width=width)
        assert page.value("document.documentElement.scrollWidth") <= width, file.name


def test_headings_and_pictures_are_for_everyone(page: Page, report: Path) -> None:
    for file in [report / "index.html", *sorted((report / "pages").glob("*.html"))]:
        page.open(file)
        levels = page.value("[...document.querySelectorAll('h1,h2,h3,h4')].map((e) => +e.tagName[1])")
        assert levels.count(1) == 1 and all(b - a <= 1 for a, b in pairwise(levels)), (
            file.name,
            levels,
        )
        assert page.value("[...document.images].every((e) => e.alt)") is True, file.name
        assert page.value("document.documentElement.lang") == "en"
