"""The site's pages lead from every cell to the sources, hold no times, and show the web's texts as text."""

import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from datalines.files import read_json, write_json
from tests.unit.site_results import HOSTILE, SCRIPT, write_results, write_site


class Links(HTMLParser):
    """Targets of a page's links and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.targets += [value for name in ("href", "src") if (value := found.get(name))]
        self.anchors |= {value for value in [found.get("id")] if value}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with its site; not to be changed."""
    root = write_results(tmp_path_factory.mktemp("site") / "small")
    write_site(root)
    (root / "report/index.html").write_text("the report")
    return root


def page(root: Path, name: str) -> str:
    return (root / "report/pages" / name).read_text(encoding="utf-8")


def test_every_link_leads_to_a_file_of_the_folder(made: Path) -> None:
    pages = {path.name: Links(path) for path in (made / "report/pages").glob("*.html")}
    assert len(pages) > 15
    for name, found in pages.items():
        for target in found.targets:
            parts = urlsplit(target)
            assert parts.scheme in ("", "data"), (name, target)
            if parts.scheme:
                continue
            file = (
                (made / "report/pages" / unquote(parts.path)).resolve() if parts.path else made / "report/pages" / name
            )
            assert file.is_file() and file.is_relative_to(made.resolve()), (name, target)
            if parts.fragment and file.name in pages:
                assert parts.fragment in pages[file.name].anchors, (name, target)


def walk(root: Path, start: str, *names: str) -> str:
    """Follow links from page to page by what they begin with; returns the last page's text."""
    at = start
    for name in names:
        at = next(target for target in Links(root / "report/pages" / at).targets if target.startswith(name))
        at = at.split("#")[0]
    return page(root, at)


def test_a_cell_leads_by_links_to_predictions_weights_mixture_and_source(made: Path) -> None:
    assert '<a href="family-alpha.html#run-full-0">chain</a>' in page(made, "item-papers-small-tab-01.html")
    family = page(made, "family-alpha.html")
    for text in (
        "evals/alpha/full/0/natural.json",
        "epoch-002.safetensors",
        "2" * 64,
        "mixtures/one/full/manifest.json",
    ):
        assert text in family
    assert "Licence and terms" in walk(made, "item-papers-small-tab-01.html", "family-alpha", "source-web")
    hops = ("job-collect_records", "job-evaluate_run", "job-train_model", "job-mix_shards", "job-write_shards")
    assert "pools/web/0.json" in walk(made, "item-papers-small-fig-01.html", *hops, "job-download_pool")


def test_a_row_that_names_nothing_known_leads_to_the_tables_own_chain(made: Path) -> None:
    rows = re.findall(
        r"<tr><td><a href=\"([^\"]*)\">chain</a></td>(.*?)</tr>", page(made, "item-papers-small-tab-01.html")
    )
    assert [chain for chain, _ in rows] == ["family-alpha.html#run-full-0", "family-beta.html#run-full-0", "#chain"]


def test_a_job_shows_what_its_manifest_vouches_for(made: Path) -> None:
    text = page(made, "job-mix_shards--one-full.html")
    assert "mixtures/one/full/00000.tar" in text and "7" * 64 in text


def test_a_job_says_whose_manifest_is_not_there(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "small"
    shutil.copytree(made, root)
    (root / "runs/alpha/full/0/summary.json").unlink()
    write_site(root)
    name = next(path.name for path in (root / "report/pages").glob("job-train_model--alpha-full-0*"))
    said = "runs/alpha/full/0/summary.json was not there when this page was written"
    assert said in page(root, name) and said not in page(made, name)
    assert "epoch-002.safetensors" in page(made, name) and "epoch-002.safetensors" not in page(root, name)


def test_an_items_page_shows_code_and_says_when_it_is_another_than_the_receipts(made: Path) -> None:
    text = page(made, "item-papers-small-tab-01.html")
    assert SCRIPT in text and '<span class="k">def</span>' in text
    assert f"{SCRIPT} is not what it was when the job ran." in text  # the receipt's digest is made up


def test_texts_of_the_web_stay_texts(made: Path) -> None:
    assert HOSTILE in "".join(read_all(made, "experiment-lines.html"))
    for path in (made / "report/pages").glob("*.html"):
        assert "<script>document" not in path.read_text(encoding="utf-8"), path.name


def read_all(root: Path, name: str) -> list[str]:
    """Text between a page's tags, as a reader sees it."""
    found: list[str] = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_data = found.append  # type: ignore[method-assign]
    parser.feed(page(root, name))
    return found


def test_pages_hold_neither_times_nor_hosts(made: Path) -> None:
    for path in (made / "report/pages").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "some-host" not in text and "2026-01-02" not in text, path.name
    dates = (made / "receipts/dates.js").read_text(encoding="utf-8")
    assert "some-host" in dates and "2026-01-02T03:04:05" in dates


def test_two_clean_runs_give_the_same_bytes_whatever_the_clock_says(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "elsewhere" / "small"
    shutil.copytree(made, root)
    for path in (root / "receipts").rglob("*.json"):
        write_json(path, {**read_json(path), "started": "2027-05-06T07:08:09+00:00", "seconds": 9.0, "host": "other"})
    (root / "report/pages/left-over.html").write_text("of an earlier study")
    entries = write_site(root)
    names = {path.name for path in (made / "report/pages").iterdir()}
    assert {path.name for path in (root / "report/pages").iterdir()} == names
    for entry in entries:
        content = (root / "report" / entry["path"]).read_bytes()
        assert content == (made / "report" / entry["path"]).read_bytes(), entry["path"]
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["bytes"])


def test_what_an_interrupted_call_left_is_cleared(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "small"
    shutil.copytree(made, root)
    (root / "report/.pages.17.tmp").mkdir()
    write_site(root)
    assert sorted(path.name for path in (root / "report").iterdir()) == ["index.html", "pages"]


def test_receipts_that_are_missing_are_said(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "small"
    shutil.copytree(made, root)
    shutil.rmtree(root / "receipts")
    write_site(root)
    assert "No receipt here names papers/small/tab-01" in page(root, "item-papers-small-tab-01.html")
    assert "0 jobs behind this report" in page(root, "jobs.html")
    assert "No receipt of this run is here" in page(root, "family-alpha.html")
    assert not (root / "receipts").exists()


def test_jobs_that_are_not_behind_the_report_have_no_page(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "small"
    shutil.copytree(made, root)
    old = read_json(root / "receipts/fit_lines/lines.json")
    outputs = {"results/small/fits/old.csv": next(iter(old["outputs"].values()))}
    write_json(root / "receipts/fit_lines/old.json", {**old, "outputs": outputs})
    write_site(root)
    assert not (root / "report/pages/job-fit_lines--old.html").exists()


def test_a_sources_page_tells_terms_attrition_statistics_samples_and_overlap(made: Path) -> None:
    text = page(made, "source-web.html")
    for said in (
        "CC BY 4.0",
        "none stated",
        "ask first",
        "web@2024",
        "failed: http 404",
        "10.00 %",
        "not in the sample",
    ):
        assert said in text, said
    assert "dropped by filter keep: caption-length" in text and "Sketch" in text and "3.750 %" in text
    assert text.count('src="data:image/png;base64,') == 1
    assert 'href="family-alpha.html"' in text and "write_shards" in text
