"""Which faults the campaign tries, what it compares, and what it reports."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.campaigns.faults.kinds import KINDS, kind_of, selected
from tests.campaigns.faults.outcomes import Outcome, counts, is_lost, table, write
from tests.campaigns.faults.processes import moment
from tests.campaigns.faults.study import Study, Truth, digests

GOOD = Outcome(1, "power-cut", "killed all", True, None, (), 3.0)
NAMED = Outcome(2, "file-flipped", "one bit", True, True, (), 4.0)
MISSED = Outcome(3, "file-flipped", "one bit", False, False, ("not named",), 5.0)
LOST = Outcome(4, "power-cut", "killed all", False, None, ("other bytes",), 6.0)


def test_every_kind_has_its_turn_before_any_has_two() -> None:
    for seed in range(5):
        kinds = [kind_of(number, list(KINDS), seed) for number in range(1, 2 * len(KINDS) + 1)]
        assert set(Counter(kinds).values()) == {2} and set(kinds[: len(KINDS)]) == set(KINDS)
    assert kind_of(7, list(KINDS), 1) == kind_of(7, list(reversed(KINDS)), 1)
    orders = {tuple(kind_of(number, list(KINDS), seed) for number in range(1, 9)) for seed in range(5)}
    assert len(orders) == 5


def test_kinds_are_selected_by_the_beginnings_of_their_names() -> None:
    assert selected([]) == list(KINDS)
    assert selected(["file-fl", "two"]) == ["two-at-once", "file-flipped"]
    with pytest.raises(ValueError, match="there is no kind fire; kinds are snakemake-killed, "):
        selected(["disk", "fire"])


def test_moments_are_within_the_run() -> None:
    moments = [moment(random.Random(seed), 6) for seed in range(300)]
    assert {jobs for jobs, _ in moments} == set(range(6))
    assert all(0 <= seconds <= 3 for _, seconds in moments) and any(seconds == 0 for _, seconds in moments)


def test_counts_by_kind_and_in_all() -> None:
    found = counts([GOOD, NAMED, MISSED, LOST])
    assert found["power-cut"] == {"trials": 2, "survived": 1, "damaged": 0, "named": 0}
    assert found["file-flipped"] == {"trials": 2, "survived": 1, "damaged": 2, "named": 1}
    assert found["all"] == {"trials": 4, "survived": 2, "damaged": 2, "named": 1}
    rows = [line.split() for line in table([GOOD, NAMED, MISSED, LOST]).splitlines()]
    assert [row[0] for row in rows] == ["kind", "file-flipped", "power-cut", "all"]
    assert rows[1][1:] == ["2", "1", "1", "of", "2"] and rows[2][1:] == ["2", "1"]


@pytest.mark.parametrize(("outcomes", "lost"), [([GOOD, NAMED], False), ([GOOD, MISSED], True), ([LOST], True)])
def test_one_loss_is_a_loss(outcomes: list[Outcome], lost: bool) -> None:
    assert is_lost(outcomes) is lost


def test_the_file_holds_every_trial_in_order(tmp_path: Path) -> None:
    write(tmp_path / "faults.json", [LOST, NAMED, GOOD], 5, 61.4, {"disk-full": "a disk"})
    said = json.loads((tmp_path / "faults.json").read_text())
    assert [trial["number"] for trial in said["trials"]] == [1, 2, 4]
    assert [failure["failures"] for failure in said["failures"]] == [["other bytes"]]
    assert (said["seed"], said["seconds"], said["counts"]["all"]["survived"]) == (5, 61, 2)
    assert said["machine"]["means"] == {"disk-full": "a disk"}


def test_a_line_says_what_was_done_and_what_came_of_it() -> None:
    assert GOOD.line() == "trial 1: power-cut: killed all: survived (3 s)"
    assert MISSED.line() == "trial 3: file-flipped: one bit: FAILED, NOT NAMED (5 s)"
    assert NAMED.line().endswith("survived, named (4 s)")


def write_results(study: Study, **contents: str) -> None:
    """Files of a study, by names in which `__` stands for a slash."""
    for name, content in contents.items():
        path = study.results / f"{name.replace('__', '/')}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def test_other_missing_and_additional_artifacts_differ(tmp_path: Path) -> None:
    true, other = Study(tmp_path / "true"), Study(tmp_path / "other")
    write_results(true, fits__a="1", fits__b="1", runs__c="1", receipts__d="1", logs__e="1", state__f="1")
    write_results(other, fits__a="1", fits__b="2", fits__g="1", receipts__d="2", logs__h="1")
    (other.results / "fits/.a.csv.77.tmp").write_text("half")
    truth = Truth({}, {}, digests(true.results), frozenset())
    assert truth.differing(other) == ["fits/b.csv", "fits/g.csv", "runs/c.csv"]
    assert truth.differing(true) == []


def test_a_copy_shares_no_file_and_keeps_times_and_links(tmp_path: Path) -> None:
    study = Study(tmp_path / "one")
    write_results(study, fits__a="1")
    (study.results / "fits/b.csv").hardlink_to(study.results / "fits/a.csv")
    copy = study.copy(tmp_path / "two")
    first, second = (copy.results / "fits/a.csv").stat(), (copy.results / "fits/b.csv").stat()
    assert first.st_ino == second.st_ino != (study.results / "fits/a.csv").stat().st_ino
    assert first.st_mtime_ns == (study.results / "fits/a.csv").stat().st_mtime_ns
    assert digests(copy.results) == digests(study.results)
