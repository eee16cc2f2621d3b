"""Who is asked next, on a clock that the test moves: limits are kept, nothing is lost, and rests end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalines.fetch.answers import Request
from datalines.fetch.hosts import GIVE_UP, HostQueue, Hosts, backoff
from datalines.fetch.policy import Host
from datalines.fetch.tries import Job
from tests.web.asking import impatient

NAMES = ("a", "b", "c")


def waiting(host: str, not_before: float = 0.0) -> Job:
    return Job(Request(f"http://{host}/"), host=host, not_before=not_before)


def hosts_of(host: Host, **more: float) -> Hosts:
    return Hosts(impatient(host=host, **more), lambda _: True, lambda _: None)


@given(
    jobs=st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0.0, 3.0)), max_size=40),
    rate=st.none() | st.floats(0.5, 50.0),
    burst=st.integers(1, 4),
    concurrency=st.integers(1, 3),
    seconds=st.floats(0.0, 0.7),
)
def test_limits_are_kept_and_nothing_is_lost(
    jobs: list[tuple[str, float]], rate: float | None, burst: int, concurrency: int, seconds: float
) -> None:
    hosts = hosts_of(Host(rate, burst, concurrency))
    pending = [waiting(name, not_before) for name, not_before in jobs]
    now, running = 0.0, list[tuple[float, HostQueue, Job]]()
    started: list[tuple[float, Job]] = []
    for job in pending:
        hosts.add(job, now)
    for _ in range(100_000):
        while found := hosts.pop(now):
            started.append((now, found[1]))
            running.append((now + seconds, *found))
            assert found[0].running <= concurrency
        moments = [end for end, *_ in running] + [when for when in [hosts.next_time()] if when is not None]
        if not moments:
            break
        now = max(now, min(moments))
        for entry in [entry for entry in running if entry[0] <= now]:
            running.remove(entry)
            hosts.done(entry[1], now)
    assert sorted(map(id, pending)) == sorted(id(job) for _, job in started)
    for name in NAMES:
        times = [when for when, job in started if job.host == name]
        for first in range(len(times)):
            for last in range(first, len(times)):
                allowed = burst + (rate or 0) * (times[last] - times[first])
                assert rate is None or last - first + 1 <= allowed + 1e-6
    assert all(when >= job.not_before for when, job in started)


def test_hosts_take_turns() -> None:
    hosts = hosts_of(Host(concurrency=9))
    for name in "aaabbc":
        hosts.add(waiting(name), 0.0)
    order = [found[1].host for found in iter(lambda: hosts.pop(0.0), None)]
    assert order == ["a", "b", "c", "a", "b", "a"]


def test_a_host_waits_for_its_lookup_and_holds_nobody_up() -> None:
    asked: list[str] = []
    fresh = {"b"}
    hosts = Hosts(impatient(), fresh.__contains__, asked.append)
    for name in "aab":
        hosts.add(waiting(name), 0.0)
    assert hosts.pop(0.0) is not None
    assert hosts.pop(0.0) is None
    assert asked == ["a"]
    fresh.add("a")
    hosts.relist("a", 1.0)
    assert [found[1].host for found in iter(lambda: hosts.pop(1.0), None)] == ["a", "a"]
    assert asked == ["a"]


def start(hosts: Hosts, now: float) -> HostQueue:
    found = hosts.pop(now)
    assert found is not None
    return found[0]


def test_a_rest_ends_and_success_is_forgiven() -> None:
    hosts = hosts_of(Host(concurrency=2))
    for _ in range(3):
        hosts.add(waiting("a"), 0.0)
    first, second = start(hosts, 0.0), start(hosts, 0.0)
    assert first is second
    hosts.throttle(first, sent=0.0, wait=2.0, now=1.0)
    hosts.throttle(first, sent=0.0, wait=3.0, now=1.5)
    assert first.strikes == 1
    hosts.done(first, 1.5)
    hosts.done(first, 1.5)
    assert hosts.pop(4.4) is None
    assert start(hosts, 4.5) is first
    hosts.succeed(first, sent=0.5)
    assert first.strikes == 1
    hosts.succeed(first, sent=4.5)
    assert first.strikes == 0


def test_a_host_is_closed_for_a_while_and_then_gets_another_chance() -> None:
    hosts = hosts_of(Host(concurrency=1), retry_after_cap=60.0)
    for _ in range(3):
        hosts.add(waiting("a"), 0.0)
    host = start(hosts, 0.0)
    hosts.throttle(host, sent=0.0, wait=61.0, now=1.0)
    hosts.done(host, 1.0)
    assert start(hosts, 60.9) is host
    assert host.closed_until == 61.0
    assert "a asks to wait 61 s, more than 60 s" in host.reason
    hosts.done(host, 60.9)
    assert start(hosts, 61.0) is host


def test_complaints_running_close_a_host() -> None:
    hosts = hosts_of(Host(concurrency=1), retry_after_cap=60.0)
    now = 0.0
    for number in range(1, GIVE_UP + 1):
        hosts.add(waiting("a"), now)
        host = start(hosts, now)
        hosts.throttle(host, sent=now, wait=None, now=now)
        hosts.done(host, now)
        assert (host.closed_until > now) == (number == GIVE_UP)
        now += 10.0


def test_idle_hosts_are_forgotten() -> None:
    hosts = hosts_of(Host(rate=1.0, burst=2, concurrency=1))
    for number in range(20_000):
        hosts.add(waiting(f"h{number}"), float(number))
        hosts.done(start(hosts, float(number)), float(number))
    assert len(hosts._hosts) <= 1000


@pytest.mark.parametrize("failures", [1, 2, 3, 10, 1000])
def test_the_back_off_grows_to_its_cap_and_can_be_repeated(failures: int) -> None:
    policy = impatient(backoff_base=0.5, backoff_cap=8.0)
    draws = [backoff(policy, f"http://a.com/{number}", failures) for number in range(2000)]
    most = min(8.0, 0.5 * 2.0 ** min(failures - 1, 60))
    assert draws == [backoff(policy, f"http://a.com/{number}", failures) for number in range(2000)]
    assert 0.0 <= min(draws) < 0.02 * most
    assert 0.98 * most < max(draws) <= most
    assert sum(draws) / 2000 == pytest.approx(most / 2, rel=0.1)
