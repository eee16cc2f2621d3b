"""A fetch that is killed anywhere and started again leaves the same bytes as one never killed."""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from datalines.errors import FetchError
from datalines.fetch.journal import BLOBS, RECORDS
from datalines.locks import alone
from tests.unit.url_lists import NOWHERE, POOL, Entry, Fetching, answered, fill, image_urls, url_spec, write_list
from tests.web.server import Site

ROOT = Path(__file__).parents[2]


def killed(fetching: Fetching, spec: dict[str, Any], act: str, number: int) -> list[str]:
    program = [sys.executable, "-m", "tests.unit.killed_fetch"]
    return [*program, str(fetching.root), json.dumps(spec), act, str(number)]


def mixed(site: Site, fetching: Fetching) -> None:
    """Good images, dead links, and a URL with two captions."""
    urls = [*image_urls(site, 40), site.url("/404.jpg"), site.url("/page.jpg"), site.url("/truncated.jpg")]
    entries = [Entry(url, f"caption of {url}") for url in urls]
    write_list(fetching.listing, [*entries, Entry(urls[0], "another"), Entry(NOWHERE.format(1))])


@pytest.fixture(scope="module")
def whole(server: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a fetch of the mixed list leaves that is never killed, but for the times."""
    fetching = Fetching(tmp_path_factory.mktemp("whole"))
    mixed(server, fetching)
    fetching.start(url_spec())
    return fetching.bytes()


def journal_lines(states: Path) -> int:
    """Lines of the journal, 0 without one."""
    return sum(path.read_bytes().count(b"\n") for path in (states / "fetch" / POOL).glob("0-*/journal.jsonl"))


def wait_for_lines(states: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the journal has so many more lines."""
    until = time.monotonic() + 30
    before = journal_lines(states)
    while process.poll() is None and time.monotonic() < until:
        if journal_lines(states) >= before + count:
            return
        time.sleep(0.01)
    raise AssertionError("the journal did not grow")


def wait_for_end(group: int) -> None:
    """Wait until no process of the group is left."""
    until = time.monotonic() + 10
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.killpg(group, 0)
            time.sleep(0.02)
        raise AssertionError(f"processes of {group} are left")


def test_a_second_job_waits_for_the_first(site: Site, fetching: Fetching, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fill(fetching, image_urls(site, 2))
    with alone(fetching.states / "fetch" / POOL / "0", "testing"):
        process = subprocess.Popen(killed(fetching, url_spec(), "rename", 0), cwd=ROOT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        assert site.total() == 0
    assert process.wait(30) == 0
    assert fetching.receipt.is_file() and site.total() == 2


@pytest.mark.slow
def test_killed_again_and_again_while_it_fetches(site: Site, fetching: Fetching, whole: dict[str, bytes]) -> None:
    """What was in the journal is not asked for again, no process is left, and the outputs are as if never killed."""
    waiting = url_spec(concurrency=64, timeout={"connect": 5, "read": 60, "total": 60})
    done: set[str] = set()
    for held in (30, 20, 10):
        mixed(site, fetching)
        for number in range(held):
            site.break_(f"/{number}.jpg", "/silence.jpg")
        command = killed(fetching, waiting, "rename", 0)
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
        wait_for_lines(fetching.states, 5, process)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not fetching.receipt.exists()
        wait_for_end(process.pid)
        before, done = done, answered(fetching)
        assert before < done
        assert {site.url(seen.path) for seen in site.requests}.isdisjoint(before)
        site.forget()
    mixed(site, fetching)
    fetching.start(url_spec())
    assert {site.url(seen.path) for seen in site.requests}.isdisjoint(done)
    assert fetching.bytes() == whole


@pytest.mark.parametrize(
    ("act", "number"),
    [*(("rename", number) for number in range(1, 8)), ("link", 1), ("unlink", 1), ("unlink", 2)],
)
def test_killed_at_each_act_of_the_end(
    site: Site, fetching: Fetching, whole: dict[str, bytes], act: str, number: int
) -> None:
    """Before tar, rows, attempts, receipt, and each file of the finished state appear, or the journal goes."""
    mixed(site, fetching)
    ended = subprocess.run(killed(fetching, url_spec(), act, number), cwd=ROOT, stderr=subprocess.DEVNULL)
    assert ended.returncode == -signal.SIGKILL
    asked = Counter(seen.path for seen in site.requests)
    fetching.start(url_spec())
    assert Counter(seen.path for seen in site.requests) == asked
    assert fetching.bytes() == whole
    again = fetching.bytes(attempts=True)
    fetching.start(url_spec())
    assert fetching.bytes(attempts=True) == again
    folder = next(path for path in (fetching.states / "fetch" / POOL).iterdir() if path.is_dir())
    assert sorted(path.name for path in folder.iterdir()) == ["finished"]
    assert len(list((folder / "finished").iterdir())) == 3


def test_a_journal_of_a_crash_has_no_line_without_its_image(site: Site, fetching: Fetching) -> None:
    fill(fetching, [*image_urls(site, 3), *(NOWHERE.format(number) for number in range(9))])
    with pytest.raises(FetchError):
        fetching.start(url_spec(outage_minimum=5))
    journal = fetching.journal
    assert journal.name == RECORDS
    lengths = [json.loads(line).get("length", 0) for line in journal.read_bytes().splitlines()]
    assert sum(lengths) == journal.with_name(BLOBS).stat().st_size
