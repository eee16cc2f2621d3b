"""The bundle for CODECHECK, the checklists, what people say in a file, and the command around all formats."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from datalines.audit.results import read_results
from datalines.exchange.about import About, Article, Person, read_about
from datalines.exchange.arguments import add_arguments
from datalines.exchange.checklist import write_checklist
from datalines.exchange.codecheck import read_caption, write_codecheck
from datalines.exchange.command import run
from datalines.exchange.errors import ExchangeError
from datalines.exchange.sources import read_sources
from tests.unit import exchange_folder
from tests.unit.results_folder import Folder

PAPER = Article(title="Lines", authors=[Person(name="A. B.", ORCID="0000-0002-1825-0097"), Person(name="C. D.")])


@pytest.fixture
def study(tmp_path: Path) -> Folder:
    return exchange_folder.build(tmp_path / "checkout")


def export(study: Folder, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(list(words)), study.checkout)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_codecheck_bundle_lists_every_table_and_figure(study: Folder, tmp_path: Path) -> None:
    lacking = write_codecheck(read_results(study.root), tmp_path / "bundle", About(paper=PAPER))
    text = (tmp_path / "bundle/codecheck.yml").read_text()
    said = yaml.safe_load(text)
    assert text.startswith("---\n")
    assert said["version"] == "https://codecheck.org.uk/spec/config/2.0"
    assert {entry["file"]: entry["comment"] for entry in said["manifest"]} == {
        "papers/qnq/claims.csv": "claims",
        "papers/qnq/fig-01.csv": "Data of Figure 1. Two lines.",
        "papers/qnq/fig-01.pdf": "Figure 1. Two lines. One line per source.",
        "papers/qnq/tab-01.csv": "Table 1. Sources. The sources.",
    }
    for entry in said["manifest"]:
        assert (tmp_path / "bundle" / entry["file"]).read_bytes() == (study.root / entry["file"]).read_bytes()
    assert said["paper"]["authors"] == [{"name": "A. B.", "ORCID": "0000-0002-1825-0097"}, {"name": "C. D."}]
    assert lacking == ["paper.authors.1.ORCID", "paper.reference"]
    assert {"codechecker", "summary", "report", "certificate"}.isdisjoint(said)


def test_a_changed_figure_is_in_no_bundle(study: Folder, tmp_path: Path) -> None:
    (study.root / "papers/qnq/fig-01.pdf").write_bytes(b"another figure")
    with pytest.raises(ExchangeError, match=r"fig-01\.pdf is not what receipts/draw_figure/qnq-fig-01\.json says"):
        write_codecheck(read_results(study.root), tmp_path / "bundle", About())


@pytest.mark.parametrize(
    ("markdown", "caption"),
    [
        (exchange_folder.CAPTION, ("Figure 1. Two lines.", "One line per source. A marker is a model.")),
        (exchange_folder.TABLE, ("Table 1. Sources", "The sources. One row each.")),
        ("No title.\n\nMore.", ("", "No title.")),
        ("", ("", "")),
    ],
)
def test_captions_are_read(markdown: str, caption: tuple[str, str]) -> None:
    assert read_caption(markdown) == caption


def checklist(study: Folder, out: Path) -> dict[str, Any]:
    results = read_results(study.root)
    write_checklist(results, read_sources(results, study.checkout), out, About())
    said: dict[str, Any] = json.loads((out / "checklist.json").read_text())
    return said


def test_a_checklist_is_filled_from_receipts(study: Folder, tmp_path: Path) -> None:
    said = checklist(study, tmp_path)
    answers = {field["key"]: field["answer"] for field in said["fields"]}
    assert answers["1 claims"] == "3 claims were judged from the records: fails 1, holds 2."
    assert answers["7 significance"].startswith("Lines: 1,000 bootstrap resamples of points, level 95%.")
    assert "epochs 1, batch 4, optimizer (lr 0.1, betas 0.9 1)" in answers["6 setting"]
    assert answers["experiments"] == "deterministic (1)"
    assert answers["12 licences"] == "Cats: CC-BY-4.0; Dogs: not stated."
    assert answers["4 reproducibility"].startswith(
        "`snakemake --workflow-profile profiles/local --cores all --config scale=tiny`"
    )
    assert "Runs were trained with the seeds 0." in answers["4 reproducibility"]
    assert answers["3 theory"] == ""
    text = (tmp_path / "checklist.md").read_text()
    assert text.count("For the authors to answer: receipts do not know.") == sum(
        not field["answer"] and field["key"] != "archived" for field in said["fields"]
    )


def test_hours_are_those_of_the_receipts(study: Folder, tmp_path: Path) -> None:
    """Every job took two seconds; the run says that it was on two GPUs."""
    compute = checklist(study, tmp_path)["compute"]
    assert {rule: effort["jobs"] for rule, effort in compute.items() if effort["jobs"] > 1} == {
        "download_pool": 2,
        "filter_pool": 2,
        "write_shards": 2,
    }
    assert compute["train_model"]["wall_hours"] == round(2 / 3600, 5)
    assert compute["train_model"]["gpu_hours"] == round(4 / 3600, 5)
    assert compute["fit_lines"]["gpu_hours"] == 0


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("agent: {name: A, ORCID: 0000-0002-1825-0098}", r"agent\.ORCID: .* whose last digit does not fit"),
        ("agent: {name: A, ORCID: https://orcid.org/0000-0002-1825-0097}", "write the plain identifier"),
        ("author: {name: A}", "author: .*known keys are agent, paper, licence, repository"),
        ("paper: {title: T, authors: []}", r"paper\.authors: "),
        ("- a", "the file: "),
        ("a: [", "is not YAML"),
        ("a: !!python/object/apply:os.system [ls]", "is not YAML"),
    ],
)
def test_a_wrong_file_of_people_is_an_error_that_names_the_key(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "about.yaml").write_text(text)
    with pytest.raises(ExchangeError, match=error):
        read_about(tmp_path / "about.yaml")


def test_a_missing_file_of_people_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match=r"about\.yaml: No such file"):
        read_about(tmp_path / "about.yaml")


def test_the_command_writes_beside_the_results_and_again_the_same(
    study: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    out = study.checkout / "results/exchange/tiny/checklist"
    assert export(study, "--as", "checklist") == 0
    first = files(out)
    assert export(study, str(study.root), "--as", "checklist") == 0
    assert files(out) == first
    assert [path.name for path in out.parent.iterdir()] == ["checklist"]
    assert capsys.readouterr().out.splitlines()[-1] == str(out)


def test_a_folder_that_holds_something_is_left_alone(study: Folder, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("ten years of work")
    with pytest.raises(ExchangeError, match="is not empty; name a folder that does not exist yet"):
        export(study, "--as", "codecheck", "--out", str(tmp_path / "mine"))
    assert files(tmp_path / "mine") == {"thesis.tex": b"ten years of work"}


def test_an_export_that_fails_leaves_nothing(study: Folder, tmp_path: Path) -> None:
    (study.root / "papers/qnq/tab-01.csv").write_text("changed")
    with pytest.raises(ExchangeError, match=r"tab-01\.csv is not what"):
        export(study, "--as", "codecheck", "--out", str(tmp_path / "out/bundle"))
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--as", "checklist", "--with-data"], "--with-data is for --as ro-crate"),
        (["--as", "ro-crate", "--base", "https://example.org"], "--base is for --as croissant"),
        (["somewhere", "--scale", "tiny", "--as", "checklist"], "write one of them"),
    ],
)
def test_options_that_do_not_go_together(study: Folder, words: list[str], error: str) -> None:
    with pytest.raises(ExchangeError, match=error):
        export(study, *words)
