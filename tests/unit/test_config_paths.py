"""Paths of pools and shifts: `$NAME`, and what must be there before any job starts."""

from pathlib import Path

import pytest

from datalines.config.errors import ConfigError
from datalines.config.paths import expand, matching
from datalines.config.study import Study
from tests.unit.config_study import StudyFiles


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyFiles:
    monkeypatch.delenv("PACS", raising=False)
    monkeypatch.delenv("WEB", raising=False)
    return StudyFiles(tmp_path)


def error_of(study: Study, papers: list[str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        study.check_paths(papers)
    return str(caught.value)


def test_expand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACS", "/data/pacs")
    assert expand("$PACS/photo", "pools.photo.path") == Path("/data/pacs/photo")
    assert expand("${PACS}_small/x", "pools.photo.path") == Path("/data/pacs_small/x")
    assert expand("~/x", "pools.photo.path") == Path.home() / "x"


@pytest.mark.parametrize("value", [None, ""])
def test_expand_unset(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("PACS", raising=False)
    if value is not None:
        monkeypatch.setenv("PACS", value)
    with pytest.raises(ConfigError) as caught:
        expand("$PACS/photo", "pools.photo.path")
    assert "pools.photo.path: $PACS is not set; set it in the environment, e.g. export PACS=/path/to/folder" in str(
        caught.value
    )


def test_loading_does_not_look_at_paths(study: StudyFiles) -> None:
    study.load().resolved()


def test_only_what_the_targets_use_is_checked(study: StudyFiles) -> None:
    message = error_of(study.load())
    assert message == (
        "1 problem in the configuration:\n"
        "config/pools.yaml: pools.photo.path: $PACS is not set; "
        "set it in the environment, e.g. export PACS=/path/to/folder"
    )
    study.set("experiments", "experiments.sources.suite", "real").set(
        "experiments", "experiments.sources.shifts", ["pacs"]
    )
    study.set("papers/qnq", "papers.qnq.figures.fig-02.shifts", [])
    assert "config/shifts.yaml: shifts.pacs.path: $PACS is not set" in error_of(study.load())


def test_other_papers_are_checked_on_request(study: StudyFiles) -> None:
    study.set("papers/other", "papers.other", {"title": "O", "tables": {"tab-01": {
        "title": "T", "script": "qnq/tab_01", "pools": ["web"],
    }}})  # fmt: skip
    assert "config/pools.yaml: pools.web.path[0]: $WEB is not set" in error_of(study.load(), ["other"])


def test_paths_that_do_not_exist(study: StudyFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACS", str(study.root / "pacs"))
    message = error_of(study.load())
    assert f"config/pools.yaml: pools.photo.path: {study.root}/pacs does not exist; correct the path" in message
    (study.root / "pacs").mkdir()
    study.load().check_paths()
    study.set("pools", "pools.photo.root", "photos")
    assert f"config/pools.yaml: pools.photo.root: {study.root}/pacs has no folder photos" in error_of(study.load())
    (study.root / "pacs" / "photos").mkdir()
    study.load().check_paths()


def test_globs_match_at_least_one_file(study: StudyFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB", str(study.root))
    study.set("papers/qnq", "papers.qnq.tables.tab-01.pools", ["web"])
    study.remove("papers/qnq", "papers.qnq.figures")
    assert f"config/pools.yaml: pools.web.path[0]: {study.root}/*.tar does not exist" in error_of(study.load())
    for name in ("1.tar", "0.tar", "0.txt"):
        (study.root / name).touch()
    study.load().check_paths()
    assert matching(study.root / "*.tar") == [study.root / "0.tar", study.root / "1.tar"]


def test_file_named_for_a_path_of_the_command_line(study: StudyFiles) -> None:
    loaded = study.load(pools={"photo": {"path": "$ELSEWHERE"}})
    assert "command line (--config/--configfile): pools.photo.path: $ELSEWHERE is not set" in error_of(loaded)
