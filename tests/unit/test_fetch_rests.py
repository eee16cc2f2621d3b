"""How hosts are treated: at their rates, with the rests they ask for, and none keeps the others waiting."""

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from datalines.fetch import resolver
from datalines.fetch.hosts import GIVE_UP
from datalines.fetch.policy import Host
from tests.web.asking import ask, impatient
from tests.web.server import Site, serve


@pytest.fixture
def site() -> Iterator[Site]:
    """A fresh server."""
    with serve() as running:
        yield running


def test_a_host_is_asked_at_its_rate(site: Site, names: dict[str, list[str]]) -> None:
    names |= {"slow.test": ["127.0.0.1"], "free.test": ["127.0.0.1"]}
    limits = {"slow.test": Host(rate=5.0, burst=3, concurrency=8)}
    started = time.monotonic()
    ask([site.url("/ok.jpg", "slow.test")] * 9 + [site.url("/ok.png", "free.test")] * 20, impatient(hosts=limits))
    slow, free = site.times("/ok.jpg"), site.times("/ok.png")
    for number in range(3, 9):
        assert slow[number] - started >= (number - 2) / 5.0
    assert slow[2] - slow[0] < slow[8] - slow[2]
    assert free[-1] < slow[8]


def test_a_slow_host_does_not_keep_others_waiting(site: Site, names: dict[str, list[str]]) -> None:
    names |= {"stuck.test": ["127.0.0.1"], "quick.test": ["127.0.0.1"]}
    urls = [site.url("/silence.jpg", "stuck.test")] * 8 + [site.url("/ok.jpg", "quick.test")] * 30
    policy = impatient(concurrency=8, host=Host(concurrency=2), http_tries=1)
    answers = ask(urls, policy)
    order = [answer.status for answer in answers]
    assert order[:30] == ["ok"] * 30
    assert Counter(order) == {"ok": 30, "timeout": 8}


def test_a_slow_lookup_does_not_keep_others_waiting(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(host: str) -> list[str]:
        time.sleep(0.5 if host == "slow.test" else 0.0)
        return ["127.0.0.1"]

    monkeypatch.setattr(resolver, "system_lookup", slow)
    urls = [site.url("/ok.jpg", "slow.test")] * 5 + [site.url("/ok.jpg", "quick.test")] * 20
    answers = ask(urls, impatient(concurrency=2))
    assert ["slow" in answer.url for answer in answers] == [False] * 20 + [True] * 5
    assert all(answer.status == "ok" for answer in answers)


def test_a_wait_that_is_asked_for_rests_the_whole_host(site: Site, names: dict[str, list[str]]) -> None:
    names |= {"tired.test": ["127.0.0.1"], "quick.test": ["127.0.0.1"]}
    urls = [site.url(path, "tired.test") for path in ("/429-rest.jpg", "/ok.jpg", "/ok.png")]
    policy = impatient(host=Host(concurrency=1))
    answers = ask([*urls, site.url("/grey.jpg", "quick.test")], policy)
    assert [answer.status for answer in answers] == ["ok"] * 4
    assert "quick" in answers[0].url
    complained = site.times("/429-rest.jpg")[0]
    rested = min(site.times("/ok.jpg") + site.times("/ok.png"))
    assert rested - complained >= 1.0
    assert site.times("/grey.jpg")[0] < rested


def test_a_wait_of_a_day_is_not_waited_for_and_nothing_more_is_sent(site: Site) -> None:
    urls = [site.url("/429-day.jpg"), *[site.url(f"/ok.jpg?{number}") for number in range(20)]]
    started = time.monotonic()
    answers = ask(urls, impatient(host=Host(concurrency=1)))
    assert time.monotonic() - started < 20
    assert {answer.status for answer in answers} == {"throttled"}
    assert Counter(answer.attempts for answer in answers) == {1: 1, 0: 20}
    assert all("86400 s, more than 5 s" in answer.message for answer in answers)
    assert site.total() == 1


def test_a_host_that_only_throttles_is_given_up(site: Site) -> None:
    policy = impatient(host=Host(concurrency=1), backoff_base=0.01, backoff_cap=0.02)
    answers = ask([site.url("/429.jpg")] * 200, policy)
    assert {answer.status for answer in answers} == {"throttled"}
    assert len(answers) == 200
    assert site.total() == GIVE_UP
    assert any(f"127.0.0.1 throttled {GIVE_UP} times running" in answer.message for answer in answers)


def test_a_throttled_burst_is_one_complaint(site: Site) -> None:
    for number in range(20):
        site.break_(f"/{number}.jpg", "/429-once.jpg")
    answers = ask([site.url(f"/{number}.jpg") for number in range(20)])
    assert Counter(answer.status for answer in answers) == {"ok": 20}
    assert {answer.attempts for answer in answers} == {2}


def test_the_draws_of_others_are_left_alone(site: Site) -> None:
    random.seed(7)
    before = random.getstate()
    ask([site.url("/500-once.jpg")])
    assert random.getstate() == before
