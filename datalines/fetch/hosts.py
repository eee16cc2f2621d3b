"""Who may be asked next: requests grouped by host, each host with its own rate, its own limit, and its own rests."""

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from random import Random

from datalines.fetch.policy import Host, Policy
from datalines.fetch.tries import Job

# A host that throttles so often in a row, with a rest before each, is left alone.
GIVE_UP = 8


class HostQueue:
    """What waits for one host. Times are those of the event loop's clock, in seconds."""

    def __init__(self, name: str, limits: Host, now: float) -> None:
        self.name = name
        self.limits = limits
        self.waiting: deque[Job] = deque()
        self.running = 0
        self.strikes = 0
        self.struck = -1.0
        self.closed_until = 0.0
        self.reason = ""
        self.listed = False
        self._tokens = float(limits.burst)
        self._stamp = now
        self._paused_until = 0.0

    def next_start(self, now: float) -> float | None:
        """When the next waiting request may start; None if none waits or as many as allowed are under way."""
        if not self.waiting:
            return None
        if now < self.closed_until:
            return now
        if self.running >= self.limits.concurrency:
            return None
        self._refill(now)
        rate = self.limits.rate
        token = now if rate is None or self._tokens >= 1 else now + (1 - self._tokens) / rate
        return max(now, token, self._paused_until)

    def take(self, now: float) -> Job:
        """The next request; it counts against the limits until `Hosts.done`."""
        if now >= self.closed_until and self.limits.rate is not None:
            self._tokens -= 1
        self.running += 1
        return self.waiting.popleft()

    def pause(self, until: float) -> None:
        """Start nothing before `until`."""
        self._paused_until = max(self._paused_until, until)

    def is_idle(self, now: float, memory: float) -> bool:
        """Whether nothing needs to be remembered: no request, no rest, no complaint of the last `memory` seconds."""
        self._refill(now)
        rested = now >= max(self._paused_until, self.closed_until) and self._tokens >= self.limits.burst
        forgiven = not self.strikes or now >= self.struck + memory
        return rested and forgiven and not (self.waiting or self.running or self.listed)

    def _refill(self, now: float) -> None:
        if self.limits.rate is not None:
            self._tokens = min(float(self.limits.burst), self._tokens + (now - self._stamp) * self.limits.rate)
        self._stamp = now


class Hosts:
    """All waiting requests. A host that is paused or at its limit holds nothing but its own queue up.

    `is_fresh` tells whether a host's name needs no lookup, `look_up` starts one and ends with `relist`.
    """

    def __init__(self, policy: Policy, is_fresh: Callable[[str], bool], look_up: Callable[[str], None]) -> None:
        self._policy = policy
        self._is_fresh = is_fresh
        self._look_up = look_up
        self._hosts: dict[str, HostQueue] = {}
        self._ready: deque[HostQueue] = deque()
        self._timers: list[tuple[float, int, HostQueue | Job]] = []
        self._numbers = itertools.count()
        self._sweep_at = 1000

    def add(self, job: Job, now: float) -> None:
        """Let a request wait for its host, or until `job.not_before` and then for its host."""
        if job.not_before > now:
            self._later(job.not_before, job)
            return
        host = self._hosts.get(job.host)
        if host is None:
            self._sweep(now)
            host = self._hosts[job.host] = HostQueue(job.host, self._policy.limits(job.host), now)
        host.waiting.append(job)
        self._list(host, now)

    def pop(self, now: float) -> tuple[HostQueue, Job] | None:
        """The next request that may start now, hosts in turn; None if there is none."""
        self._ring(now)
        while self._ready:
            host = self._ready.popleft()
            host.listed = False
            start = host.next_start(now)
            if start is None:
                continue
            if start > now:
                self._list(host, now)
            elif now >= host.closed_until and not self._is_fresh(host.name):
                host.listed = True
                self._look_up(host.name)
            else:
                job = host.take(now)
                self._list(host, now)
                return host, job
        return None

    def relist(self, name: str, now: float) -> None:
        """A lookup has ended: the host takes its turn again."""
        host = self._hosts[name]
        host.listed = False
        self._list(host, now)

    def done(self, host: HostQueue, now: float) -> None:
        """A request of this host has ended."""
        host.running -= 1
        self._list(host, now)
        if host.is_idle(now, self._policy.retry_after_cap):
            del self._hosts[host.name]

    def next_time(self) -> float | None:
        """When the next rest ends; None if nothing rests."""
        return self._timers[0][0] if self._timers else None

    def throttle(self, host: HostQueue, sent: float, wait: float | None, now: float) -> None:
        """A host asked for a rest of `wait` seconds, or for one without saying how long, by a request sent at `sent`.

        What was under way already when it last asked counts as the same complaint. A rest beyond the policy's
        `retry_after_cap` is not waited for, and after GIVE_UP complaints running no other is: for `retry_after_cap`
        seconds all that waits for the host ends unsent.
        """
        cap = self._policy.retry_after_cap
        if sent >= host.struck:
            host.strikes += 1
            host.struck = now
        if wait is not None and wait > cap:
            host.closed_until = now + cap
            host.reason = f"{host.name} asks to wait {wait:.0f} s, more than {cap:g} s"
        elif host.strikes >= GIVE_UP:
            host.closed_until = now + cap
            host.reason = f"{host.name} throttled {host.strikes} times running"
        else:
            host.pause(now + (wait if wait is not None else backoff(self._policy, host.name, host.strikes)))

    def succeed(self, host: HostQueue, sent: float) -> None:
        """A host answered a request, sent at `sent`, without complaint."""
        if sent >= host.struck:
            host.strikes = 0

    def _list(self, host: HostQueue, now: float) -> None:
        start = None if host.listed else host.next_start(now)
        if start is None:
            return
        host.listed = True
        if start <= now:
            self._ready.append(host)
        else:
            self._later(start, host)

    def _later(self, when: float, what: HostQueue | Job) -> None:
        heapq.heappush(self._timers, (when, next(self._numbers), what))

    def _ring(self, now: float) -> None:
        """Bring back what has rested."""
        while self._timers and self._timers[0][0] <= now:
            what = heapq.heappop(self._timers)[2]
            if isinstance(what, Job):
                self.add(what, now)
            else:
                what.listed = False
                self._list(what, now)

    def _sweep(self, now: float) -> None:
        """Forget hosts that have rested long enough, whenever their number has doubled."""
        if len(self._hosts) >= self._sweep_at:
            self._hosts = {
                name: host for name, host in self._hosts.items() if not host.is_idle(now, self._policy.retry_after_cap)
            }
            self._sweep_at = max(1000, 2 * len(self._hosts))


def backoff(policy: Policy, name: str, failures: int) -> float:
    """Seconds to wait after so many failures: uniform up to base * 2^(failures - 1), capped ("full jitter").

    The draw depends on the name and the number only, so that a run can be repeated.
    """
    most = min(policy.backoff_cap, policy.backoff_base * 2.0 ** min(failures - 1, 60))
    return Random(f"{name}\n{failures}").uniform(0.0, most)
