"""`datalines doctor`: one line a check, its exit status, its JSON; checks that hang or break take nothing with them."""

import argparse
import json
import threading
from pathlib import Path

import pytest

from datalines.doctor import checks, command, decoding
from datalines.doctor.arguments import add_arguments
from datalines.doctor.line import Asked, Line, State, status_of
from datalines.doctor.profile import ProfileError
from datalines.doctor.screen import content, screen

ROOT = Path(__file__).resolve().parents[2]
LINES = [
    Line("python", State.OK, "3.11"),
    Line("file system", State.LOOK, "nfs4,\nwithout locks", "Mount it with locks."),
    Line("GPU", State.BROKEN, "torch sees none", "Update the driver."),
]


def asked() -> Asked:
    return Asked(ROOT, "demo", None, ROOT / "profiles" / "local")


def given(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(("count", "status"), [(0, 0), (1, 0), (2, 1), (3, 3)])
def test_the_worst_line_decides(count: int, status: int) -> None:
    assert status_of(LINES[:count]) == status


def test_a_line_says_what_was_found_and_the_next_what_to_do() -> None:
    assert screen(LINES, "demo", "profiles/local").splitlines() == [
        "ok      python       3.11",
        "look    file system  nfs4, without locks",
        "                     -> Mount it with locks.",
        "broken  GPU          torch sees none",
        "                     -> Update the driver.",
        "",
        "Scale demo, profiles/local: 1 broken, 1 to look at.",
    ]
    assert screen(LINES[:1], "demo", "p").endswith("Nothing stands in the way.")
    assert screen(LINES[:2], "demo", "p").endswith("It can run; 1 to look at.")


def test_json_holds_the_same() -> None:
    whole = json.loads(content(LINES, "demo", "profiles/local"))
    assert (whole["schema"], whole["scale"], whole["profile"], whole["status"]) == (1, "demo", "profiles/local", 3)
    assert whole["lines"][1] == {
        "name": "file system",
        "state": "look",
        "found": "nfs4,\nwithout locks",
        "todo": "Mount it with locks.",
    }


def test_a_check_that_hangs_is_left_to_itself() -> None:
    free = threading.Event()

    def hang(_: Asked) -> Line:
        free.wait(60)
        return LINES[0]

    line = checks.timed("disk", hang, asked(), seconds=0.05)
    free.set()
    assert (line.name, line.state) == ("disk", State.LOOK)
    assert "no answer within 0.05 s" in line.found


def test_a_check_that_breaks_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Asked) -> Line:
        raise RuntimeError("no such thing")

    line = checks.timed("disk", broken, asked())
    assert (line.state, line.found) == (State.LOOK, "could not be examined: RuntimeError: no such thing")


def test_without_a_study_only_the_machine_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "HERE", {"python": lambda _: LINES[0]})
    monkeypatch.setattr(checks, "OF_STUDY", {"data": lambda _: LINES[2]})
    assert checks.examine(asked()) == LINES[:1]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_command_prints_the_screen_and_returns_the_status(
    form: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "examine", lambda asked: [Line("x", State.LOOK, asked.scale)])
    assert command.run(given("--scale", "demo", *form), ROOT) == 1
    printed = capsys.readouterr().out
    if form:
        assert [line["name"] for line in json.loads(printed)["lines"]] == ["configuration", "x"]
    else:
        assert "Scale demo, profiles/local: It can run; 1 to look at." in printed


def test_an_unknown_scale_is_a_broken_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "examine", lambda asked: [])
    assert command.run(given("--scale", "dmeo"), ROOT) == 3
    assert "did you mean 'demo'?" in capsys.readouterr().out


def test_an_unknown_profile_is_an_error_of_the_call() -> None:
    with pytest.raises(ProfileError, match="there is no profile profiles/nope"):
        command.run(given("--profile", "profiles/nope"), ROOT)


def test_the_decoder_is_told_by_its_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decoding.examine(asked()).state is State.OK
    monkeypatch.setattr(decoding, "WHOLE", "0" * 16)
    line = decoding.examine(asked())
    assert line.state is State.LOOK
    assert "other pixels" in line.found


def test_a_decoder_without_a_format_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding.features, "check", lambda name: name != "webp")
    line = decoding.examine(asked())
    assert (line.state, "without WebP" in line.found) == (State.BROKEN, True)
