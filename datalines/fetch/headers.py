"""What the headers of an answer say: whether images may be used, how long to wait, how the body is packed."""

import re
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Directives of X-Robots-Tag that carry a value after a colon: they are no names of robots.
_VALUED = {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
_PRODUCT = re.compile(r"^[^/\s()]+")
_ZLIB_OR_GZIP = 47


class TooLargeError(Exception):
    """A body beyond the limit."""


def opted_out(lines: Iterable[str], tokens: frozenset[str], user_agent: str) -> str | None:
    """The first token by which a host opts out of this use, from the lines of its robots header; None without one.

    A token counts if it stands alone or behind the name of our robot (`datalines: noai`), which is the product name
    of the User-Agent; behind another robot's name it does not. `none` means `noindex, nofollow`. Case is ignored.
    """
    found = _PRODUCT.match(user_agent)
    ours = {"*", found.group().lower() if found else ""}
    for line in lines:
        applies = True
        for piece in line.lower().split(","):
            name, colon, rest = piece.partition(":")
            if colon and name.strip() not in _VALUED:
                applies = name.strip() in ours
                piece = rest
            token = piece.strip()
            if applies and (token in tokens or (token == "none" and "noindex" in tokens)):
                return token
    return None


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks to wait (RFC 9110, section 10.2.3); None if there is none to read."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


class Body:
    """Gathers a body piece by piece, unpacked, and never more of it than `limit` bytes."""

    def __init__(self, encoding: str, limit: int) -> None:
        """`encoding` is the Content-Encoding; ValueError if it is none that can be unpacked."""
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise ValueError(f"content encoding {encoding[:40]}")
        self._unpack = None if name in ("", "identity") else zlib.decompressobj(_ZLIB_OR_GZIP)
        self._limit = limit
        self._received = 0
        self._size = 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Add what came. Raises TooLargeError, or zlib.error if it cannot be unpacked."""
        self._received += len(piece)
        if self._unpack is not None:
            piece = self._unpack.decompress(piece, self._limit + 1 - self._size)
        self._size += len(piece)
        if max(self._size, self._received) > self._limit:
            raise TooLargeError
        self._pieces.append(piece)

    def content(self) -> bytes:
        """The whole body; zlib.error if the packed one ended early."""
        if self._unpack is not None and self._received and not self._unpack.eof:
            raise zlib.error("ended early")
        return b"".join(self._pieces)
