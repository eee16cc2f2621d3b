"""Section `concepts`: what may be written, what rules are given of it, and which references are checked."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from datalines.concepts.specs import build_matcher
from datalines.config.concepts import Concepts, check_concepts, concept_downloads, concept_specs, counted_in
from datalines.config.errors import Findings

ADDRESS = "https://example.org/6d180a24c818f1439aeeade33ebdc8b0b53a3b62/terms.json"
BASE: dict[str, Any] = {"kind": "lemma-sets", "title": "Birds", "classes": "birds", "pools": ["web"]}


def read(**entries: dict[str, Any]) -> Any:
    return TypeAdapter(Concepts).validate_python(entries)


def fetched(**more: Any) -> dict[str, Any]:
    return {"terms": {"path": ADDRESS, "download": {"bytes": 7, "sha256": "0" * 64}, **more}}


def test_rules_are_given_all_that_counts_depend_on() -> None:
    found = read(birds={**BASE, **fetched(part="keys")}, words={**BASE, "kind": "subsets", "strategy": "strict"})
    specs = concept_specs(found, lambda name: [f"{name}-0"], lambda name: ["hen"])
    shared = {"captions": "kept", "lexicon": None, "repeated": False, "names": ["birds-0"], "texts": ["hen"]}
    assert specs == {
        "birds": {
            "kind": "lemma-sets", "rules": "none", "digits": True, "part": "keys", "sha256": "0" * 64, **shared,
        },
        "words": {"kind": "subsets", "strategy": "strict", "part": None, "sha256": None, **shared},
    }  # fmt: skip
    assert [build_matcher(specs["words"], None, "concepts.words").match("a hen is here")] == [(0,)]


def test_a_title_or_another_pool_changes_nothing_that_is_counted() -> None:
    entries = [read(birds=BASE), read(birds={**BASE, "title": "Fowl", "pools": ["web", "more"]})]
    one, other = (concept_specs(found, lambda _: ["a"], lambda _: ["a"]) for found in entries)
    assert one == other


def test_entries_of_a_pool_and_files_of_terms() -> None:
    found = read(birds={**BASE, **fetched()}, more={**BASE, "pools": ["web", "other"], "terms": {"path": "a.txt"}})
    assert counted_in(found, "web") == ["birds", "more"]
    assert counted_in(found, "other") == ["more"]
    wanted = {"url": ADDRESS, "bytes": 7, "sha256": "0" * 64, "key": "concepts.birds.terms.path"}
    assert concept_downloads(found, ["birds", "more"]) == [wanted]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({**BASE, "kind": "substrings"}, "lemma-sets"),
        ({**BASE, "strategy": "strict"}, "strategy"),
        ({**BASE, "kind": "subsets", "digits": True}, "digits"),
        ({**BASE, "rules": "imagenet-21k"}, "rules"),
        ({**BASE, "pools": []}, "pools"),
        ({**BASE, "captions": "stored"}, "captions"),
        ({**BASE, "terms": {"path": ADDRESS}}, "an address needs download: {sha256: ...}"),
        ({**BASE, "terms": {"path": ADDRESS, "download": {"bytes": 5}}}, "an address needs download: {sha256: ...}"),
    ],
)
def test_what_may_not_be_written(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        read(birds=entry)
    assert message in str(error.value)


def test_references() -> None:
    found = Findings({})
    entries = read(birds={**BASE, "classes": "bird", "pools": ["wep", "own"], "captions": "listed"}, good=BASE)
    check_concepts(entries, {"classes": ["birds"], "pools": ["web", "own"]}, ["web"], found)
    texts = [str(problem) for problem in found.problems]
    assert len(texts) == 3
    assert "birds" in texts[0] and "web" in texts[1]
    assert "own, which has no list; write captions: kept" in texts[2]
