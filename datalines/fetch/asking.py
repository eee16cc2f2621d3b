"""From URLs to outcomes in the journal: requests, image work in other processes, progress, and the outage guard."""

import asyncio
import contextlib
import logging
import shutil
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from datalines.errors import CountError, FetchError
from datalines.fetch import img2dataset
from datalines.fetch.crawl import Answer, Request, crawl
from datalines.fetch.journal import Journal
from datalines.fetch.outcome import Outcome, of_answer, with_work
from datalines.fetch.policy import policy_of
from datalines.fetch.statuses import CONNECT_FAILED, DNS_FAILED
from datalines.fetch.workers import Workers
from datalines.images import DECODER
from datalines.pools.base import OK

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 10.0
# Bodies that wait for a process or are in one, for each process.
AHEAD = 4


class Guard:
    """Tells an outage of the network from links that are dead.

    Unresolved names and refused connections are counted among all of the part's network URLs, and among those asked
    for the first time: after a kill, or in a supplement, the URLs that failed so before say nothing about the network.

    `first` is how many are asked for the first time; `known` how many network URLs were known before and how many of
    them failed, None for a supplement, most of whose URLs may well be dead.
    """

    def __init__(self, fetch: dict[str, Any], first: int, known: tuple[int, int] | None = (0, 0)) -> None:
        self._share, self._minimum = fetch["outage_share"], fetch["outage_minimum"]
        self._first, self._known = first, known
        self._failed: Counter[str] = Counter()
        self._network = self._first_failed = self._first_mirror = 0

    def add(self, outcome: Outcome, first: bool) -> bool:
        """Count an outcome; True if so many of the first-time URLs failed that the rest cannot make it good."""
        if outcome.origin == "mirror":
            self._first_mirror += first
            return False
        self._network += 1
        if outcome.transient:
            self._failed[outcome.status] += 1
            self._first_failed += first
        return self._beyond(self._first_failed, self._first)

    def outage(self) -> bool:
        """Whether the part as a whole must not be accepted."""
        if self._beyond(self._first_failed, self._first - self._first_mirror):
            return True
        if self._known is None or not self._failed:
            return False
        network, failed = self._known
        return self._beyond(self._failed.total() + failed, self._network + network)

    def _beyond(self, failed: int, of: int) -> bool:
        return failed >= self._minimum and failed > self._share * of

    def error(self, where: str) -> FetchError:
        """The sentence for the user."""
        dns, connect = self._failed[DNS_FAILED], self._failed[CONNECT_FAILED]
        return FetchError(
            f"{where}: {dns} names could not be resolved and {connect} connections could not be made, of "
            f"{self._network} addresses asked: that is this machine's network or name server, not the links. Nothing "
            "is lost: everything obtained is kept, and the same command goes on from here once the network is back. If "
            f"the links really are dead, raise {where}.fetch.outage_share, now {self._share:g}"
        )


class Progress:
    """A line in the log at most every ten seconds."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._statuses: Counter[str] = Counter()
        self._begun = self._said = time.monotonic()

    def add(self, status: str) -> None:
        """Count one URL."""
        self._statuses[status] += 1
        if time.monotonic() - self._said >= PROGRESS_SECONDS:
            self._said = time.monotonic()
            self.say()

    def say(self) -> None:
        """Log what is done so far."""
        done, good = self._statuses.total(), self._statuses[OK]
        failed = ", ".join(f"{count} {status}" for status, count in sorted(self._statuses.items()) if status != OK)
        rate = good / max(time.monotonic() - self._begun, 1e-3)
        log.info("%d/%d asked, %d ok, failed: %s; %.1f images/s", done, self._total, good, failed or "none", rate)


def ask(
    urls: Mapping[str, bool],
    spec: dict[str, Any],
    journal: Journal,
    guard: Guard,
    folder: Path,
    threads: int,
    where: str,
) -> None:
    """Ask for every URL once and add its outcome to the journal, with the image as it is to be stored. The value of a
    URL says whether it is asked for the first time.

    At most 4 x `threads` bodies wait for image work; those that the network still holds are bounded by the crawl.
    Raises FetchError in an outage; the journal then holds a mark that these failures say nothing of the links.
    """
    if not urls:
        return
    with Workers(spec["image"], threads) as workers, _answers(urls, spec, folder) as answers:
        asyncio.run(_Asking(urls, journal, guard, workers, where).run(answers, AHEAD * max(1, threads)))


@contextlib.contextmanager
def _answers(urls: Iterable[str], spec: dict[str, Any], folder: Path) -> Iterator[AsyncGenerator[Answer, None]]:
    """The answers of the declared back end; `folder` is for what another program needs, and goes with success."""
    if spec["fetch"]["backend"] == "img2dataset":
        work = folder / "img2dataset"
        shutil.rmtree(work, ignore_errors=True)
        yield _one_by_one(img2dataset.outcomes(spec, urls, work))
        shutil.rmtree(work, ignore_errors=True)
    else:
        yield cast(AsyncGenerator[Answer, None], crawl((Request(url) for url in urls), policy_of(spec["fetch"])))


async def _one_by_one(answers: Iterator[Answer]) -> AsyncGenerator[Answer, None]:
    """Another program's answers, waited for in a thread."""
    while (answer := await asyncio.to_thread(next, answers, None)) is not None:
        yield answer


class _Asking:
    def __init__(self, urls: Mapping[str, bool], journal: Journal, guard: Guard, workers: Workers, where: str) -> None:
        self._waiting = dict(urls)
        self._journal, self._guard, self._workers, self._where = journal, guard, workers, where
        self._progress = Progress(len(urls))
        self._outage = False

    async def run(self, answers: AsyncGenerator[Answer, None], ahead: int) -> None:
        """Take all answers, until there are too many failures; `ahead` bodies at most are under image work."""
        working: set[asyncio.Task[None]] = set()
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(_cancel, working)
            await stack.enter_async_context(contextlib.aclosing(answers))
            async for answer in answers:
                if answer.status != OK:
                    self._add(of_answer(answer), b"")
                else:
                    working.add(asyncio.create_task(self._work(answer)))
                if self._outage:
                    break
                if len(working) >= ahead:
                    await _first_done(working)
            while working:
                await _first_done(working)
        self._end()

    async def _work(self, answer: Answer) -> None:
        prepared = await self._workers.prepare(answer.body)
        self._add(with_work(of_answer(answer), prepared, len(answer.body), DECODER), prepared.work.data)

    def _add(self, outcome: Outcome, data: bytes) -> None:
        first = self._waiting.pop(outcome.url, None)
        if first is None:
            raise CountError(f"{self._where}: {outcome.url} was answered and not asked for, or answered twice")
        self._journal.add(outcome, data)
        self._progress.add(outcome.status)
        self._outage = self._guard.add(outcome, first) or self._outage

    def _end(self) -> None:
        self._progress.say()
        if self._outage or (not self._waiting and self._guard.outage()):
            self._journal.mark_outage()
            raise self._guard.error(self._where)
        if self._waiting:
            example = min(self._waiting)
            raise CountError(f"{self._where}: {len(self._waiting)} URLs got no answer, such as {example}; run again")


async def _first_done(working: set[asyncio.Task[None]]) -> None:
    """Wait for one task at least, take those that are done out, and raise what they raised."""
    done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
    working -= done
    for task in done:
        task.result()


async def _cancel(working: set[asyncio.Task[None]]) -> None:
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
