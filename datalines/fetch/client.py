"""One request and what came of it: redirects are reported, not followed, and every failure has its status."""

import asyncio
import contextlib
import socket
import ssl
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from datalines.fetch import statuses
from datalines.fetch.answers import OK
from datalines.fetch.failures import failure
from datalines.fetch.headers import Body, TooLargeError, opted_out, retry_after
from datalines.fetch.policy import Policy
from datalines.fetch.resolver import Resolver, checked_socket

REDIRECT = "redirect"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ASKING_TO_WAIT = frozenset({429, 503})
# Shorter than servers keep idle connections open, so that none is closed just as it is used again.
_IDLE_SECONDS = 4.0
_MAX_HEADER = 1 << 15
_MAX_DRAINED = 1 << 16


@dataclass(frozen=True)
class Hop:
    """The outcome of one request: `ok`, `redirect` (to `location`), or a status of datalines.fetch.statuses.

    `wait` are the seconds for which a 429 or 503 asks in its Retry-After.
    """

    status: str
    message: str = ""
    http_status: int = 0
    content_type: str = ""
    body: bytes = b""
    location: str = ""
    wait: float | None = None


class Client:
    """One session for all requests of a crawl: no proxies, no cookies, no compression asked for, own name lookup."""

    def __init__(self, policy: Policy, resolver: Resolver) -> None:
        self._policy = policy
        connector = aiohttp.TCPConnector(
            limit=0,
            use_dns_cache=False,
            resolver=resolver,
            socket_factory=self._socket,
            keepalive_timeout=_IDLE_SECONDS,
            ssl=ssl.create_default_context(),
        )
        self._connector = connector
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": policy.user_agent, "Accept": "image/*", "Accept-Encoding": "identity"},
            auto_decompress=False,
            requote_redirect_url=False,
            trust_env=False,
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
        )
        # Sending a request again is decided, counted and paced by the crawl; aiohttp has no public switch for its own.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close all connections."""
        await self._connector.close(abort_ssl=True)
        await self._session.close()

    async def ask(self, url: str, seconds: float, last: bool) -> Hop:
        """Ask for one canonical URL, in `seconds` at most. `last`: nothing else waits for this host, so the connection
        need not stay open. Raises FetchError only where this machine, and no host, is at fault."""
        policy = self._policy
        timeout = aiohttp.ClientTimeout(
            total=max(seconds, 0.001), connect=policy.connect, sock_connect=policy.connect, sock_read=policy.read
        )
        headers = {"Connection": "close"} if last else {}
        try:
            async with self._session.get(
                URL(url, encoded=True), allow_redirects=False, timeout=timeout, headers=headers
            ) as response:
                return await self._read(response)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, zlib.error) as error:
            return Hop(*failure(error, policy))

    async def _read(self, response: aiohttp.ClientResponse) -> Hop:
        code = response.status
        kind = _text(response.headers.get("Content-Type", ""))
        wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC)) if code in _ASKING_TO_WAIT else None
        robots = response.headers.getall(self._policy.opt_out_header, [])
        token = opted_out(robots, self._policy.opt_out_tokens, self._policy.user_agent)
        location = response.headers.get("Location", "") if code in _REDIRECTS else ""
        if code < 400 and token:
            return Hop(statuses.OPT_OUT, f"{self._policy.opt_out_header}: {token}", code, kind)
        if location:
            await _drain(response)
            return Hop(REDIRECT, "", code, kind, location=location)
        if code == 429:
            await _drain(response)
            return Hop(statuses.THROTTLED, "too many requests (429)", code, kind, wait=wait)
        if not 200 <= code < 300 or code == 206:
            await _drain(response)
            return Hop(statuses.http_status(code), _text(response.reason or ""), code, kind, wait=wait)
        return await self._content(response, kind)

    async def _content(self, response: aiohttp.ClientResponse, kind: str) -> Hop:
        code, limit = response.status, self._policy.max_bytes
        if (response.content_length or 0) > limit:
            return Hop(statuses.TOO_LARGE, f"{response.content_length} bytes, more than {limit}", code, kind)
        try:
            body = Body(response.headers.get("Content-Encoding", ""), limit)
        except ValueError as error:
            return Hop(statuses.NOT_AN_IMAGE, str(error), code, kind)
        try:
            async for piece in response.content.iter_any():
                body.add(piece)
            content = body.content()
        except TooLargeError:
            return Hop(statuses.TOO_LARGE, f"more than {limit} bytes", code, kind)
        except (aiohttp.ClientError, OSError, TimeoutError, zlib.error) as error:
            return Hop(*failure(error, self._policy), code, kind)
        return Hop(OK if content else statuses.EMPTY_BODY, "", code, kind, content)

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, address = info
        return checked_socket(family, kind, proto, str(address[0]), self._policy.allow_private)


def host_of(url: str) -> str:
    """The host of a canonical URL, an IPv6 address without brackets."""
    return urlsplit(url).hostname or ""


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read the rest of a small body that nobody wants, so that its connection can be used again."""
    if (response.content_length or _MAX_DRAINED) < _MAX_DRAINED:
        with contextlib.suppress(aiohttp.ClientError, OSError, asyncio.TimeoutError):
            await response.read()


def _text(value: str) -> str:
    """A header as text that can be stored: bytes that are not UTF-8, which arrive as surrogates, are replaced."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")[:200]
