"""What is known of a part's URLs while it is fetched: an append-only record that survives a kill at any byte.

A state folder holds `journal.jsonl`, one checked line for every answered URL, and `blobs.bin`, the images as they will
be stored, one behind the other. Both are only appended to, the image before its line. Every 10,000 lines or 30 seconds
both are brought to disk and a line says so; what comes after the last such line is verified by its digests when the
journal is opened again, and cut off from the first flaw on. Nothing else is ever lost: not by a kill of the process at
all, and by a power failure only what those 30 seconds brought.

Memory: about 150 bytes for every URL of the part; texts and images stay on disk.
"""

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Self

from datalines.errors import FetchError
from datalines.fetch.outcome import Outcome, line_of, parse

log = logging.getLogger(__name__)

RECORDS, BLOBS = "journal.jsonl", "blobs.bin"
SYNCED, OUTAGE = b'{"synced": true}\n', b'{"outage": true}\n'
SYNC_RECORDS, SYNC_SECONDS = 10_000, 30.0
# A place in a records file: offset and length of the line in one number.
LENGTH_BITS = 32
LENGTH_MASK = (1 << LENGTH_BITS) - 1


def url_key(url: str) -> bytes:
    """16 bytes that stand for a URL in memory."""
    return hashlib.blake2b(url.encode(), digest_size=16).digest()


class Store:
    """Outcomes in a records file and their images in another; the last record of a URL counts."""

    def __init__(self, records: IO[bytes], images: IO[bytes]) -> None:
        self._records, self._images = records, images
        self._places: dict[bytes, int] = {}

    def index(self) -> None:
        """Read all records and remember where they are. Raises FetchError if one of them is not as it was written."""
        for start, line, outcome in self._lines():
            if outcome is None:
                raise self._changed(self._records)
            self._place(start, line, outcome)

    def _lines(self) -> Iterator[tuple[int, bytes, Outcome | None]]:
        """Start, text and outcome of every line; a stream without a buffer would be read byte by byte."""
        start = 0
        with Path(self._records.name).open("rb") as stream:
            for line in stream:
                yield start, line, parse(line)
                start += len(line)

    def _place(self, start: int, line: bytes, outcome: Outcome) -> None:
        self._places[url_key(outcome.url)] = start << LENGTH_BITS | len(line)

    def get(self, url: str) -> Outcome | None:
        """The last outcome of a URL, or None."""
        place = self._places.get(url_key(url))
        if place is None:
            return None
        outcome = parse(os.pread(self._records.fileno(), place & LENGTH_MASK, place >> LENGTH_BITS))
        if outcome is None or outcome.url != url:
            raise self._changed(self._records)
        return outcome

    def read(self, outcome: Outcome) -> bytes:
        """The stored image of an outcome of this store. Raises FetchError if the bytes are not as they were written."""
        data = _pread(self._images, outcome.offset, outcome.length)
        if hashlib.sha256(data).hexdigest() != outcome.stored_sha256:
            raise self._changed(self._images)
        return data

    def close(self) -> None:
        """Close both files."""
        self._records.close()
        self._images.close()

    def _changed(self, stream: IO[bytes]) -> FetchError:
        path = Path(stream.name)
        return FetchError(f"{path} is not as it was written; delete the folder {path.parent} to fetch this part anew")


class Journal(Store):
    """The store that is being written. One process at a time: the caller holds the folder's lock."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        records = (folder / RECORDS).open("a+b", buffering=0)
        super().__init__(records, (folder / BLOBS).open("a+b", buffering=0))
        self._tried: set[bytes] = set()
        self._unsynced = 0
        self._synced_at = time.monotonic()
        self._end, self._blobs_end = self._recover()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def final(self, url: str) -> Outcome | None:
        """The outcome of a URL if it need not be asked again."""
        outcome = self.get(url)
        return None if outcome is None or outcome.transient else outcome

    def tried(self, url: str) -> bool:
        """Whether the URL failed before for want of a name or a connection, and not in what was found an outage."""
        return url_key(url) in self._tried

    def add(self, outcome: Outcome, data: bytes) -> None:
        """Append an outcome and the image that is stored for it, whose digest it names; both are empty without one."""
        placed = replace(outcome, offset=self._blobs_end, length=len(data))
        _write(self._images, data)
        self._blobs_end += len(data)
        line = line_of(placed)
        _write(self._records, line)
        self._place(self._end, line, placed)
        self._end += len(line)
        self._unsynced += 1
        if self._unsynced >= SYNC_RECORDS or time.monotonic() - self._synced_at > SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Bring everything to disk and say so in the journal."""
        if self._unsynced:
            os.fsync(self._images.fileno())
            os.fsync(self._records.fileno())
            self._mark(SYNCED)
        self._unsynced, self._synced_at = 0, time.monotonic()

    def mark_outage(self) -> None:
        """Note that names and connections failed because the network did: those URLs count as never asked."""
        self._mark(OUTAGE)
        self._tried.clear()

    def _mark(self, line: bytes) -> None:
        _write(self._records, line)
        self._end += len(line)

    def _recover(self) -> tuple[int, int]:
        """Find the end of what is sound in both files, cut off the rest, and index what is left."""
        end, blobs_end = self._sound()
        lost = os.fstat(self._records.fileno()).st_size - end
        if lost:
            log.warning(
                "%s: the last %d bytes are torn and cut off; their URLs are asked again", self._records.name, lost
            )
            self._records.truncate(end)
        if os.fstat(self._images.fileno()).st_size > blobs_end:
            self._images.truncate(blobs_end)
        for start, line, outcome in self._lines():
            if outcome is not None:
                self._place(start, line, outcome)
                if outcome.transient:
                    self._tried.add(url_key(outcome.url))
            elif line == OUTAGE:
                self._tried.clear()
        return end, blobs_end

    def _sound(self) -> tuple[int, int]:
        """Ends of records and images up to the first torn line, or the first image that is not as its line says."""
        size = os.fstat(self._images.fileno()).st_size
        end = blobs_end = 0
        unsure: list[tuple[int, Outcome]] = []
        for start, line, outcome in self._lines():
            if line == SYNCED:
                unsure = []
            elif outcome is None and line != OUTAGE:
                break
            elif outcome is not None:
                if outcome.offset != blobs_end or blobs_end + outcome.length > size:
                    break
                unsure.append((start, outcome))
                blobs_end += outcome.length
            end = start + len(line)
        for start, outcome in unsure:
            data = _pread(self._images, outcome.offset, outcome.length)
            if outcome.length and hashlib.sha256(data).hexdigest() != outcome.stored_sha256:
                return start, outcome.offset
        return end, blobs_end


def _write(stream: IO[bytes], data: bytes) -> None:
    """Append all of `data` with no buffer in between, so that a kill loses at most the piece being written."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _pread(stream: IO[bytes], offset: int, length: int) -> bytes:
    """Up to `length` bytes from `offset`; a single call of the system returns at most 2 GiB."""
    pieces = []
    while length and (piece := os.pread(stream.fileno(), length, offset)):
        pieces.append(piece)
        offset, length = offset + len(piece), length - len(piece)
    return b"".join(pieces)
