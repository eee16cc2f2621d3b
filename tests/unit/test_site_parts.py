"""Scripts as markup, data of plots, chains of jobs in a circle."""

import html
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from datalines.codehash import ROOT
from datalines.files import read_json, write_json
from datalines.plotting.house import PALETTE
from datalines.site.cells import Subjects
from datalines.site.code import marked, read_script
from datalines.site.jobs import size_text
from datalines.site.lineage import Lineage, results_of, steps
from datalines.site.plots import embedded, plot_data
from tests.unit.site_results import HOSTILE, TITLES, told, write_results


@pytest.mark.parametrize("path", ["datalines/site/code.py", "datalines/job.py", "workflow/scripts/write_report.py"])
def test_marked_code_says_the_same(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert html.unescape(re.sub(r"</?span[^>]*>", "", marked(text))) == text
    assert '<span class="k">import</span>' in marked(text)


def test_what_is_no_python_is_shown_as_it_is() -> None:
    assert marked("def (<b>'''\n") == "def (&lt;b&gt;&#39;&#39;&#39;\n"
    assert read_script(ROOT, "workflow/scripts/nothing.py") is None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_results(tmp_path / "small")


def test_plot_data_hold_every_point_and_line(root: Path) -> None:
    spec = told().experiments["lines"]
    records, fits = pd.read_csv(root / "records/lines.csv"), pd.read_csv(root / "fits/lines.csv")
    data = plot_data(records, fits, {**spec, "baseline": "beta"}, TITLES, {"alpha": "family-alpha.html"})
    assert [(entry["name"], entry["baseline"]) for entry in data["families"]] == [("alpha", False), ("beta", True)]
    assert data["families"][0]["colour"] == PALETTE[0]
    assert len(data["points"]) == 4 and len(data["fits"]) == len(fits)
    first = data["points"][0]
    assert first["on"]["sketch"] == [0.05, 0.03, 0.07, 200] and first["epoch"] == 1 and first["weight"] is None
    assert [point["page"] for point in data["points"]][1:3] == ["family-alpha.html#run-full-0", ""]


def test_a_family_without_a_display_name_is_drawn_all_the_same(root: Path) -> None:
    records = pd.read_csv(root / "records/lines.csv").replace({"beta": "published-models"})
    fits = pd.read_csv(root / "fits/lines.csv").replace({"beta": "published-models"})
    data = plot_data(records, fits, told().experiments["lines"], TITLES, {})
    assert data["families"][1]["title"] == "published-models"


def test_embedded_json_cannot_end_its_element() -> None:
    text = embedded({"title": HOSTILE, "line": "\u2028"})
    assert "<" not in text and "\u2028" not in text
    assert json.loads(text) == {"title": HOSTILE, "line": "\u2028"}


def test_steps_go_from_the_file_to_the_sources(root: Path) -> None:
    found = steps(Lineage(results_of(root)).behind(["papers/small/fig-01.csv"]))
    assert [(step.rule, len(step.receipts)) for step in found] == [
        ("draw_figure", 1), ("fit_lines", 1), ("collect_records", 1), ("evaluate_run", 2), ("train_model", 2),
        ("mix_shards", 1), ("write_shards", 1), ("download_pool", 1),
    ]  # fmt: skip


def test_receipts_in_a_circle_come_to_an_end(root: Path) -> None:
    path = root / "receipts/download_pool/web-0.json"
    write_json(path, {**read_json(path), "inputs": {"results/small/fits/lines.csv": "1" * 64}})
    found = Lineage(results_of(root)).behind(["fits/lines.csv"])
    assert len(found) == len({receipt.path for receipt in found}) == 9


def test_names_and_titles_lead_to_pages_and_numbers_do_not() -> None:
    subjects = Subjects({"a": ("12", "family-a.html")}, {"a": ("Other", "source-a.html")})
    lines = subjects.lines(["family", "n"], [["a", "12"], ["Other", "12"]], [False, True])
    assert [[cell.href for cell in line.cells] for line in lines] == [["family-a.html", ""], ["source-a.html", ""]]


@pytest.mark.parametrize(
    ("count", "text"), [(None, ""), (0, "0 B"), (1500, "1.5 kB"), (2_000_000, "2.0 MB"), (3 * 10**9, "3.0 GB")]
)
def test_sizes_are_for_reading(count: int | None, text: str) -> None:
    assert size_text(count) == text
