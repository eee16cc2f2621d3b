"""A web server on this machine that misbehaves on demand, counts its requests, and can serve a folder fast.

    with serve() as site:
        site.url("/ok.jpg")              # the paths are in tests/web/faults.py
        site.break_("/ok.jpg", 404)      # from now on; site.mend("/ok.jpg") undoes it
        site.count("/ok.jpg")

`python -m tests.web.server --folder IMAGES` serves until its standard input ends; the first line it writes is the port.
"""

import argparse
import asyncio
import contextlib
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.web import faults
from tests.web.faults import Behaviour, Exchange

KINDS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}


@dataclass(frozen=True)
class Seen:
    """A request that came: its path without the query, its target as sent, when (monotonic seconds), its headers."""

    path: str
    target: str
    time: float
    headers: dict[str, str]


class Site:
    """The server. It runs in a thread of its own and may be asked and changed from any other."""

    def __init__(self, folder: Path | None = None, tls: ssl.SSLContext | None = None, record: bool = True) -> None:
        self.port = 0
        self.requests: list[Seen] = []
        self._folder = folder.resolve() if folder else None
        self._tls = tls
        self._record = record
        self._counts: Counter[str] = Counter()
        self._broken: dict[str, Behaviour] = {}
        self._served: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._connections: set[asyncio.Task[None]] = set()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The URL of a path."""
        return f"http{'s' if self._tls else ''}://{host}:{self.port}{path}"

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        with self._lock:
            return self._counts[path]

    def total(self) -> int:
        """How many requests came in all."""
        with self._lock:
            return self._counts.total()

    def times(self, path: str) -> list[float]:
        """When a path was asked for, in monotonic seconds."""
        with self._lock:
            return [seen.time for seen in self.requests if seen.path == path]

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self._counts.clear()
            self.requests.clear()

    def break_(self, path: str, how: int | str | Behaviour) -> None:
        """From now on answer `path` with a code, or as another path does (`"/silence.jpg"`), or by a behaviour."""
        known = faults.behaviour_of(how) if isinstance(how, str) else None
        if isinstance(how, str) and known is None:
            raise ValueError(f"{how} is no path of tests/web/faults.py")
        found = known or (faults.status(how) if isinstance(how, int) else how)
        with self._lock:
            self._broken[path] = found  # type: ignore[assignment]

    def put(self, path: str, body: bytes, kind: str = "image/jpeg") -> str:
        """Serve these bytes at `path`; returns the URL."""
        self.break_(path, faults.body(body, kind))
        return self.url(path)

    def mend(self, path: str) -> None:
        """Undo `break_` and `put`."""
        with self._lock:
            self._broken.pop(path, None)

    async def run(self, started: threading.Event, stop: asyncio.Event, port: int = 0) -> None:
        """Serve until `stop`."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", port, ssl=self._tls, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            keep = True
            while keep:
                exchange = self._exchange(await reader.readuntil(b"\r\n\r\n"), writer)
                await self._behaviour(exchange)(exchange)
                keep = exchange.keep
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            pass  # the caller went away, as callers do
        finally:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                writer.close()

    def _exchange(self, head: bytes, writer: asyncio.StreamWriter) -> Exchange:
        first, *lines = head.decode("latin-1").split("\r\n")
        target = first.split(" ")[1]
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        path = unquote(urlsplit(target).path)
        with self._lock:
            self._counts[path] += 1
            number = self._counts[path]
            if self._record:
                self.requests.append(Seen(path, target, time.monotonic(), headers))
        return Exchange(path, number, headers, writer, headers.get("connection", "").lower() != "close")

    def _behaviour(self, exchange: Exchange) -> Behaviour:
        with self._lock:
            broken = self._broken.get(exchange.path)
        return broken or self._file(exchange.path) or faults.behaviour_of(exchange.path) or faults.status(404)

    def _file(self, path: str) -> Behaviour | None:
        """A file of the folder, kept in memory once it was read."""
        if self._folder is None:
            return None
        content = self._served.get(path)
        if content is None:
            file = (self._folder / path.lstrip("/")).resolve()
            if not file.is_relative_to(self._folder) or not file.is_file():
                return None
            content = self._served[path] = file.read_bytes()
        return faults.body(content, KINDS.get(Path(path).suffix.lower(), "application/octet-stream"))


@contextlib.contextmanager
def serve(
    folder: Path | None = None, tls: ssl.SSLContext | None = None, record: bool = True, port: int = 0
) -> Iterator[Site]:
    """A running server; with a `folder`, its files come before the paths of tests/web/faults.py.

    `record=False` counts requests but does not keep them, for long runs.
    """
    site = Site(folder, tls, record)
    loop = asyncio.new_event_loop()
    started, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(site.run(started, stop, port),), daemon=True)
    thread.start()
    try:
        if not started.wait(10):
            raise RuntimeError("the server did not start within 10 s")
        yield site
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.web.server", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="port (default: a free one)")
    parser.add_argument("--folder", type=Path, help="folder to serve beside the built-in paths")
    given = parser.parse_args()
    with serve(given.folder, record=False, port=given.port) as site:
        sys.stdout.write(f"{site.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
