"""The scale of published results: four papers, no pools, and a job for every entry instead of one for every file."""

from pathlib import Path
from typing import Any

import pytest

from datalines.config.errors import ConfigError
from datalines.config.load import load_study
from datalines.dag import Dag
from datalines.fetch.mirror import DOWNLOADS
from datalines.published.filenames import TIMM

ROOT = Path(__file__).parents[2]
PAPERS = ["talk", "janus", "imbalance", "indicators"]


@pytest.fixture(scope="module")
def dag() -> Dag:
    return Dag(load_study(ROOT, {"scale": "published"}), {})


def test_the_scale_needs_nothing_but_published_results(dag: Dag) -> None:
    study = dag.study
    assert study.targets() == PAPERS == list(study.papers)
    assert (study.pools_of(), study.shifts_used(), dag.experiments_of_targets()) == ([], [], [])
    study.check_paths()
    assert all(study.papers[paper].tables and study.papers[paper].figures for paper in PAPERS)
    assert {name.split("/")[0] for name in dag.records()} == {"published"}
    assert (dag.counts(), dag.sheets("png"), dag.batches("png")) == ([], [], [])


def test_every_file_is_made_by_one_rule(dag: Dag) -> None:
    bundles, singles = dag.bundles(), dag.downloads()
    assert list(bundles) == ["timm", "frequencies"]
    bundled = [path for files in bundles.values() for path in files]
    assert [Path(path).name for path in bundles["timm"]] == list(TIMM)
    assert len(bundled) == len(set(bundled))
    assert not set(bundled) & {f"{DOWNLOADS}/{place}" for place in singles}
    asked = {path for name in dag.published_read() for path in dag.published_files(name)}
    assert asked == {*bundled, *(f"{DOWNLOADS}/{place}" for place in singles)}
    assert dag.published_with_lines() == ["imagenet-testbed", "standard", "vlhub", "laion", "timm"]


def test_what_the_targets_ask_for_can_be_fetched_beforehand(dag: Dag) -> None:
    wanted = {entry["url"] for entry in dag.study.downloads()}
    shown = {name for paper in PAPERS for part in parts(dag.specs["papers"][paper]) for name in part["tables"]}
    assert {"published/timm", "published/frequencies", "published/vlhub-models"} <= shown
    files = {path for name in dag.study.published_shown() for path in dag.published_files(name)}
    assert len(wanted) == len(files) > 90


def parts(paper: dict[str, Any]) -> list[dict[str, Any]]:
    return [*paper["figures"].values(), *paper["tables"].values()]


def test_tables_typed_in_are_read_where_they_are(dag: Dag) -> None:
    assert dag.table("published/talk-cells") == "config/transcribed/talk-cells.csv"
    assert dag.table("published/timm") == "results/published/published/timm.csv"
    assert dag.table("published/timm-lines") == "results/published/published/timm-lines.csv"
    assert not any("cells" in name for name in dag.records())


def test_two_entries_of_one_folder_share_its_files(dag: Dag) -> None:
    entry = {**dag.study.model_dump(mode="json")["published"]["timm"], "groups": ["standard"]}
    other = Dag(load_study(ROOT, {"scale": "published", "published": {"mine": entry}}), {})
    assert list(other.bundles()) == ["timm", "frequencies"]
    assert other.published_files("mine") == other.published_files("timm")


def test_a_scale_extends_papers(tmp_path: Path) -> None:
    config = tmp_path / "config"
    for folder in ("scales", "parts", "papers"):
        (config / folder).mkdir(parents=True)
    (config / "config.yaml").write_text("scale: one\n")
    (config / "parts" / "bare.yaml").write_text("standalone: true\n")
    (config / "papers" / "mine.yaml").write_text('papers: {mine: {title: "Mine"}}\n')
    (config / "papers" / "other.yaml").write_text('papers: {other: {title: "Other"}}\n')
    scale = config / "scales" / "one.yaml"
    scale.write_text("extends: [bare, papers/mine]\nstudy: {title: One, targets: [mine]}\n")
    assert list(load_study(tmp_path, {}).papers) == ["mine"]
    scale.write_text("extends: [bare, papers/mime]\nstudy: {title: One, targets: [mine]}\n")
    with pytest.raises(ConfigError, match="'papers/mime' is not a scale; did you mean 'papers/mine'"):
        load_study(tmp_path, {})
    with pytest.raises(ConfigError, match="'papers/mine' is not a scale"):
        load_study(tmp_path, {"scale": "papers/mine"})


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("published/timm-line", "'timm-line' is not a source of published results; did you mean 'timm'"),
        ("published/frequencies-lines", "'frequencies-lines' is not a source of published results"),
    ],
)
def test_tables_that_nobody_makes(table: str, problem: str) -> None:
    shown = {"tables": {"tab-x": {"title": "X", "script": "talk/tab_findings", "tables": [table]}}}
    with pytest.raises(ConfigError, match=problem):
        load_study(ROOT, {"scale": "published", "papers": {"talk": shown}})
    shown["tables"]["tab-x"]["tables"] = ["published/timm-lines"]
    study = load_study(ROOT, {"scale": "published", "papers": {"talk": shown}})
    assert "timm" in study.published_shown()
