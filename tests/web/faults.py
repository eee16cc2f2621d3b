"""What the server of the tests does at which path. A behaviour is a coroutine that answers one exchange."""

import asyncio
import gzip
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

from tests.web import pictures

Headers = list[tuple[str, str]]
REASONS = {200: "OK", 204: "No Content", 302: "Found", 404: "Not Found", 429: "Too Many Requests", 503: "Unavailable"}
# Longer than any test waits; the end of the server ends it.
FOREVER = 600.0


@dataclass
class Exchange:
    """One request and the means to answer it. `number` counts the requests of this path from 1."""

    path: str
    number: int
    headers: dict[str, str]
    writer: asyncio.StreamWriter
    keep: bool = field(default=True)

    async def send(
        self, code: int, body: bytes = b"", headers: Headers | None = None, length: int | None = None
    ) -> None:
        """Send an answer; `length` states another one than is true, -1 states none and closes the connection."""
        lines = [
            f"HTTP/1.1 {code} {REASONS.get(code, 'Status')}",
            *(f"{name}: {value}" for name, value in headers or []),
        ]
        if length == -1:
            self.keep = False
        else:
            lines.append(f"Content-Length: {len(body) if length is None else length}")
        if not self.keep:
            lines.append("Connection: close")
        self.writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        await self.writer.drain()

    async def image(self, body: bytes, kind: str = "image/jpeg", headers: Headers | None = None) -> None:
        """Send a picture."""
        await self.send(200, body, [("Content-Type", kind), *(headers or [])])

    async def redirect(self, location: str) -> None:
        """Send the caller elsewhere."""
        await self.send(302, b"moved", [("Location", location)])

    def reset(self) -> None:
        """End the connection the hard way."""
        self.keep = False
        found = self.writer.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]


def picture(make: Callable[[], bytes], kind: str) -> Behaviour:
    """Always the same picture, made when it is asked for first."""
    made = cache(make)

    async def behave(exchange: Exchange) -> None:
        await exchange.image(made(), kind)

    return behave


def status(code: int, headers: Headers | None = None) -> Behaviour:
    """Always this code."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(code, b"" if code in (204, 304) else f"status {code}".encode(), headers)

    return behave


def first(times: int, behaviour: Behaviour) -> Behaviour:
    """Another behaviour for the first so many requests, then a picture."""

    async def behave(exchange: Exchange) -> None:
        await (behaviour(exchange) if exchange.number <= times else exchange.image(pictures.jpeg()))

    return behave


def with_headers(*headers: tuple[str, str]) -> Behaviour:
    """A picture with further headers."""

    async def behave(exchange: Exchange) -> None:
        await exchange.image(pictures.jpeg(), headers=list(headers))

    return behave


def body(content: bytes, kind: str, headers: Headers | None = None) -> Behaviour:
    """This content."""

    async def behave(exchange: Exchange) -> None:
        await exchange.image(content, kind, headers)

    return behave


def location(target: str) -> Behaviour:
    """A redirect."""

    async def behave(exchange: Exchange) -> None:
        await exchange.redirect(target)

    return behave


async def chain(exchange: Exchange) -> None:
    """`/chain/3` leads to `/chain/2` and so on to a picture at `/chain/0`."""
    left = int(exchange.path.rsplit("/", 1)[1])
    await (exchange.redirect(f"/chain/{left - 1}") if left else exchange.image(pictures.jpeg()))


async def late_date(exchange: Exchange) -> None:
    """Throttles the first request until a date two seconds from now."""
    if exchange.number > 1:
        await exchange.image(pictures.jpeg())
        return
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    await exchange.send(429, b"", [("Retry-After", until)])


async def silence(exchange: Exchange) -> None:
    """Never answers."""
    exchange.keep = False
    await asyncio.sleep(FOREVER)


async def stall(exchange: Exchange) -> None:
    """Sends half a picture and then nothing."""
    content = pictures.jpeg()
    await exchange.send(200, content[:100], [("Content-Type", "image/jpeg")], length=len(content))
    await silence(exchange)


async def drip(exchange: Exchange) -> None:
    """Sends a byte now and then, for ever: no single wait is long."""
    await exchange.send(200, b"", [("Content-Type", "image/jpeg")], length=1_000_000)
    exchange.keep = False
    for _ in range(int(FOREVER / 0.05)):
        exchange.writer.write(b"x")
        await exchange.writer.drain()
        await asyncio.sleep(0.05)


async def reset_at_once(exchange: Exchange) -> None:
    """Resets the connection before any answer."""
    exchange.reset()


async def reset_midway(exchange: Exchange) -> None:
    """Resets the connection in the body."""
    content = pictures.jpeg()
    await exchange.send(200, content[:100], [("Content-Type", "image/jpeg")], length=len(content))
    await asyncio.sleep(0.02)
    exchange.reset()


async def short(exchange: Exchange) -> None:
    """States more bytes than come."""
    content = pictures.jpeg()
    exchange.keep = False
    await exchange.send(200, content, [("Content-Type", "image/jpeg")], length=len(content) + 500)


async def long(exchange: Exchange) -> None:
    """States fewer bytes than come."""
    content = pictures.jpeg()
    exchange.keep = False
    await exchange.send(200, content, [("Content-Type", "image/jpeg")], length=len(content) - 300)


async def unstated(exchange: Exchange) -> None:
    """States no length; the end of the connection is the end of the picture."""
    await exchange.send(200, pictures.jpeg(), [("Content-Type", "image/jpeg")], length=-1)


async def chunked(exchange: Exchange) -> None:
    """Sends a picture in chunks; at `/chunked-torn.jpg` the last chunk is missing."""
    content = pictures.jpeg()
    torn = "torn" in exchange.path
    exchange.keep = not torn
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [content[start : start + 700] for start in range(0, len(content), 700)]
    sent = pieces[:1] if torn else [*pieces, b""]
    exchange.writer.write(head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in sent))
    await exchange.writer.drain()


async def huge(exchange: Exchange) -> None:
    """Streams 64 MB; `/huge-unstated.jpg` does not say so beforehand."""
    size = 64 << 20
    await exchange.send(200, b"", [("Content-Type", "image/jpeg")], length=-1 if "unstated" in exchange.path else size)
    for _ in range(size >> 16):
        exchange.writer.write(bytes(1 << 16))
        await exchange.writer.drain()


async def gibberish(exchange: Exchange) -> None:
    """Does not speak HTTP."""
    exchange.keep = False
    exchange.writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    await exchange.writer.drain()


async def echo_code(exchange: Exchange) -> None:
    """`/status/410` answers 410."""
    await status(int(exchange.path.rsplit("/", 1)[1]))(exchange)


RETRY_1 = [("Retry-After", "1")]
HTML = b"<!DOCTYPE html><html><body>This image is no longer available.</body></html>"
PACKED = [("Content-Encoding", "gzip")]

BEHAVIOURS: dict[str, Behaviour] = {
    "/ok.jpg": picture(pictures.jpeg, "image/jpeg"),
    "/ok.png": picture(pictures.png, "image/png"),
    "/ok.webp": picture(pictures.webp, "image/webp"),
    "/ok.gif": picture(pictures.gif, "image/gif"),
    "/grey.jpg": picture(pictures.grey, "image/jpeg"),
    "/cmyk.jpg": picture(pictures.cmyk, "image/jpeg"),
    "/palette.png": picture(pictures.palette, "image/png"),
    "/rgba.png": picture(pictures.rgba, "image/png"),
    "/sixteen.png": picture(pictures.sixteen_bit_png, "image/png"),
    "/sixteen.tiff": picture(pictures.sixteen_bit_tiff, "image/tiff"),
    "/animated.gif": picture(pictures.animated_gif, "image/gif"),
    "/animated.webp": picture(pictures.animated_webp, "image/webp"),
    "/rotated.jpg": picture(pictures.rotated, "image/jpeg"),
    "/truncated.jpg": picture(pictures.truncated, "image/jpeg"),
    "/bomb.png": picture(pictures.bomb, "image/png"),
    "/pixel.png": picture(pictures.pixel, "image/png"),
    "/small.jpg": picture(lambda: pictures.jpeg(40, 24, seed=5), "image/jpeg"),
    "/large.jpg": picture(lambda: pictures.jpeg(1200, 800, seed=6), "image/jpeg"),
    "/empty.jpg": body(b"", "image/jpeg"),
    "/page.jpg": body(HTML, "text/html"),
    "/404.jpg": status(404),
    "/410.jpg": status(410),
    "/403.jpg": status(403),
    "/500.jpg": status(500),
    "/500-once.jpg": first(1, status(500)),
    "/503-rest.jpg": first(1, status(503, RETRY_1)),
    "/429.jpg": status(429),
    "/429-once.jpg": first(1, status(429)),
    "/429-rest.jpg": first(1, status(429, RETRY_1)),
    "/429-twice.jpg": first(2, status(429, [("Retry-After", "0")])),
    "/429-date.jpg": late_date,
    "/429-day.jpg": status(429, [("Retry-After", "86400")]),
    "/silence.jpg": silence,
    "/silence-once.jpg": first(1, silence),
    "/stall.jpg": stall,
    "/drip.jpg": drip,
    "/reset.jpg": reset_at_once,
    "/reset-once.jpg": first(1, reset_at_once),
    "/reset-midway.jpg": reset_midway,
    "/short.jpg": short,
    "/long.jpg": long,
    "/unstated.jpg": unstated,
    "/chunked.jpg": chunked,
    "/chunked-torn.jpg": chunked,
    "/huge.jpg": huge,
    "/huge-unstated.jpg": huge,
    "/gibberish.jpg": gibberish,
    "/gzip.jpg": body(gzip.compress(pictures.jpeg(), mtime=0), "image/jpeg", PACKED),
    "/gzip-torn.jpg": body(gzip.compress(pictures.jpeg(), mtime=0)[:-50], "image/jpeg", PACKED),
    "/gzip-bomb.jpg": body(gzip.compress(bytes(64 << 20), mtime=0), "image/jpeg", PACKED),
    "/brotli.jpg": body(b"\x0b\x02\x80hello\x03", "image/jpeg", [("Content-Encoding", "br")]),
    "/loop.jpg": location("/loop.jpg"),
    "/moved.jpg": location("/ok.jpg"),
    "/moved-private.jpg": location("http://127.0.0.2:9/ok.jpg"),
    "/moved-odd.jpg": location("http://0x7f.2:9/ok.jpg"),
    "/moved-file.jpg": location("file:///etc/passwd"),
    "/moved-nowhere.jpg": location("http://a b/"),
    "/moved-removed.jpg": location("/removed.png"),
    "/removed.png": picture(pictures.pixel, "image/png"),
    "/opt-out.jpg": with_headers(("X-Robots-Tag", "noai")),
    "/opt-out-upper.jpg": with_headers(("X-ROBOTS-TAG", "NoImageAI")),
    "/opt-out-listed.jpg": with_headers(("X-Robots-Tag", "nofollow, noindex")),
    "/opt-out-lines.jpg": with_headers(("X-Robots-Tag", "nofollow"), ("X-Robots-Tag", "noimageindex")),
    "/opt-out-ours.jpg": with_headers(("X-Robots-Tag", "datalines: noai")),
    "/opt-out-others.jpg": with_headers(("X-Robots-Tag", "otherbot: noai, noindex")),
}
FAMILIES: dict[str, Behaviour] = {"/chain/": chain, "/status/": echo_code}


def behaviour_of(path: str) -> Behaviour | None:
    """What happens at a path, None if nothing is known of it."""
    family = next((found for start, found in FAMILIES.items() if path.startswith(start)), None)
    return BEHAVIOURS.get(path, family)
