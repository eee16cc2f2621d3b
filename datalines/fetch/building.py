"""From the outcomes of a part's URLs to its files: tar, rows and attempts, in the order of the ids."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from datalines.errors import CountError
from datalines.fetch.finished import Keeper
from datalines.fetch.journal import Journal, Store
from datalines.fetch.listing import Listing
from datalines.fetch.outcome import Outcome
from datalines.fetch.statuses import HASH_MISMATCH
from datalines.pools.base import OK
from datalines.pools.partfiles import FACT, PartWriter, RowGroups, part_files, row_groups

ATTEMPTS = pa.schema(
    [
        ("id", pa.string()),
        ("status", pa.string()),
        ("attempts", pa.int32()),
        ("started", pa.timestamp("us", tz="UTC")),
        ("seconds", pa.float64()),
        ("final_url", pa.string()),
        ("http_status", pa.int32()),
        ("from", pa.string()),
        ("bytes", pa.int64()),
        ("sha256", pa.string()),
        ("content_type", pa.string()),
    ]
)
NOT_ASKED = {"attempts": 0, "started": None, "seconds": 0.0}
NOTHING_CAME = {"final_url": "", "http_status": 0, "bytes": 0, "sha256": "", "content_type": ""}


@dataclass(frozen=True)
class Known:
    """Outcomes from the journal, and behind it from the finished part, if there is one."""

    journal: Journal
    finished: Store | None

    def final(self, url: str) -> Outcome | None:
        """The outcome of a URL that need not be asked again; what a finished part accepted is final."""
        outcome = self.journal.final(url)
        if outcome is None and self.finished is not None and self.journal.get(url) is None:
            outcome = self.finished.get(url)
        return outcome

    def find(self, url: str) -> tuple[Outcome, Store]:
        """The outcome of a URL and the store that holds its image. Raises CountError for a URL without one."""
        for store in (self.journal, self.finished):
            outcome = None if store is None else store.get(url)
            if store is not None and outcome is not None:
                return outcome, store
        raise CountError(f"{url} has no outcome; run again")


def write_files(
    pool: str, listing: Listing, known: Known, paths: tuple[Path, Path, Path], keeper: Keeper
) -> dict[str, Any]:
    """Write tar, rows and attempts (`paths`) of all requested rows; returns the counts for the receipt.

    Memory holds one image, a batch of the list and a group of rows.
    """
    tar, rows, attempts = paths
    with ExitStack() as stack:
        groups = stack.enter_context(row_groups(attempts, ATTEMPTS))
        writer = stack.enter_context(part_files(pool, tar, rows, listing.facts()))
        builder = _Builder(known, writer, groups, keeper)
        for row in listing.rows():
            builder.add(row)
    counts = writer.counts(tar, rows)
    if counts["requested"] != listing.requested:
        text = f"{listing.requested} rows requested, but {counts['requested']} written"
        raise CountError(f"{listing.path}: {text}; run again")
    decoders = sorted(builder.decoders) or [counts["decoder"]]
    return {**counts, "decoder": ", ".join(decoders), "attempts": {"path": attempts.name, "rows": groups.count}}


class _Builder:
    """Adds row after row to the files; `decoders` are those that the stored images were checked with."""

    def __init__(self, known: Known, writer: PartWriter, attempts: RowGroups, keeper: Keeper) -> None:
        self._known, self._writer, self._attempts, self._keeper = known, writer, attempts, keeper
        self._urls: set[str] = set()
        self.decoders: set[str] = set()

    def add(self, listed: dict[str, Any]) -> None:
        """One row of the list, refused by the list itself or with its URL's outcome."""
        row = {name: listed[name] for name in ("id", "key", "url", "caption", "status", "message")}
        row |= {name: value for name, value in listed.items() if name.startswith(FACT)}
        if listed["status"] != OK:
            self._writer.fail(row)
            self._attempts.add({"id": row["id"], "status": row["status"], "from": "list", **NOT_ASKED, **NOTHING_CAME})
            return
        outcome, store = self._known.find(listed["url"])
        status, message = verdict(outcome, listed["expected_sha256"])
        row |= {"status": status, "message": message}
        kept = replace(outcome, offset=0, length=0, stored_sha256="")
        if status == OK:
            size = {"extension": outcome.extension, "width": outcome.width, "height": outcome.height}
            offset = self._writer.store(row | size, store.read(outcome), outcome.stored_sha256)
            kept = replace(outcome, offset=offset)
            self.decoders.add(outcome.decoder)
        else:
            self._writer.fail(row)
        self._keeper.add(kept)
        self._attempts.add({"id": row["id"], "status": status, **self._attempt(outcome)})

    def _attempt(self, outcome: Outcome) -> dict[str, Any]:
        """What the attempts table says; the requests stand at the first row of a URL only, so that they add up."""
        came = {name: getattr(outcome, name) for name in NOTHING_CAME}
        if outcome.url in self._urls:
            return {"from": "same_url", **NOT_ASKED, **came}
        self._urls.add(outcome.url)
        asked = {"attempts": outcome.attempts, "started": outcome.started or None, "seconds": outcome.seconds}
        return {"from": outcome.origin, **asked, **came}


def verdict(outcome: Outcome, expected_sha256: str) -> tuple[str, str]:
    """Status and message of a row: its URL's, unless the list expected other bytes than came."""
    if outcome.status == OK and differs(outcome, expected_sha256):
        return HASH_MISMATCH, f"the list expects sha256 {expected_sha256.lower()}, the bytes have {outcome.sha256}"
    return outcome.status, outcome.message


def differs(outcome: Outcome, expected_sha256: str) -> bool:
    """Whether the list expects other original bytes; an empty text expects nothing."""
    return bool(expected_sha256) and expected_sha256.lower() != outcome.sha256
