"""Which modules are behind a change of code: named only where the older digest comes out again."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalines import codehash
from datalines.reruns import modules

SCRIPT = "workflow/scripts/fit.py"
SCRIPTS = sorted(path.stem for path in (codehash.ROOT / "workflow/scripts").glob("*.py"))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small checkout whose script imports two modules, one of them through the other."""
    for path, text in {
        "datalines/__init__.py": "",
        "datalines/lines.py": "from datalines.numbers import ONE\nSLOPE = ONE\n",
        "datalines/numbers.py": "ONE = 1\n",
        "datalines/unused.py": "TWO = 2\n",
        SCRIPT: '"""Fit."""\nfrom datalines.lines import SLOPE\n',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setattr(codehash, "ROOT", tmp_path)
    monkeypatch.setattr(modules, "ROOT", tmp_path)
    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


def forget() -> None:
    codehash.forget()
    for kept in (modules._current, modules._commits, modules._committed):
        kept.cache_clear()


def change(checkout: Path, **texts: str) -> None:
    for name, text in texts.items():
        (checkout / "datalines" / f"{name}.py").write_text(text)
    forget()


def told(before: str) -> modules.Changed | None:
    return modules.changed_modules((SCRIPT,), before, codehash.source_hash(SCRIPT))


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_digest_is_that_of_the_rules(script: str) -> None:
    path = f"workflow/scripts/{script}.py"
    assert modules.digest_of(modules._current().lines([path])) == codehash.source_hash(path)


def test_one_module_is_found_among_remembered_sources(checkout: Path) -> None:
    before = codehash.source_hash(SCRIPT)
    change(checkout, numbers="ONE = 1.5\n", unused="TWO = 3\n")
    assert told(before) == modules.Changed(("datalines/numbers.py",), "remembered sources")


def test_two_modules_are_found_among_remembered_sources(checkout: Path) -> None:
    before = codehash.source_hash(SCRIPT)
    change(checkout, numbers="ONE = 1.5\n", lines="from datalines.numbers import ONE\nSLOPE = -ONE\n")
    assert told(before) == modules.Changed(("datalines/lines.py", "datalines/numbers.py"), "remembered sources")


def test_a_module_that_is_not_imported_any_more_is_named(checkout: Path) -> None:
    before = codehash.source_hash(SCRIPT)
    change(checkout, lines="SLOPE = 1\n")
    found = told(before)
    assert found is not None and found.modules == ("datalines/lines.py", "datalines/numbers.py")


def test_modules_are_found_in_a_commit_where_nothing_is_remembered(checkout: Path) -> None:
    before = codehash.source_hash(SCRIPT)
    commit = git_commit(checkout)
    change(checkout, numbers="ONE = 2\n", lines="from datalines.numbers import ONE\nSLOPE = 3 * ONE\n")
    (checkout / codehash.KEPT).unlink()
    assert told(before) == modules.Changed(("datalines/lines.py", "datalines/numbers.py"), f"commit {commit[:10]}")


def test_what_cannot_be_proved_is_not_named(checkout: Path) -> None:
    codehash.source_hash(SCRIPT)
    change(checkout, numbers="ONE = 2\n")
    assert told("0" * 12) is None
    assert modules.changed_modules((SCRIPT,), "0" * 12, "1" * 12) is None


def git_commit(checkout: Path) -> str:
    words = ["git", "-C", str(checkout), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for more in (["init", "-q"], ["add", "datalines", "workflow"], ["commit", "-q", "-m", "One"]):
        subprocess.run([*words, *more], check=True)
    return subprocess.run([*words, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
