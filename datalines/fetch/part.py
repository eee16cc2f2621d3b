"""Obtains one part of a pool of URLs: every row of the list part ends as a stored image or as a row with a status.

What was obtained is kept in a state folder until the part is complete, and referred to from then on (`journal`,
`finished`): whatever ends the job, the next one asks only for what is missing. On disk, a part takes its images twice
while its tar is written. Memory: about 1 kB for each URL of the part, and the bodies that the network and the
image processes hold at the time (fetch.concurrency + 4 x threads bodies of at most fetch.max_bytes).
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datalines.errors import NO_SPACE, FetchError
from datalines.fetch.asking import Guard, ask
from datalines.fetch.building import Known, differs, write_files
from datalines.fetch.finished import Keeper, load
from datalines.fetch.journal import BLOBS, RECORDS, Journal, url_key
from datalines.fetch.listing import Listing
from datalines.fetch.statuses import OUTAGE
from datalines.files import digest_json
from datalines.locks import alone
from datalines.pools.base import OK
from datalines.pools.store import write_part_receipt

log = logging.getLogger(__name__)

# Raised when a state folder cannot be gone on from by newer code.
STATE_FORMAT = 1
# Keys of `fetch` that decide what an answer is worth; the others only decide how it is obtained.
JUDGING = ("max_bytes", "max_redirects", "opt_out", "removed", "allow_private")


def fetch_part(
    spec: dict[str, Any],
    pool: str,
    part: str,
    listing: Path,
    state: Path,
    images: Path,
    rows: Path,
    attempts: Path,
    receipt: Path,
    previous: Sequence[Path] = (),
    threads: int = 1,
) -> dict[str, Any]:
    """Obtain the rows of the list part `listing` and write tar, rows, attempts and, last, the receipt; its counts.

    With the receipts of the rounds before in `previous`, only rows are asked for whose status may get better. `state`
    is the folder of the working states of all pools; it is no output. Raises FetchError in an outage of the network or
    when the disk is full; then no output is written, and the same call goes on from there.
    """
    home = state / "fetch" / pool / part
    folder = home.with_name(f"{part}-{state_digest(spec)}")
    with _space(folder, images), alone(home, f"fetching part {part} of pool {pool}"):
        asked = Listing(listing, previous)
        finished = load(folder)
        with Journal(folder) as journal, closing(finished) if finished is not None else nullcontext():
            known = Known(journal, finished)
            plan = _plan(asked, known)
            log.info("%d rows, %d URLs to ask, %d known", asked.requested, len(plan.urls), plan.known)
            guard = Guard(spec["fetch"], sum(plan.urls.values()), None if asked.round else (plan.network, plan.failed))
            ask(plan.urls, spec, journal, guard, folder, threads, f"pools.{pool}")
            with Keeper(folder) as keeper:
                counts = write_files(pool, asked, known, (images, rows, attempts), keeper)
                counts |= {"round": asked.round, "asked_again": asked.asked_again()}
                write_part_receipt(receipt, pool, part, spec, counts)
                kept = keeper.keep(images, counts["tar"])
        _tidy(folder, home, kept)
    return counts


def state_digest(spec: dict[str, Any]) -> str:
    """Short name of all that decides what is stored for an answer; a state of another digest is not gone on from."""
    judging = {key: spec["fetch"][key] for key in JUDGING}
    return digest_json([STATE_FORMAT, spec["version"], spec["image"], judging])


@dataclass
class _Plan:
    """URLs to ask, with True for those never asked before; of the known ones how many came from the network or not."""

    urls: dict[str, bool] = field(default_factory=dict)
    known: int = 0
    network: int = 0
    failed: int = 0


def _plan(listing: Listing, known: Known) -> _Plan:
    plan, seen = _Plan(), set()
    for row in listing.rows(["id", "url", "status", "expected_sha256"]):
        url = row["url"]
        if row["status"] != OK or url in plan.urls:
            continue
        outcome = known.final(url)
        if outcome is None or (outcome.withheld and not differs(outcome, row["expected_sha256"])):
            plan.urls[url] = not (known.journal.tried(url) or listing.earlier(row["id"]) in OUTAGE)
        elif url_key(url) not in seen:
            seen.add(url_key(url))
            plan.known += 1
            plan.network += outcome.origin != "mirror"
            plan.failed += outcome.transient
    return plan


def _tidy(folder: Path, home: Path, kept: bool) -> None:
    """Remove what the finished part makes superfluous: the journal, and states that another declaration left."""
    if kept:
        (folder / RECORDS).unlink()  # first: images without records are cut off, records without images are an error
        (folder / BLOBS).unlink()
    for other in home.parent.glob(f"{home.name}-*"):
        if other.is_dir() and other != folder:
            log.info("removing %s, left by an earlier declaration of the pool", other)
            shutil.rmtree(other)


@contextmanager
def _space(folder: Path, images: Path) -> Iterator[None]:
    """Turn a full disk into a sentence; nothing has to be repaired afterwards."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        text = f"no space is left on the disk of {folder} or {images.parent}"
        advice = "free some (the images of the part are there twice while its tar is written) and run the same command"
        raise FetchError(f"{text}; {advice}: it goes on from there") from error
