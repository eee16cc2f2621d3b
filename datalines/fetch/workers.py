"""Processes that turn fetched bytes into what is stored, so that decoding neither delays the network nor ends the job.

A process has one image in hand at a time. An image that ends two processes, as a flaw in a decoder lets it, is an
undecodable image; a new process takes their place. When the job is killed, its processes find their socket closed and
end.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from datalines.errors import FetchError
from datalines.fetch.images import Prepared, Work, prepare
from datalines.fetch.statuses import UNDECODABLE_IMAGE
from datalines.pools.base import OK

PROGRAM = "datalines.fetch.workers"
ROOT = Path(__file__).parents[2]
# Sent: the length of a body, and the body. Answered: lengths of a description (JSON) and of the image, and both.
QUESTION, REPLY = struct.Struct("!Q"), struct.Struct("!QQ")
READY = b"."
SOCKET_BUFFER = 1 << 20


class Workers:
    """`processes` processes that work by the resolved `image` section of a pool. Use as a context."""

    def __init__(self, image: dict[str, Any], processes: int) -> None:
        self._all = [_Worker(json.dumps(image)) for _ in range(max(1, processes))]
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        for worker in self._all:
            self._idle.put_nowait(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._all:
            worker.end()

    async def prepare(self, body: bytes) -> Prepared:
        """What is stored of the bytes, with the digests."""
        worker = await self._idle.get()
        message = ""
        prepared = None
        for _ in range(2):  # the first end may have been the system's doing, for want of memory
            try:
                prepared = await worker.ask(body)
                break
            except (ConnectionError, EOFError):
                message = f"the process that decoded it ended with status {worker.restart()}"
        self._idle.put_nowait(worker)  # not after a cancellation: an answer may still be on its way
        return prepared or Prepared(Work(UNDECODABLE_IMAGE, message), hashlib.sha256(body).hexdigest(), "")


class _Worker:
    """One process and the socket to it."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._start()

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        for end in (self._socket, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        self._socket.setblocking(False)
        self._ready = False
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM, self._image],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )

    async def ask(self, body: bytes) -> Prepared:
        """Have one body prepared. Raises ConnectionError or EOFError if the process ends over it."""
        await self._begun()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._socket, QUESTION.pack(len(body)) + body)
        described, length = REPLY.unpack(await self._receive(REPLY.size))
        content = json.loads(await self._receive(described))
        prepared = Prepared(Work(**content.pop("work")), **content)
        data = body if prepared.work.status == OK and not length else bytes(await self._receive(length))
        return replace(prepared, work=replace(prepared.work, data=data))

    async def _begun(self) -> None:
        """Wait for the process's first sign. Raises FetchError without one: that is no image's fault."""
        if self._ready:
            return
        try:
            await self._receive(len(READY))
        except (ConnectionError, EOFError):
            text = "an image process ended before its first image; what it said stands above"
            raise FetchError(f"{text}; repair the environment, then run the same command") from None
        self._ready = True

    async def _receive(self, length: int) -> bytearray:
        loop = asyncio.get_running_loop()
        data = bytearray(length)
        view = memoryview(data)
        while view:
            count = await loop.sock_recv_into(self._socket, view)
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def restart(self) -> int:
        """Begin with a new process; returns the status with which the old one ended."""
        self.end()
        status = self._process.returncode
        self._start()
        return status

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._socket.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def serve(image: dict[str, Any]) -> None:
    """Prepare what comes through the socket that standard input is, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the job is told, and closes the socket
    # A socket that is reset and not closed, as when the job ends before its first image, is an end as well.
    with contextlib.suppress(ConnectionError), socket.socket(fileno=0) as connection:
        connection.sendall(READY)
        with connection.makefile("rb") as questions:
            while len(head := questions.read(QUESTION.size)) == QUESTION.size:
                (length,) = QUESTION.unpack(head)
                body = questions.read(length)
                if len(body) < length:
                    break
                connection.sendall(_reply(prepare(body, image), body))


def _reply(prepared: Prepared, body: bytes) -> bytes:
    """A description and the image; an image that is stored as it came is not sent back."""
    data = b"" if prepared.work.data is body else prepared.work.data
    content = {**vars(prepared), "work": {**vars(prepared.work), "data": None}}
    described = json.dumps(content).encode()
    return REPLY.pack(len(described), len(data)) + described + data


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
