"""`datalines audit`: where it writes, what it prints, and its exit status."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from datalines.audit import command, engine
from datalines.audit.arguments import add_arguments
from datalines.audit.command import AuditError, run
from datalines.audit.levels import COSTS
from datalines.errors import DatalinesError
from tests.unit.results_folder import Folder

Command = Callable[..., int]


def parsed(*words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="datalines audit")
    add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def audit(folder: Folder, *words: object) -> int:
    return run(parsed(*words), folder.checkout)


def test_a_sound_folder_leaves_0_and_writes_both_files(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(folder, folder.root, "--level", "integrity") == 0
    assert json.loads((folder.root / "audit" / "audit.json").read_text())["status"] == 0
    assert "Audit of tiny" in (folder.root / "audit" / "audit.html").read_text()
    assert "Sound." in capsys.readouterr().out
    assert audit(folder, folder.root, "--level", "integrity") == 0, "the audit's own files are no orphans"


def test_something_to_look_at_leaves_1(folder: Folder) -> None:
    folder.put("papers/qnq/more.csv", b"")
    assert audit(folder, folder.root, "--level", "inventory") == 1


def test_damage_leaves_3_and_the_artifact_is_printed(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.root / "fits/lines.csv").write_bytes(b"family,slope\nfelines,2.0\n")
    assert audit(folder, folder.root, "--level", "integrity") == 3
    printed = capsys.readouterr().out
    assert "corrupt fits/lines.csv: has content" in printed
    (header,) = (line for line in printed.splitlines() if line.startswith("check"))
    (row,) = (line for line in printed.splitlines() if line.startswith("integrity"))
    assert dict(zip(header.split(), row.split(), strict=True))["corrupt"] == "1"


def test_the_worst_twenty_findings_are_printed(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(30):
        folder.put(f"papers/extra-{number:02}.csv", b"")
    (folder.root / "fits/lines.csv").unlink()
    audit(folder, folder.root, "--level", "inventory")
    printed = capsys.readouterr().out
    shown = [line for line in printed.splitlines() if line.startswith(("orphan ", "missing "))]
    assert len(shown) == 20 and shown[0].startswith("missing fits/lines.csv")
    assert "... and " in printed and "more findings in audit.json" in printed


def test_the_folder_of_a_scale_is_found_in_the_checkout(folder: Folder) -> None:
    assert audit(folder, "--scale", "tiny", "--level", "inventory") == 0


def test_without_folder_and_scale_the_configured_scale_is_audited(folder: Folder) -> None:
    place = folder.checkout / "config"
    (place / "scales").mkdir(parents=True)
    (place / "config.yaml").write_text("scale: tiny\n")
    (place / "scales" / "tiny.yaml").write_text("{}\n")
    assert audit(folder, "--level", "inventory") == 0


def test_json_is_what_is_written(folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(folder, folder.root, "--level", "inventory", "--json", "--out", tmp_path / "out") == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "out" / "audit.json").read_text())
    assert not (folder.root / "audit").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--level", "rerun"], "--cell"),
        (["--cell", "felines/full/0"], "--level rerun"),
        (["--scale", "tiny"], "not both"),
    ],
)
def test_options_that_do_not_go_together_are_refused(folder: Folder, words: list[str], told: str) -> None:
    with pytest.raises(AuditError, match=told):
        audit(folder, folder.root, *words)


@pytest.mark.parametrize(
    "words", [["--level", "all"], ["--jobs", "0"], ["--cell", "a/b"], ["--cell", "../b/0"], ["--models", "x"]]
)
def test_options_that_mean_nothing_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parsed(*words)
    assert stopped.value.code == 2


def test_a_place_that_cannot_be_written_says_what_to_do(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match="--out"):
        audit(folder, folder.root, "--level", "inventory", "--out", tmp_path / "file" / "below")


def test_a_link_in_a_folder_from_elsewhere_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (folder.root / "audit").symlink_to(tmp_path / "target")
    with pytest.raises(AuditError, match="link"):
        audit(folder, folder.root, "--level", "inventory")
    assert list((tmp_path / "target").iterdir()) == []


def test_a_folder_that_holds_no_results_is_an_error_for_people(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(DatalinesError, match="receipts"):
        audit(folder, tmp_path)


def test_help_states_what_each_level_costs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    printed = " ".join(capsys.readouterr().out.split())
    for level, cost in COSTS.items():
        assert f"{level} {cost}" in printed


def test_names_of_files_cannot_move_the_cursor() -> None:
    assert command.plain("a\x1b[2Jb\nc") == "a?[2Jb?c"


def test_the_options_load_nothing_large() -> None:
    code = "import sys, datalines.audit.arguments; print([m for m in ('pandas', 'numpy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


def test_the_command_can_be_called_without_the_others(folder: Folder, tmp_path: Path) -> None:
    def called(*words: object) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "datalines.audit", *map(str, words), "--level", "inventory"]
        return subprocess.run(line, cwd=engine.CHECKOUT, capture_output=True, text=True, check=False)

    done = called(folder.root, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Sound." in done.stdout
    refused = called(tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("datalines: ") and "receipts" in refused.stderr
