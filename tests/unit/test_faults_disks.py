"""The disks of the campaign of faults, in a process of their own: its mounts are seen by nobody else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns.faults.disks import free, permit

ROOT = Path(__file__).parents[2]
# Fills a disk, gives it room, closes a folder and opens it again.
SCRIPT = """\
import errno, pathlib, sys
from tests.campaigns.faults import disks
folder = pathlib.Path(sys.argv[1])
if not disks.private_mounts():
    sys.exit("cannot mount")
with disks.disk(folder / "disk", 1 << 20):
    assert disks.free(folder / "disk") == 1 << 20
    disks.resize(folder / "disk", 1 << 16)
    try:
        (folder / "disk/file").write_bytes(bytes(1 << 17))
        raise AssertionError("it fits")
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
    disks.resize(folder / "disk", 1 << 20)
    (folder / "disk/file").write_bytes(bytes(1 << 17))
assert not (folder / "disk/file").exists()
(folder / "results").mkdir()
with disks.mounted(folder / "results"):
    with (folder / "results/open").open("w"):
        assert not disks.read_only(folder / "results")
    assert disks.read_only(folder / "results")
    try:
        (folder / "results/open").write_text("something")
        raise AssertionError("it is written")
    except OSError as error:
        assert error.errno == errno.EROFS, error
    disks.writable(folder / "results")
    (folder / "results/open").write_text("something")
"""


def test_disks_and_read_only_folders(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if "cannot mount" in done.stderr:
        pytest.skip("this process may not mount; the campaign then limits file sizes instead")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results/open").read_text() == "something"
    assert list((tmp_path / "disk").iterdir()) == []


def test_permission_is_taken_and_given_back(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_text("")
    places = [tmp_path / "a", tmp_path / "a/b"]
    permit(tmp_path, writing=False)
    assert [path.stat().st_mode & 0o222 for path in places] == [0, 0]
    permit(tmp_path, writing=True)
    assert [path.stat().st_mode & 0o200 for path in places] == [0o200, 0o200]


def test_free_bytes(tmp_path: Path) -> None:
    assert free(tmp_path) > 0
