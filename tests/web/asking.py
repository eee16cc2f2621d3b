"""How the tests ask the server: an impatient policy, and all answers of one crawl."""

import asyncio
import socket
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from datalines.fetch import resolver
from datalines.fetch.crawl import Answer, Request, crawl
from datalines.fetch.policy import Host, Policy

IMPATIENT = Policy(
    user_agent="datalines/0.1 (+mailto:tests@example.org)",
    concurrency=32,
    connect=2.0,
    read=0.6,
    total=1.5,
    connect_tries=2,
    http_tries=3,
    backoff_base=0.05,
    backoff_cap=0.2,
    host=Host(concurrency=32),
    max_bytes=1 << 20,
    removed=("/removed.png",),
    allow_private=True,
    retry_after_cap=5.0,
)


def impatient(**changes: Any) -> Policy:
    """A policy for the server of the tests: short waits, private addresses allowed."""
    return replace(IMPATIENT, **changes)


async def gather(requests: Iterable[Request], policy: Policy) -> list[Answer]:
    """All answers, in the order in which they came."""
    return [answer async for answer in crawl(requests, policy)]


def ask(urls: Iterable[str], policy: Policy = IMPATIENT) -> list[Answer]:
    """All answers of a crawl over these URLs, in the order in which they came. A minute at most."""
    return asyncio.run(asyncio.wait_for(gather([Request(url) for url in urls], policy), 60))


def stand_in_names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the system's lookup finds from now on: {name: addresses}, to be filled; other names are unknown."""
    known: dict[str, list[str]] = {}

    def find(host: bytes, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host.decode() not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known[host.decode()]]

    monkeypatch.setattr(resolver.socket, "getaddrinfo", find)
    return known
