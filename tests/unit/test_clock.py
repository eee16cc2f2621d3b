"""Files from the future get the present time, in their order; nothing else is changed."""

import os
from pathlib import Path

from datalines.clock import STEP, to_the_present

NOW = 1_800_000_000_000_000_000
DAY = 86_400_000_000_000


def put(path: Path, when: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)
    os.utime(path, ns=(when, when))
    return path


def test_times_in_the_future_become_present_ones_in_their_order(tmp_path: Path) -> None:
    past, present = put(tmp_path / "a/past.csv", NOW - DAY), put(tmp_path / "present.csv", NOW)
    soon, late = put(tmp_path / "b/soon.json", NOW + DAY), put(tmp_path / "late.csv", NOW + 400 * DAY)
    together = put(tmp_path / "b/together.csv", NOW + DAY)
    assert to_the_present(tmp_path, NOW) == 3
    assert late.stat().st_mtime_ns == NOW
    assert soon.stat().st_mtime_ns == together.stat().st_mtime_ns == NOW - STEP
    assert (past.stat().st_mtime_ns, present.stat().st_mtime_ns) == (NOW - DAY, NOW)
    assert to_the_present(tmp_path, NOW) == 0


def test_bulk_is_not_looked_at_and_links_lead_nowhere(tmp_path: Path) -> None:
    bulk, own = put(tmp_path / "results/00000.tar", NOW + DAY), put(tmp_path / "own/photos.csv", NOW + DAY)
    link = tmp_path / "results/link.csv"
    link.symlink_to(own)
    os.utime(link, ns=(NOW + DAY, NOW + DAY), follow_symlinks=False)
    assert to_the_present(tmp_path / "results", NOW) == 1
    assert bulk.stat().st_mtime_ns == own.stat().st_mtime_ns == NOW + DAY
    assert link.lstat().st_mtime_ns == NOW


def test_another_hosts_clock_may_be_a_little_ahead(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", NOW + 500_000_000)
    assert to_the_present(tmp_path, NOW) == 0


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert to_the_present(tmp_path / "none", NOW) == 0
