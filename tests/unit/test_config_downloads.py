"""Pools and shifts whose archive is named by its address: what is obtained, once and verified, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from datalines.config.errors import ConfigError
from datalines.dag import Dag
from datalines.pools.store import read_items
from tests.builders import animals, make_tar
from tests.unit.config_study import StudyFiles

URL = "https://example.org/sets/zoo.tar.gz"
DIGEST = {"bytes": 12, "sha256": "0" * 64, "md5": "1" * 32}
WANTED = {"url": URL, "key": "pools.photo.path", **DIGEST}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyFiles:
    """The small study, whose pool and shift of folders lie in one archive on the web; no mirror."""
    monkeypatch.delenv("DATALINES_MIRROR", raising=False)
    files = StudyFiles(tmp_path)
    files.set("pools", "pools.photo.path", URL).set("pools", "pools.photo.download", dict(DIGEST))
    files.set("shifts", "shifts.pacs.path", URL)
    files.set("papers/qnq", "papers.qnq.tables.tab-01.pools", ["yfcc", "photo"])
    return files


def test_one_file_is_obtained_for_all_that_name_it(study: StudyFiles) -> None:
    loaded = study.load()
    assert loaded.downloads(["photo"], ["pacs"]) == [WANTED]
    assert loaded.downloads([], ["pacs"]) == [{"url": URL, "key": "shifts.pacs.path", "bytes": None, "sha256": None}]
    study.remove("pools", "pools.photo.download").set("shifts", "shifts.pacs.download", dict(DIGEST))
    assert study.load().downloads(["photo"], ["pacs"]) == [WANTED]


def test_declarations_that_contradict_each_other_are_an_error(study: StudyFiles) -> None:
    study.set("shifts", "shifts.pacs.download", {"md5": "2" * 32})
    with pytest.raises(ConfigError) as caught:
        study.load().downloads(["photo"], ["pacs"])
    text = f"shifts.pacs.path: says that {URL} has md5 {'2' * 32}, and pools.photo.path says {'1' * 32}; correct one"
    assert text in str(caught.value)


def test_the_workflow_reads_what_it_downloads(study: StudyFiles) -> None:
    dag = Dag(study.load(), {})
    place = "example.org/sets/zoo.tar.gz"
    assert dag.downloads()[place] == WANTED
    for section, name in (("pools", "photo"), ("shifts", "pacs")):
        assert dag.source_files(section, name) == [f"results/downloads/{place}"]
    tables = dag.tables()
    # A digest that is stated later makes no part out of date.
    assert "download" not in tables["download_pool"]["photo"] and "download" not in tables["prepare_shift"]["pacs"]


def test_readers_find_the_download(study: StudyFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_tar(tmp_path / "results/downloads/example.org/sets/zoo.tar.gz", animals(2))
    spec = {**study.load().resolved()["pool_specs"]["photo"], "class_names": ["cat", "sea_lion"]}
    assert len(list(read_items(spec, 0, 1, "pools.photo"))) == 4


def test_a_path_that_exists_goes_before_the_address(study: StudyFiles, tmp_path: Path) -> None:
    own = make_tar(tmp_path / "own.tar", animals(1))
    study.set("pools", "pools.photo.path", [str(own), URL])
    dag = Dag(study.load(), {})
    assert dag.source_files("pools", "photo") == [str(own)]
    own.unlink()
    assert dag.source_files("pools", "photo") == ["results/downloads/example.org/sets/zoo.tar.gz"]


def test_asking_needs_a_contact_unless_the_mirror_has_the_file(
    study: StudyFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEB", str(tmp_path))

    def problems() -> str:
        try:
            study.load().check_paths()
        except ConfigError as error:
            return str(error)
        return ""

    assert "fetch.contact: is missing" in problems() and "does not exist" not in problems()
    make_tar(tmp_path / "mirror/example.org/sets/zoo.tar.gz", animals(1))
    monkeypatch.setenv("DATALINES_MIRROR", str(tmp_path / "mirror"))
    assert "contact" not in problems()
    monkeypatch.delenv("DATALINES_MIRROR")
    study.set("config", "fetch", {"contact": "me@example.org"})
    assert "contact" not in problems()


WRONG: list[tuple[str, Any, str]] = [
    ("path", [URL, "zoo.tar"], "path names an address before its end"),
    ("path", "zoo.tar", "download describes the file of an address, and path ends with none; remove it"),
    ("download", {"md5": "1" * 64}, "pools.photo.download.md5"),
    ("download", {"sha1": "1" * 40}, "pools.photo.download.sha1"),
]


@pytest.mark.parametrize(("key", "value", "text"), WRONG)
def test_what_makes_no_sense_is_refused(study: StudyFiles, key: str, value: Any, text: str) -> None:
    assert text in study.set("pools", f"pools.photo.{key}", value).message()
