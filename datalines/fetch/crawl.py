"""Asks the network for many URLs at once: every request is answered exactly once, in order of completion."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any

from datalines.fetch import statuses
from datalines.fetch.answers import MIRROR, OK, Answer, Request
from datalines.fetch.client import Client
from datalines.fetch.hosts import HostQueue, Hosts, backoff
from datalines.fetch.mirror import mirror, mirrored
from datalines.fetch.policy import Policy
from datalines.fetch.resolver import FAILED_SECONDS, Resolver
from datalines.fetch.tries import Job, Verdict, aim, judge

__all__ = ["Answer", "Request", "crawl"]

# Answers that wait for the caller beyond the requests under way.
BACKLOG = 32


async def crawl(requests: Iterable[Request], policy: Policy) -> AsyncIterator[Answer]:
    """Ask for every request, first in the mirror, then in the network; yield each one's answer as it is complete.

    Bounds: `policy.concurrency` requests under way at most, and with the answers that the caller has not taken yet at
    most `policy.concurrency` + 32 bodies of at most `policy.max_bytes`. Requests are read ahead, max(1000, 16 *
    concurrency) of them, and wait by host, so that a slow or paused host does not keep others waiting. Leaving the
    loop early and closing the generator ends everything that is under way.

    Raises FetchError where this machine and no host is at fault, and whatever `requests` raises.
    """
    run = _Crawl(requests, policy)
    pump = asyncio.create_task(run.pump())
    pump.add_done_callback(lambda _: run.answered.set())
    try:
        while True:
            while run.answers:
                answer = run.answers.popleft()
                run.taken()
                yield answer
            if pump.done():
                await pump
                if not run.answers:
                    return
                continue
            run.answered.clear()
            await run.answered.wait()
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
        await run.close()


class _Crawl:
    """The state of one crawl. `pump` reads, starts and waits until all is answered; `answers` are for the caller."""

    def __init__(self, requests: Iterable[Request], policy: Policy) -> None:
        self._mirror = mirror() is not None
        self._source = iter(requests)
        self._policy = policy
        self._resolver = Resolver(policy.lookups, policy.allow_private)
        self._client = Client(policy, self._resolver)
        self._hosts = Hosts(policy, self._resolver.is_fresh, self._look_up)
        self._window = max(1000, 16 * policy.concurrency)
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._files: deque[Job] = deque()
        self._failure: BaseException | None = None
        self._read_all = False
        self._open = 0
        self._busy = 0
        self.answers: deque[Answer] = deque()
        self.answered = asyncio.Event()

    async def pump(self) -> None:
        """Work until every request has its answer. Raises what went wrong here rather than with a request."""
        while True:
            self._changed.clear()
            if self._failure is not None:
                raise self._failure
            self._fill()
            self._start()
            if self._read_all and self._open == len(self.answers):
                return
            await self._wait()

    def taken(self) -> None:
        """The caller has taken an answer: there is room again."""
        self._open -= 1
        self._changed.set()

    async def close(self) -> None:
        """End all that is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()
        await self._resolver.close()

    def _fill(self) -> None:
        """Read requests ahead until the window is full."""
        while self._open < self._window and not self._read_all:
            request = next(self._source, None)
            if request is None:
                self._read_all = True
                return
            self._open += 1
            job = Job(request)
            if self._mirror:
                self._files.append(job)
            else:
                self._aim(job)

    def _start(self) -> None:
        """Start what may start now."""
        while self._has_room() and self._files:
            self._spawn(self._look_in_mirror(self._files.popleft()))
        while self._has_room():
            now = self._loop.time()
            found = self._hosts.pop(now)
            if found is None:
                return
            host, job = found
            if now < host.closed_until:
                self._hosts.done(host, now)
                self._answer(job, Verdict(statuses.THROTTLED, host.reason))
            else:
                self._spawn(self._ask(host, job))

    def _has_room(self) -> bool:
        most = self._policy.concurrency
        return self._busy < most and self._busy + len(self.answers) < most + BACKLOG

    async def _wait(self) -> None:
        """Until a request ends, the caller takes an answer, or a rest is over."""
        when = self._hosts.next_time()
        timer = self._loop.call_at(when, self._changed.set) if when is not None else None
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._busy += 1
        self._keep(self._loop.create_task(work)).add_done_callback(self._freed)

    def _keep(self, task: "asyncio.Task[None]") -> "asyncio.Task[None]":
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _freed(self, _: "asyncio.Task[None]") -> None:
        self._busy -= 1

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()
        self._changed.set()

    def _look_up(self, name: str) -> None:
        self._keep(self._loop.create_task(self._look_up_and_relist(name)))

    async def _look_up_and_relist(self, name: str) -> None:
        await self._resolver.look_up(name)
        self._hosts.relist(name, self._loop.time())

    async def _look_in_mirror(self, job: Job) -> None:
        job.started = time.time()
        found = await asyncio.to_thread(_read_mirrored, job.request.url, self._policy.max_bytes)
        if found is None:
            job.started = 0.0
            self._aim(job)
        else:
            self._put(job.answer(*found, now=time.time(), origin=MIRROR))

    def _aim(self, job: Job) -> None:
        verdict = aim(job, job.request.url, self._policy)
        if verdict.status:
            self._answer(job, verdict)
        else:
            self._hosts.add(job, self._loop.time())

    async def _ask(self, host: HostQueue, job: Job) -> None:
        """Make one request of a job and see what follows."""
        sent = self._loop.time()
        job.started = job.started or time.time()
        job.attempts += job.redirects == 0
        hop = await self._client.ask(job.url, self._policy.total - job.spent, last=not host.waiting)
        now = self._loop.time()
        job.spent += now - sent
        if hop.status == statuses.THROTTLED or hop.wait is not None:
            self._hosts.throttle(host, sent, hop.wait, now)
        elif hop.http_status:
            self._hosts.succeed(host, sent)
        self._hosts.done(host, now)
        verdict = judge(job, hop, self._policy)
        if verdict.status:
            self._answer(job, verdict, hop.body)
            return
        if verdict.failures:
            least = FAILED_SECONDS if hop.status == statuses.DNS_FAILED else 0.0
            job.not_before = now + max(least, backoff(self._policy, job.request.url, verdict.failures))
        self._hosts.add(job, now)

    def _answer(self, job: Job, verdict: Verdict, body: bytes = b"") -> None:
        self._put(job.answer(verdict.status, verdict.message, body, now=time.time()))

    def _put(self, answer: Answer) -> None:
        self.answers.append(answer)
        self.answered.set()


def _read_mirrored(url: str, limit: int) -> tuple[str, str, bytes] | None:
    """Status, message and content of the mirror's file for a URL, None if it has none."""
    path = mirrored(url)
    if path is None:
        return None
    size = path.stat().st_size
    if size > limit:
        return statuses.TOO_LARGE, f"{size} bytes, more than {limit}", b""
    body = path.read_bytes()
    return (OK if body else statuses.EMPTY_BODY), "", body
