"""The engine as a whole: every request once, bounded work, the mirror first, and nothing left behind."""

import asyncio
import errno
import gc
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalines.errors import FetchError
from datalines.fetch import resolver
from datalines.fetch.crawl import BACKLOG, Request, crawl
from datalines.fetch.policy import Host
from tests.web.asking import IMPATIENT, ask, gather, impatient
from tests.web.faults import Exchange
from tests.web.server import Site, serve

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site() -> Iterator[Site]:
    """A fresh server."""
    with serve() as running:
        yield running


@settings(max_examples=12)
@given(
    st.lists(st.sampled_from(["/ok.jpg", "/404.jpg", "/500-once.jpg", "/moved.jpg", "/reset.jpg", "/empty.jpg", "/x"]))
)
def test_every_request_is_answered_exactly_once(paths: list[str]) -> None:
    with serve() as site:
        requests = [Request(site.url(path), tag=str(number)) for number, path in enumerate(paths)]
        answers = asyncio.run(asyncio.wait_for(gather(requests, impatient(concurrency=3)), 30))
    assert Counter((answer.url, answer.tag) for answer in answers) == Counter((one.url, one.tag) for one in requests)


def test_an_empty_list_needs_no_network() -> None:
    assert ask([]) == []


def test_who_asks_is_said_with_every_request(site: Site) -> None:
    ask(map(site.url, ["/ok.jpg", "/moved.jpg", "/500-once.jpg"]))
    assert len(site.requests) == 5
    for seen in site.requests:
        assert seen.headers["user-agent"] == IMPATIENT.user_agent
        assert seen.headers["accept"] == "image/*"
        assert seen.headers["accept-encoding"] == "identity"
        assert "cookie" not in seen.headers


def test_a_url_is_sent_as_it_is_written(site: Site) -> None:
    target = "/a%2Fb/%7Ec//d;e=1,2?u=http%3A%2F%2Fx&sig=a%2Bb+c"
    ask([site.url(target)])
    assert [seen.target for seen in site.requests] == [target]


def test_proxies_of_the_environment_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask([site.url("/ok.jpg")])[0].status == "ok"


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("nonsense", "invalid_url"),
        ("ftp://127.0.0.1/a", "refused_scheme"),
        ("http://127.0.0.1/a", "refused_address"),
        ("http://2130706433/a", "refused_address"),
        ("http://0x7f.1/a", "refused_address"),
        ("http://127.1/a", "refused_address"),
        ("http://[::1]/a", "refused_address"),
        ("http://[::ffff:127.0.0.1]/a", "refused_address"),
        ("http://169.254.169.254/latest/meta-data", "refused_address"),
    ],
)
def test_what_may_not_be_asked_for_is_refused_before_anything_is_sent(url: str, status: str) -> None:
    [answer] = ask([url], impatient(allow_private=False))
    assert (answer.url, answer.status, answer.attempts, answer.http_status) == (url, status, 0, 0)


@pytest.mark.parametrize(
    ("suffix", "removed"),
    [
        ("/removed.png", True),
        ("removed.png", True),
        ("moved.png", False),
        ("127.0.0.1/removed.png", False),
        ("other/removed.png", False),
    ],
)
def test_removed_images_are_told_by_the_end_of_their_url(site: Site, suffix: str, removed: bool) -> None:
    [answer] = ask([site.url("/moved-removed.jpg")], impatient(removed=(suffix,)))
    assert answer.status == ("removed_image" if removed else "ok")


def test_the_mirror_comes_first_and_nothing_is_sent(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATALINES_MIRROR", str(tmp_path))
    files = {"a.jpg": b"from the mirror", "empty.jpg": b"", "large.jpg": bytes(2 << 20)}
    for name, content in files.items():
        (tmp_path / "example.org").mkdir(exist_ok=True)
        (tmp_path / "example.org" / name).write_bytes(content)
    answers = {
        answer.url: answer for answer in ask([*(f"http://example.org/{name}" for name in files), site.url("/ok.jpg")])
    }
    found = answers["http://example.org/a.jpg"]
    assert (found.status, found.body, found.origin, found.attempts) == ("ok", b"from the mirror", "mirror", 0)
    assert answers["http://example.org/empty.jpg"].status == "empty_body"
    assert answers["http://example.org/large.jpg"].status == "too_large"
    assert (answers[site.url("/ok.jpg")].status, answers[site.url("/ok.jpg")].origin) == ("ok", "network")
    assert site.total() == 1


def test_connections_are_used_again_and_closed_with_the_last_request(site: Site) -> None:
    ask([site.url("/ok.jpg")] * 5, impatient(concurrency=1))
    assert [seen.headers.get("connection") == "close" for seen in site.requests] == [False] * 4 + [True]


def test_a_caller_who_takes_no_answers_stops_the_engine(site: Site) -> None:
    async def dawdle() -> tuple[int, int]:
        answers = crawl((Request(site.url("/ok.jpg")) for _ in range(500)), impatient(concurrency=4))
        await anext(answers)
        await asyncio.sleep(1.0)
        asked = site.total()
        rest = [answer async for answer in answers]
        return asked, len(rest)

    asked, rest = asyncio.run(dawdle())
    assert 4 <= asked <= 4 + BACKLOG + 1
    assert rest == 499
    assert site.total() == 500


def test_requests_are_read_ahead_and_not_all_at_once(site: Site) -> None:
    read = 0

    def endless() -> Iterator[Request]:
        nonlocal read
        while True:
            read += 1
            yield Request(site.url("/ok.jpg"))

    async def take() -> None:
        answers = crawl(endless(), impatient(concurrency=4))
        for _ in range(50):
            assert (await anext(answers)).status == "ok"
        await answers.aclose()  # type: ignore[attr-defined]

    asyncio.run(take())
    assert 50 <= read <= 1000 + 50


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("path", ["/ok.jpg", "/silence.jpg", "/drip.jpg", "/429-rest.jpg"])
def test_leaving_early_leaves_nothing_behind(site: Site, path: str) -> None:
    async def leave() -> set[str]:
        paths = ["/ok.jpg", *[path] * 40]
        answers = crawl([Request(site.url(path)) for path in paths], impatient(concurrency=8))
        await anext(answers)
        await answers.aclose()  # type: ignore[attr-defined]
        return {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}

    assert asyncio.run(leave(), debug=True) == set()
    gc.collect()


@pytest.mark.filterwarnings("error")
def test_a_cancelled_caller_leaves_nothing_behind(site: Site) -> None:
    async def cancelled() -> int:
        task = asyncio.create_task(gather([Request(site.url("/drip.jpg"))] * 20, impatient(concurrency=4)))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
        return len(asyncio.all_tasks()) - 1

    assert asyncio.run(cancelled(), debug=True) == 0
    gc.collect()


def test_an_error_of_the_list_reaches_the_caller_after_the_answers_before_it(site: Site) -> None:
    def broken() -> Iterator[Request]:
        yield Request(site.url("/ok.jpg"))
        raise OSError("the list is gone")

    with pytest.raises(OSError, match="the list is gone"):
        asyncio.run(asyncio.wait_for(gather(broken(), IMPATIENT), 10))


def test_a_mirror_that_is_no_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATALINES_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(Exception, match="DATALINES_MIRROR"):
        ask(["http://example.org/a.jpg"])


def test_never_more_than_the_allowed_number_is_under_way(site: Site) -> None:
    under_way, most = 0, 0

    async def slow(exchange: Exchange) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        await exchange.image(b"x")

    site.break_("/slow.jpg", slow)
    ask([site.url("/slow.jpg")] * 40, impatient(concurrency=8, host=Host(concurrency=32)))
    assert most == 8
    most = 0
    ask([site.url("/slow.jpg")] * 40, impatient(concurrency=8, host=Host(concurrency=3)))
    assert most == 3


def test_too_few_open_files_are_the_fault_of_this_machine(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("datalines.fetch.client.checked_socket", full)
    with pytest.raises(FetchError, match=r"fetch\.concurrency: 32 requests .* ulimit -n"):
        ask([site.url("/ok.jpg")] * 3)


@pytest.mark.filterwarnings("error")
def test_leaving_while_a_name_is_looked_up_leaves_nothing_behind(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(host: str) -> list[str]:
        time.sleep(0.3 if host == "slow.test" else 0.0)
        return ["127.0.0.1"]

    monkeypatch.setattr(resolver, "system_lookup", slow)

    async def leave() -> int:
        answers = crawl([Request(site.url("/ok.jpg", host)) for host in ("slow.test", "quick.test")], impatient())
        await anext(answers)
        await answers.aclose()  # type: ignore[attr-defined]
        return len(asyncio.all_tasks()) - 1

    assert asyncio.run(leave(), debug=True) == 0
    time.sleep(0.4)
    gc.collect()


def test_the_server_runs_by_itself_and_serves_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"from the folder")
    command = [sys.executable, "-m", "tests.web.server", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        paths = ["a.jpg", "404.jpg", "../../etc/passwd", "nothing"]
        found = {answer.url: answer for answer in ask(f"http://127.0.0.1:{port}/{path}" for path in paths)}
        process.stdin.close()
        assert process.wait(10) == 0
    assert [answer.status for answer in found.values()].count("http_404") == 3
    assert found[f"http://127.0.0.1:{port}/a.jpg"].body == b"from the folder"
