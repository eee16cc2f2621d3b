"""Receives one large file from the network into a partial file, going on where an earlier try ended."""

import asyncio
import logging
import re
import time
from datetime import UTC, datetime

import aiohttp
from yarl import URL

from datalines.errors import FetchError
from datalines.fetch import statuses
from datalines.fetch.answers import OK, Request
from datalines.fetch.client import REDIRECT, Client, Hop
from datalines.fetch.failures import failure
from datalines.fetch.headers import retry_after
from datalines.fetch.hosts import backoff
from datalines.fetch.partial import Partial
from datalines.fetch.policy import Policy
from datalines.fetch.resolver import Resolver
from datalines.fetch.secrets import redacted
from datalines.fetch.tries import Job, aim, judge

PIECE = 1 << 20
PROGRESS_SECONDS = 10.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
RANGE = re.compile(r"^bytes (\d+)-\d+/(\d+|\*)$")

log = logging.getLogger(__name__)


class UnreachableError(FetchError):
    """The network did not give the file."""


async def receive(url: str, size: int | None, partial: Partial, policy: Policy) -> None:
    """Receive the file of a canonical URL; `size` is the declared number of bytes.

    Redirects, tries and waits are those of `crawl`, with the same checks of every address; a try that brought bytes
    does not count against the budget. There is no bound on the whole time, only on the wait for the next bytes.
    Raises UnreachableError with the status and message of the last try, FetchError if the size is another.
    """
    resolver = Resolver(policy.lookups, policy.allow_private)
    client = FileClient(policy, resolver)
    job = Job(Request(url))
    try:
        verdict = aim(job, url, policy)
        while not verdict.status:
            before = partial.size
            hop = await client.save(job.url, size, partial)
            if hop.status in statuses.RETRYABLE and partial.size > before:
                job.connect_failures = job.http_failures = 0
            verdict = judge(job, hop, policy)
            if verdict.failures:
                wait = hop.wait if hop.wait is not None else backoff(policy, job.host, verdict.failures)
                log.info("%s: %s (%s); next try in %.1f s", redacted(url), hop.status, hop.message, wait)
                await asyncio.sleep(wait)
    finally:
        await client.close()
        await resolver.close()
    if verdict.status != OK:
        reason = f" ({verdict.message})" if verdict.message else ""
        raise UnreachableError(f"{redacted(url)} could not be fetched: {verdict.status}{reason}")


class FileClient(Client):
    """A client whose answers go to a file, piece by piece."""

    async def save(self, url: str, size: int | None, partial: Partial) -> Hop:
        """Ask once for what is missing of the file, and append what comes."""
        policy = self._policy
        timeout = aiohttp.ClientTimeout(connect=policy.connect, sock_connect=policy.connect, sock_read=policy.read)
        headers = {"Accept": "*/*"}
        if partial.size:
            headers |= {"Range": f"bytes={partial.size}-", "If-Range": partial.version}
        try:
            async with self._session.get(
                URL(url, encoded=True), allow_redirects=False, timeout=timeout, headers=headers
            ) as response:
                hop = self._head(response, size, partial)
                if hop.status == OK:
                    await _copy(response, size, partial)
                return hop
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Hop(*failure(error, policy))

    def _head(self, response: aiohttp.ClientResponse, size: int | None, partial: Partial) -> Hop:
        """What the answer's head means; where it is `ok`, `partial` stands where the body begins."""
        code, headers = response.status, response.headers
        wait = retry_after(headers.get("Retry-After"), datetime.now(UTC))
        if code in REDIRECTS and "Location" in headers:
            return Hop(REDIRECT, "", code, location=headers["Location"])
        if code == 429:
            return Hop(statuses.THROTTLED, "too many requests (429)", code, wait=wait)
        if code == 416 or (code == 206 and not _continues(headers.get("Content-Range", ""), partial)):
            partial.restart()
            return Hop(statuses.CONNECTION_LOST, "the server cannot go on where the file ends", code)
        if code not in (200, 206):
            return Hop(statuses.http_status(code), response.reason or "", code, wait=wait)
        if code == 200:
            # A weak ETag does not promise equal bytes (RFC 9110, section 8.8.1).
            etag = headers.get("ETag", "")
            partial.restart(headers.get("Last-Modified", "") if etag.startswith("W/") or not etag else etag)
        announced = response.content_length
        if size is not None and announced is not None and partial.size + announced != size:
            raise FetchError(
                f"{redacted(str(response.url))} has {partial.size + announced} bytes, and {size} are declared; "
                "correct the declaration if the file was changed there"
            )
        return Hop(OK, "", code)


async def _copy(response: aiohttp.ClientResponse, size: int | None, partial: Partial) -> None:
    shown = time.monotonic()
    total = None if response.content_length is None else partial.size + response.content_length
    try:
        async for piece in response.content.iter_chunked(PIECE):
            partial.write(piece)
            if size is not None and partial.size > size:
                partial.restart()
                raise FetchError(f"{redacted(str(response.url))} has more bytes than the {size} that are declared")
            if time.monotonic() - shown > PROGRESS_SECONDS:
                shown = time.monotonic()
                share = f", {partial.size / total:.0%}" if total else ""
                log.info("%s: %d MB%s", redacted(str(response.url)), partial.size // 1_000_000, share)
    finally:
        partial.flush()


def _continues(content_range: str, partial: Partial) -> bool:
    """Whether a Content-Range begins where the partial file ends."""
    found = RANGE.match(content_range)
    return found is not None and int(found[1]) == partial.size
