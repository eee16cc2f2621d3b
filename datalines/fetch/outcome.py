"""What became of one URL, images included: the unit that the journal keeps and that rows are made of."""

import hashlib
import json
from dataclasses import dataclass, fields, replace

from datalines.fetch.crawl import Answer
from datalines.fetch.images import Prepared
from datalines.fetch.statuses import OUTAGE
from datalines.pools.base import OK

MICROSECONDS = 1_000_000
CHECK = ', "check": "'
CHECK_BYTES = 8
# A site may send any text as a header; a row needs no more of it.
LONGEST_TEXT = 500


@dataclass(frozen=True)
class Outcome:
    """One answered URL.

    `started` is the first attempt in microseconds since the epoch (0 if nothing was sent), `seconds` lasted until the
    answer. `bytes` and `sha256` are those of the original body (0 and "" without one). The stored image has `length`
    bytes at `offset` of the file beside the record, with digest `stored_sha256`; `length` is 0 if none is kept there.
    """

    url: str
    status: str
    message: str
    attempts: int
    started: int
    seconds: float
    final_url: str
    http_status: int
    origin: str
    content_type: str
    bytes: int = 0
    sha256: str = ""
    extension: str = ""
    width: int = 0
    height: int = 0
    decoder: str = ""
    offset: int = 0
    length: int = 0
    stored_sha256: str = ""

    @property
    def transient(self) -> bool:
        """Whether it may be the network's fault and not the link's."""
        return self.status in OUTAGE

    @property
    def withheld(self) -> bool:
        """A good image whose bytes are not kept, because its only rows expected others."""
        return self.status == OK and not self.length


def of_answer(answer: Answer) -> Outcome:
    """The outcome of an answer before its bytes are looked at."""
    return Outcome(
        url=answer.url,
        status=answer.status,
        message=_text(answer.message)[:LONGEST_TEXT],
        attempts=answer.attempts,
        started=round(answer.started * MICROSECONDS),
        seconds=round(answer.seconds, 6),
        final_url=_text(answer.final_url),
        http_status=answer.http_status,
        origin=answer.origin,
        content_type=_text(answer.content_type)[:LONGEST_TEXT],
    )


def with_work(outcome: Outcome, prepared: Prepared, size: int, decoder: str) -> Outcome:
    """The outcome after its `size` bytes were worked on; where they are stored is filled in by the journal."""
    work = prepared.work
    return replace(
        outcome,
        status=work.status,
        message=_text(work.message)[:LONGEST_TEXT],
        bytes=size,
        sha256=prepared.sha256,
        stored_sha256=prepared.stored_sha256,
        extension=work.extension,
        width=work.width,
        height=work.height,
        decoder=decoder,
    )


def line_of(outcome: Outcome) -> bytes:
    """The record as a line of JSON whose last key is a check of all before it."""
    text = json.dumps(vars(outcome), ensure_ascii=True)
    return f'{text[:-1]}{CHECK}{_check(text)}"}}\n'.encode()


def parse(line: bytes) -> Outcome | None:
    """The outcome of a complete line; None if the line is torn, changed, or of another kind."""
    text, found, rest = line.decode("utf-8", "replace").rpartition(CHECK)
    if not found or not line.endswith(b'"}\n') or rest[:-3] != _check(text + "}"):
        return None
    content = json.loads(text + "}")
    if set(content) != {field.name for field in fields(Outcome)}:
        return None
    return Outcome(**content)


def _text(text: str) -> str:
    """Text that can be stored: header bytes that are not UTF-8 arrive as half surrogate pairs."""
    return text.encode("utf-8", "backslashreplace").decode()


def _check(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=CHECK_BYTES).hexdigest()
