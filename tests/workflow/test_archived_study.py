"""Figures from archived records, in a checkout that trained nothing and has no data."""

import gzip
import shutil
from pathlib import Path

import pytest

from datalines.files import read_json
from tests.workflow.checkout import Checkout

ARCHIVE = "artifacts/tiny"
PAPERS = "papers/tiny"

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def archived(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the finished study."""
    checkout = finished.copy(tmp_path_factory.mktemp("archived") / "checkout")
    call = checkout.call("archive_records")
    assert call.code == 0 and call.jobs() == {"archive_records": 1}, call.text
    return checkout.root / ARCHIVE


def opened(archived: Path, checkout: Checkout) -> Checkout:
    """A fresh checkout with the archive; what it makes lies elsewhere than the results of a study."""
    shutil.copytree(archived, checkout.root / ARCHIVE)
    checkout.results = checkout.root / "results" / "archived-tiny"
    return checkout


def test_figures_from_an_archive_are_those_of_the_study(archived: Path, finished: Checkout, fresh: Checkout) -> None:
    checkout = opened(archived, fresh)
    call = checkout.call("figures", TINY="/nowhere", archive=ARCHIVE)
    assert call.code == 0, call.text
    assert "Exception" not in call.text and "--strict-dag-evaluation" not in call.text
    jobs = call.jobs()
    assert jobs == {"open_archive": 1, "fit_lines": 1, "draw_figure": 2, "make_table": 1, "figures": 1}
    made, whole = checkout.digests(), finished.digests()
    assert {name for name in made if name.startswith(PAPERS)} == {name for name in whole if name.startswith(PAPERS)}
    assert made == {name: whole[name] for name in made}
    assert checkout.call("--dry-run", "figures", archive=ARCHIVE).jobs() == {}


def test_the_report_is_made_from_an_archive_as_well(archived: Path, fresh: Checkout) -> None:
    checkout = opened(archived, fresh)
    call = checkout.call(archive=ARCHIVE)
    assert call.code == 0, call.text
    assert (checkout.results / "report" / "index.html").is_file()
    assert "train_model" not in call.jobs() and "download_pool" not in call.jobs()


def test_an_archive_that_was_altered_draws_nothing(archived: Path, fresh: Checkout) -> None:
    checkout = opened(archived, fresh)
    path = checkout.root / ARCHIVE / "records" / "sources.csv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"0", b"1")))
    call = checkout.call("figures", archive=ARCHIVE)
    assert call.code != 0 and "is not the file that" in call.text and "sources.csv.gz" in call.text
    assert not (checkout.results / "papers").exists()


def test_an_archive_of_an_experiment_declared_otherwise_draws_nothing(archived: Path, fresh: Checkout) -> None:
    checkout = opened(archived, fresh)
    checkout.study("sizes: [half, full], seeds: [0]", "sizes: [full], seeds: [0]")
    call = checkout.call("figures", archive=ARCHIVE)
    assert call.code != 0 and "experiment sources was declared otherwise than now" in call.text


def test_a_folder_without_an_archive_is_named_before_any_job(fresh: Checkout) -> None:
    call = fresh.call("figures", archive="artifacts/elsewhere")
    assert call.code != 0 and "artifacts/elsewhere/manifest.json does not exist; name a folder" in call.text


def test_an_archive_says_what_it_holds(archived: Path) -> None:
    content = read_json(archived / "manifest.json")
    assert content["about"]["scale"] == "tiny" and set(content["experiments"]) == {"sources"}
    assert {entry["name"] for entry in content["files"]} == {
        "records/sources", "records/pools", "records/statistics", "records/samples",
    }  # fmt: skip
