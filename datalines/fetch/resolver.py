"""Looks names up, keeps what was found for a while, and hands over only addresses that may be connected to."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver, ResolveResult

from datalines.fetch.addresses import is_public, literal_ip

FOUND_SECONDS = 300.0
FAILED_SECONDS = 2.0
CACHE_SIZE = 20_000
_SIGNS = {
    socket.EAI_AGAIN: "temporary failure in name resolution",
    socket.EAI_NONAME: "unknown name",
    socket.EAI_NODATA: "name without an address",
    socket.EAI_FAIL: "the name server failed",
}


class UnresolvedError(OSError):
    """A name for which the system's lookup found no address."""


class RefusedAddressError(OSError):
    """A name or a socket whose addresses are all private, local, or reserved."""


@dataclass(frozen=True)
class _Entry:
    addresses: tuple[str, ...]
    failure: OSError | None
    until: float


class Resolver(AbstractResolver):
    """The system's lookup in at most `lookups` threads, one at a time for a name, with a bounded cache.

    `resolve` is what the connections are made from: they go to exactly the addresses that were checked here, so a
    name that points elsewhere a moment later leads nowhere else. A name with public and private addresses is
    connected to by its public ones.
    """

    def __init__(self, lookups: int, allow_private: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._allow_private = allow_private
        self._clock = clock
        self._threads = ThreadPoolExecutor(lookups, thread_name_prefix="lookup")
        self._entries: dict[str, _Entry] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def is_fresh(self, host: str) -> bool:
        """Whether a connection to a canonical host can be tried without a lookup."""
        entry = self._entries.get(host)
        return literal_ip(host) is not None or (entry is not None and self._clock() < entry.until)

    async def look_up(self, host: str) -> None:
        """Look a name up unless that is under way already; what comes of it is kept, failures for a short while."""
        task = self._running.get(host)
        if task is None:
            task = asyncio.ensure_future(self._look_up(host))
            self._running[host] = task
            task.add_done_callback(lambda _: self._running.pop(host, None))
        await asyncio.shield(task)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises UnresolvedError or RefusedAddressError, both of them OSError."""
        if host not in self._entries:
            await self.look_up(host)
        entry = self._entries[host]
        if entry.failure is not None:
            raise type(entry.failure)(*entry.failure.args)
        return [_result(host, address, port) for address in entry.addresses]

    async def close(self) -> None:
        """Stop; lookups that the system is still at are left to end by themselves."""
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _look_up(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        addresses: tuple[str, ...] = ()
        failure: OSError | None = None
        try:
            found = await loop.run_in_executor(self._threads, system_lookup, host)
            addresses = self._allowed(host, found)
        except OSError as error:
            failure = error
        seconds = FOUND_SECONDS if failure is None else FAILED_SECONDS
        if len(self._entries) >= CACHE_SIZE:
            self._forget()
        self._entries[host] = _Entry(addresses, failure, self._clock() + seconds)

    def _allowed(self, host: str, found: list[str]) -> tuple[str, ...]:
        allowed = [address for address in found if self._allow_private or is_public(address)]
        if found and not allowed:
            raise RefusedAddressError(f"{host} is {', '.join(found[:4])}, which is not a public address")
        return tuple(dict.fromkeys(allowed))

    def _forget(self) -> None:
        """Make room: the older half of the entries goes."""
        for host in list(self._entries)[: CACHE_SIZE // 2]:
            del self._entries[host]


def system_lookup(host: str) -> list[str]:
    """All addresses of a name as the system knows them, in its order. Raises UnresolvedError."""
    try:
        found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except socket.gaierror as error:
        raise UnresolvedError(error.errno, f"{host}: {_SIGNS.get(error.errno or 0, error.strerror)}") from error
    except UnicodeError as error:
        raise UnresolvedError(socket.EAI_NONAME, f"{host}: unknown name ({error})") from error
    return [str(sockaddr[0]) for *_, sockaddr in found]


def checked_socket(family: int, kind: int, proto: int, address: str, allow_private: bool) -> socket.socket:
    """A socket for a connection to `address`: the last check, of the very address that is connected to.

    Raises RefusedAddressError.
    """
    if not allow_private and not is_public(address):
        raise RefusedAddressError(f"{address} is not a public address")
    return socket.socket(family, kind, proto)


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
