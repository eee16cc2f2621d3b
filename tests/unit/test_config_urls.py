"""Pools of lists of addresses: what a card fills in, what is refused before any job starts, and in which words."""

import copy
from pathlib import Path
from typing import Any

import pytest

from datalines.config.errors import ConfigError
from datalines.config.pools import UrlsPool
from datalines.config.urlpools import fetch_spec, image_spec, url_list
from tests.unit.config_study import StudyFiles

CARD: dict[str, Any] = {
    "title": "RedCaps",
    "metadata": [{"url": "https://example.org/lists/red.json", "bytes": 12, "sha256": "0" * 64}],
    "list": {
        "format": "json",
        "records": "annotations",
        "columns": {"url": "url", "caption": "caption"},
        "facts": {"subreddit": {"column": "subreddit", "type": "text"}, "likes": {"column": "score", "type": "number"}},
    },
    "licence": "CC BY 4.0",
    "terms": "for research",
    "expected_rows": 1000,
    "paper_pairs": 900,
    "paper": "qnq",
    "selection": "all",
    "image": {"store": "resized", "side": 1000, "by": "longer", "upscale": True, "quality": 75},
    "hosts": {"i.example.org": {"rate": 5.0, "burst": 5, "concurrency": 4}},
    "obtainable": "partly",
    "status": "public in 2026",
}
OWN = {"path": "$LISTS/own.tsv", "format": "tsv", "header": False, "columns": {"url": 0, "caption": 1}}


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    """The small study with a card and two pools of addresses, one of which is used."""
    files = StudyFiles(tmp_path)
    files.set("sources", "sources", {"redcaps": {"1.0": copy.deepcopy(CARD)}})
    files.set("pools", "pools.red", {"title": "Red", "kind": "urls", "source": "redcaps@1.0"})
    files.set("pools", "pools.own", {"title": "Own", "kind": "urls", "list": copy.deepcopy(OWN)})
    files.set("papers/qnq", "papers.qnq.tables.tab-01.pools", ["yfcc", "red", "own"])
    return files


def pool(study: StudyFiles, name: str) -> tuple[Any, UrlsPool]:
    loaded = study.load()
    found = loaded.pools[name]
    assert isinstance(found, UrlsPool)
    return loaded, found


def test_a_card_fills_in_what_the_pool_leaves_out(study: StudyFiles) -> None:
    loaded, red = pool(study, "red")
    declared = url_list(loaded, red)
    assert declared is not None
    assert (declared.path, declared.records) == (["https://example.org/lists/red.json"], "annotations")
    assert image_spec(loaded, red)["upscale"] is True
    assert fetch_spec(loaded, red)["hosts"]["i.example.org"]["concurrency"] == 4
    spec = loaded.resolved()["pool_specs"]["red"]
    assert (spec["expected_rows"], spec["paper_pairs"], spec["licence"]) == (1000, 900, "CC BY 4.0")
    assert spec["facts"] == {"subreddit": "text", "likes": "number"}
    assert loaded.downloads(["red"]) == [
        {"url": "https://example.org/lists/red.json", "bytes": 12, "sha256": "0" * 64, "key": "pools.red.source"}
    ]


def test_a_copy_of_the_list_takes_the_place_of_the_address(study: StudyFiles) -> None:
    study.set("pools", "pools.red.path", "$LISTS/red.json")
    loaded, red = pool(study, "red")
    declared = url_list(loaded, red)
    assert declared is not None and declared.path == "$LISTS/red.json"
    assert loaded.downloads(["red"]) == []


def test_keys_of_fetch_lie_over_each_other(study: StudyFiles) -> None:
    study.set("sources", "fetch", {"contact": "me@example.org", "tries": {"connect": 7}, "concurrency": 50})
    study.set("pools", "pools.red.fetch", {"concurrency": 9, "hosts": {"i.example.org": {"rate": 1.0}}})
    loaded, red = pool(study, "red")
    spec = fetch_spec(loaded, red)
    assert (spec["concurrency"], spec["tries"]) == (9, {"connect": 7, "http": 3})
    assert spec["hosts"]["i.example.org"] == {"rate": 1.0, "burst": 5, "concurrency": 4}
    assert spec["user_agent"].startswith("datalines/") and spec["user_agent"].endswith("(+me@example.org)")


WRONG = [
    ("pools", "pools.red.source", "redcaps",
     "pools.red.source: is 'redcaps', an unversioned name; write redcaps@<version>, known versions: 1.0"),
    ("pools", "pools.red.source", "redcap@1.0", "'redcap' is not a source; did you mean 'redcaps'?"),
    ("pools", "pools.red.source", "redcaps@1.1", "'1.1' is not a version of redcaps; did you mean '1.0'?"),
    ("pools", "pools.red.source", None, "pools.red: has neither a list nor a card; write list:"),
    ("pools", "pools.own.path", "$LISTS/x.tsv", "pools.own.path: replaces a card's list, and this pool has a list"),
    ("pools", "pools.red.select", "wob", "'wob' is not a filter; did you mean 'web'?"),
    ("pools", "pools.red.select", "web", "'web' has the step class-list, which needs the image; leave it to `filter`"),
    ("pools", "pools.own.list.columns.url", "URL",
     "columns are numbers counted from 0, because the file has no header; 'URL' is not"),
    ("pools", "pools.own.list.format", "xml", "'xml'"),
    ("pools", "pools.shifts", {"title": "S", "kind": "urls", "list": OWN}, "pools.shifts: is a reserved name"),
    ("pools", "pools.own.image", {"store": "resized"}, "store: resized needs side: <pixels> and by: longer or shorter"),
    ("pools", "pools.own.image", {"side": 10}, "side, by and upscale are for store: resized"),
    ("pools", "pools.own.sample", {"share": 1.5}, "pools.own.sample.share: is 1.5; it must be at most 1"),
    ("sources", "fetch", {"contact": "somebody"}, "write an address at which a site's owner reaches you"),
    ("filters", "filters.web.0", {"kind": "tag", "fact": "nsfw", "keep": ["x"]},
     "'nsfw' is not known of pool laion; its facts: style"),
    ("filters", "filters.web.0", {"kind": "number", "fact": "style", "min": 1},
     "'style' is a text in pool laion, and number needs a number"),
    ("filters", "filters.web.0", {"kind": "tag", "fact": "style"}, "give either keep: [values] or drop: [values]"),
    ("filters", "filters.web.0", {"kind": "clip-score", "scorer": "b32", "min": 0.3}, "'b32' is not a scorer"),
    ("filters", "filters.web.0", {"kind": "near-duplicate", "shifts": ["hard"]},
     "'hard' is made with a trained model; write its candidates 'candidates'"),
    ("filters", "filters.web.0", {"kind": "near-duplicate", "within": False}, "compares with nothing"),
    ("filters", "filters.web.0", {"kind": "exact-duplicate", "pools": ["laion"]},
     "names laion, and is applied to it: every image is a duplicate of itself"),
    ("filters", "filters.web.0", {"kind": "exact-duplicate", "pools": ["lion"]}, "'lion' is not a pool"),
    ("filters", "exclusions", {"takedown": {"path": "x.csv", "pools": ["lion"]}}, "'lion' is not a pool"),
    ("filters", "scorers", {"b32": {"weights": "w.pt"}}, "give either model: <open_clip model> or network:"),
    ("mixtures", "mixtures.both.entries.0.subset", "keep-all", "'keep-all' is the filter of the shards already"),
    ("mixtures", "mixtures.both.entries.0.subset", "keepall", "'keepall' is not a filter; did you mean 'keep-all'?"),
    ("papers/qnq", "papers.qnq.figures.fig-02.pools", ["yfcc"],
     "give one of experiment: <experiment>, pools: [pools], sets:"),
    ("papers/qnq", "papers.qnq.figures.fig-07", {"title": "7", "script": "qnq/fig_02", "pools": ["yfc"]},
     "'yfc' is not a pool; did you mean 'yfcc'?"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "key", "value", "text"), WRONG)
def test_what_cannot_be_is_an_error_with_a_way_out(
    study: StudyFiles, file: str, key: str, value: Any, text: str
) -> None:
    assert text in study.set(file, key, value).message()


def test_nothing_is_asked_of_the_web_without_a_contact(
    study: StudyFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTS", str(tmp_path))
    for name in ("PACS", "WEB"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "x.tar").touch()
    with pytest.raises(ConfigError) as caught:
        study.load().check_paths()
    message = str(caught.value)
    assert "fetch.contact: is missing; every request tells the site's owner whom to write to" in message
    assert f"pools.own.list.path: {tmp_path}/own.tsv does not exist" in message
    (tmp_path / "own.tsv").write_text("https://example.org/a.jpg\ta\n")
    study.set("sources", "fetch", {"contact": "https://example.org/bot"})
    study.load().check_paths()


def test_a_card_without_a_list_asks_for_ones_own(
    study: StudyFiles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    study.set("sources", "sources.redcaps", {"1.0": {**CARD, "metadata": []}})
    monkeypatch.setenv("LISTS", str(tmp_path))
    with pytest.raises(ConfigError, match="names no list that can be obtained"):
        study.load().check_paths()


def test_a_stand_in_is_never_silent(study: StudyFiles) -> None:
    study.set("sources", "sources.redcaps", {"1.0": {**CARD, "title": "Grey Caps", "substitutes": "redcaps"}})
    assert study.load().stand_ins() == ["Red: Grey Caps stands in for redcaps, which cannot be obtained as it was."]
