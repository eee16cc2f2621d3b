"""Acceptances: written, read, replaced, refused where they cannot be read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from datalines.acceptances import KEYS, Acceptance, AcceptanceError, accepted, record
from datalines.files import read_json

ONE = Acceptance("fits/a.csv", "stale", "a remark", "Ann", "2026-11-22T10:00:00+00:00", "aaa", "bbb")


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    record(tmp_path, [ONE])
    record(tmp_path, [replace(ONE, artifact="fits/b.csv")])
    assert accepted(tmp_path) == [ONE, replace(ONE, artifact="fits/b.csv")]
    entries = read_json(tmp_path / "accepted.json")
    assert [tuple(entry) for entry in entries] == [KEYS, KEYS]
    assert (entries[0]["from"], entries[0]["to"]) == ("aaa", "bbb")


def test_the_same_change_is_accepted_once_by_who_said_it_last(tmp_path: Path) -> None:
    record(tmp_path, [ONE, replace(ONE, to="ccc")])
    record(tmp_path, [replace(ONE, who="Bob")])
    assert [(entry.who, entry.to) for entry in accepted(tmp_path)] == [("Ann", "ccc"), ("Bob", "bbb")]


def test_what_a_person_wrote_by_hand_is_kept_as_it_is(tmp_path: Path) -> None:
    own = {
        "artifact": "fits/*",
        "verdict": "drifted",
        "reason": "b",
        "who": "Bob",
        "when": "2026",
        "to": None,
        "more": 1,
    }
    (tmp_path / "accepted.json").write_text(json.dumps([own]))
    record(tmp_path, [ONE])
    assert read_json(tmp_path / "accepted.json") == [own, ONE.content()]
    assert accepted(tmp_path)[0] == Acceptance("fits/*", "drifted", "b", "Bob", "2026", "", "")


def test_without_a_file_nothing_is_accepted(tmp_path: Path) -> None:
    assert accepted(tmp_path) == []


@pytest.mark.parametrize("text", ["{", "[{}]", '["a"]', "3", '[{"artifact": "fits/a.csv", "who": "Ann"}]'])
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "accepted.json").write_text(text)
    with pytest.raises(
        AcceptanceError, match=r"accepted.json cannot be read .* list of entries with artifact, verdict"
    ):
        accepted(tmp_path)


def test_a_glob_covers_what_it_matches_and_nothing_else() -> None:
    every = replace(ONE, artifact="fits/*.csv")
    assert every.covers("fits/a.csv") and not every.covers("records/a.csv")
    assert ONE.covers("fits/a.csv") and not ONE.covers("fits/b.csv")
