"""Single files that a study declares by their address, such as lists: from the mirror, else from the network.

What is obtained is verified before it gets its name: the size, the sha256 and the md5, as far as they are declared.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from datalines.errors import FetchError
from datalines.fetch.addresses import canonical_url
from datalines.fetch.mirror import DOWNLOADS, VARIABLE, free_place, mirror, mirrored, place
from datalines.fetch.partial import Partial
from datalines.fetch.policy import Policy
from datalines.fetch.stream import UnreachableError, receive
from datalines.files import sha256_file

UNITS = ("bytes", "kB", "MB", "GB", "TB")

log = logging.getLogger(__name__)


class DownloadError(FetchError):
    """A declared file that could not be obtained, or that is not what was declared."""


@dataclass(frozen=True)
class Wanted:
    """A file that a study declares: its address, size and digests (None: not declared), and the key that names it."""

    url: str
    bytes: int | None = None
    sha256: str | None = None
    key: str = ""
    md5: str | None = None


class Missing(NamedTuple):
    """A declared file that is not there or not right: what is the matter, and where the right one is to be put."""

    wanted: Wanted
    problem: str
    path: Path


def obtain(
    url: str,
    target: Path,
    sha256: str | None,
    bytes: int | None,
    policy: Policy,
    key: str = "",
    md5: str | None = None,
) -> Path:
    """Leave the file of `url` at `target`, and return `target`; nothing is done if it lies there already.

    A file of the mirror is linked, not copied. A download goes on where an earlier one was interrupted, if the server
    allows. Memory is bounded by one piece of 1 MiB. `key` is named in errors. Raises DownloadError if the file
    cannot be obtained, or if the mirror's file is not the declared one.
    """
    wanted = Wanted(canonical_url(url), bytes, sha256, key, md5)
    if md5 is not None and sha256 is None:
        log.info("%s: only an md5 is declared, which finds damage, and no file that was forged to have it", wanted.url)
    source = mirrored(wanted.url)
    if source is not None:
        problem = defect(source, wanted)
        if problem:
            raise DownloadError(
                f"{_named(wanted)}{source}, the mirror's file of {wanted.url}, {problem}. "
                "Replace it by the declared file, or correct the declaration"
            )
        return _linked(source, target)
    if target.is_file() and not defect(target, wanted):
        return target
    try:
        with Partial(target) as partial:
            if not (target.is_file() and not defect(target, wanted)):
                _download(wanted, partial, policy)
    except FetchError as error:
        hint = f". {advice(wanted, target)}" if isinstance(error, UnreachableError) else ""
        raise DownloadError(f"{_named(wanted)}{error}{hint}") from error
    return target


def missing(wanted: Iterable[Wanted], downloads: Path = DOWNLOADS) -> list[Missing]:
    """The files of `wanted` that are neither in the mirror nor in `downloads`, or are not the declared ones there."""
    found = []
    for item in wanted:
        held = mirrored(item.url) or downloads / place(item.url)
        problem = defect(held, item) if held.is_file() else "missing"
        if problem:
            found.append(Missing(item, problem, destination(item.url, downloads)))
    return found


def destination(url: str, downloads: Path = DOWNLOADS) -> Path:
    """Where the file of `url` is to be put: in the mirror, if there is one, else in `downloads`."""
    folder = mirror()
    return downloads / place(url) if folder is None else free_place(folder, url)


def defect(path: Path, wanted: Wanted) -> str:
    """What is wrong with a file, as the end of a sentence; empty if its size and digests are those declared."""
    size = path.stat().st_size
    if wanted.bytes is not None and size != wanted.bytes:
        return f"has {size} bytes, and {wanted.bytes} are declared"
    digest = sha256_file(path) if wanted.sha256 else ""
    if digest != (wanted.sha256 or "").lower():
        return f"has the sha256 {digest}, and {wanted.sha256} is declared"
    if wanted.md5 is not None and (other := _md5(path)) != wanted.md5:
        return f"has the md5 {other}, and {wanted.md5} is declared"
    return ""


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def size_text(size: int | None) -> str:
    """A size for people: `1.2 MB`; a question mark where none is known."""
    if size is None:
        return "?"
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g} {UNITS[unit]}" if unit else f"{size} bytes"


def advice(wanted: Wanted, target: Path) -> str:
    """What to fetch, from where, with which size and digest, and where to put it."""
    facts = [f"{size_text(wanted.bytes)}, {wanted.bytes} bytes" if wanted.bytes is not None else "size not declared"]
    facts.append(f"sha256 {wanted.sha256}" if wanted.sha256 else "sha256 not declared")
    facts += [f"md5 {wanted.md5}"] if wanted.md5 else []
    folder = mirror()
    where = f"{target}, or at {place(wanted.url)} in a folder that ${VARIABLE} names"
    if folder is not None:
        where = str(free_place(folder, wanted.url))
    return f"Without a network here: fetch {wanted.url} elsewhere ({', '.join(facts)}) and put it at {where}"


def _named(wanted: Wanted) -> str:
    return f"{wanted.key}: " if wanted.key else ""


def _linked(source: Path, target: Path) -> Path:
    if source.absolute() != target.absolute():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.symlink_to(source.resolve())
    return target


def _download(wanted: Wanted, partial: Partial, policy: Policy) -> None:
    """Fill `partial` and give it its name. Bytes of an earlier try that lead to a wrong digest are thrown away once."""
    resumed = partial.size > 0
    asyncio.run(receive(wanted.url, wanted.bytes, partial, policy))
    problem = defect(partial.path, wanted)
    if problem and resumed:
        log.info("%s %s after it was continued; it is fetched again from its beginning", wanted.url, problem)
        partial.restart()
        asyncio.run(receive(wanted.url, wanted.bytes, partial, policy))
        problem = defect(partial.path, wanted)
    if problem:
        partial.restart()
        raise DownloadError(f"what {wanted.url} sent {problem}; correct the declaration if the file was changed there")
    partial.finish()
