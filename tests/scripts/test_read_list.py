"""The script that reads a list: what it writes and says, and that a killed run leaves nothing that matters."""

import json
import logging
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from datalines.errors import PoolError
from datalines.files import read_json
from tests.unit.list_files import headerless, tsv, url_pool, write
from workflow.scripts import read_list

ROOT = Path(__file__).parents[2]
SPEC = url_pool(parts=80)


def rows(count: int) -> list[tuple[str, ...]]:
    return [(f"https://host{number % 97}.org/{number}.jpg", f"caption {number}") for number in range(count)]


def test_parts_and_manifest(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "a.tsv", tsv([*rows(20), ("one field",)]))
    manifest = tmp_path / "lists" / "web" / "manifest.json"
    with caplog.at_level(logging.INFO):
        read_list.main("web", url_pool(parts=2), [path], manifest)
    content = read_json(manifest)
    assert (content["rows"], content["statuses"]) == (21, {"malformed_row": 1, "ok": 20})
    assert sorted(entry.name for entry in manifest.parent.iterdir()) == ["0.parquet", "1.parquet", "manifest.json"]
    assert "a second), 21 requested in 2 parts" in caplog.text


def test_numbers_that_cannot_be_read_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "a.tsv", tsv([("http://a.org/1", "c", "high"), ("http://a.org/2", "c", "0.3")], None))
    facts = {"similarity": {"column": 2, "type": "number"}}
    read_list.main("web", url_pool(headerless(facts=facts)), [path], tmp_path / "out" / "manifest.json")
    assert "fact similarity: 1 values are not numbers and count as missing" in caplog.text
    assert read_json(tmp_path / "out" / "manifest.json")["unreadable_facts"] == {"similarity": 1}


def test_a_list_of_another_length_than_declared(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", tsv(rows(20)))
    manifest = tmp_path / "out" / "manifest.json"
    read_list.main("web", url_pool(expected_rows=20), [path], manifest)
    with pytest.raises(
        PoolError, match=r"^pools\.web\.source: the card states 21 rows, and the list has 20; complete it"
    ):
        read_list.main("web", url_pool(expected_rows=21), [path], manifest)
    assert not manifest.exists()


def start(spec: dict[str, Any], path: Path, out: Path) -> subprocess.Popen[bytes]:
    flags = [
        "--pool",
        "web",
        "--spec",
        json.dumps(spec),
        "--files",
        str(path),
        "--manifest",
        str(out / "manifest.json"),
    ]
    command = [sys.executable, "-m", "workflow.scripts.read_list", *flags]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A list, and the files of a run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("whole")
    path = write(folder / "a.tsv", tsv(rows(20_000)))
    process = start(SPEC, path, folder / "out")
    assert b"20000 requested in 80 parts" in process.communicate()[1]
    return path, contents(folder / "out")


@pytest.mark.parametrize("moment", [".spill", ".spill/parts/0.arrows", "0.parquet", "20.parquet"])
def test_a_killed_run_that_is_repeated_gives_the_same_bytes(
    tmp_path: Path, whole: tuple[Path, dict[str, bytes]], moment: str
) -> None:
    path, expected = whole
    out = tmp_path / "out"
    process = start(SPEC, path, out)
    until = time.monotonic() + 60
    while not (out / moment).exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (out / "manifest.json").exists()
    again = start(SPEC, path, out)
    again.communicate()
    assert again.returncode == 0
    assert contents(out) == expected


def contents(out: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in out.iterdir()}
