"""The mirror: a folder of files laid out `<host>/<path>[?query]`, in which every download looks before the network.

$DATALINES_MIRROR names the folder. On a node without internet the mirror is all there is.

The name of a URL's file, made by `place`, differs for different URLs (http and https are not told apart):

- the host is written as in the canonical URL, with a port that is not the scheme's own: `example.org:8080`;
- percent escapes are decoded where they are UTF-8 text; `%25`, `%2F`, `%3F` and control characters stay escaped;
- a query is part of the last name, its slashes escaped: `picture.jpg?size=large`, `show?file=a%2Fb.jpg`;
- a URL whose path is no file name (empty parts, `..`, a part over 255 bytes, over 2,000 bytes in all) has the name
  `<host>/<sha256 of the canonical URL, 64 hex digits>`. Every other URL may be stored under that name, too: `/a` and
  `/a/b` cannot both be files under their own.
"""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from datalines.errors import FetchError
from datalines.fetch.addresses import canonical_url

VARIABLE = "DATALINES_MIRROR"
DOWNLOADS = Path("results/downloads")
LONGEST_NAME = 255
LONGEST_PATH = 2000
ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
KEPT_ESCAPED = re.compile(r"[%/?\x00-\x1f\x7f]")


class MirrorError(FetchError):
    """A mirror that cannot be used as it is."""


def mirror() -> Path | None:
    """The mirror's folder, or None where $DATALINES_MIRROR is unset or empty. Raises MirrorError if it is no folder."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        return None
    folder = Path(named)
    if not folder.is_dir():
        raise MirrorError(f"${VARIABLE} is {named}, which is not a folder; correct it, or unset it to use the network")
    return folder


def mirrored(url: str) -> Path | None:
    """The file that the mirror holds for `url`, or None.

    Folders do not count, and neither do links that lead out of the mirror; a text that is no URL has no file. Raises
    MirrorError if $DATALINES_MIRROR is set and not a folder.
    """
    folder = mirror()
    if folder is None:
        return None
    try:
        names = dict.fromkeys((place(url), hashed_place(url)))
    except ValueError:
        return None
    for name in names:
        path = folder / name
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path
    return None


def downloaded(url: str) -> Path:
    """Where the workflow leaves the file of `url` when it is verified; a file of the mirror is linked there."""
    return DOWNLOADS / place(url)


def place(url: str) -> Path:
    """Where the file of `url` lies, relative to the mirror's folder. Raises ValueError if `url` cannot be asked for."""
    parts = urlsplit(canonical_url(url))
    *folders, last = parts.path.removeprefix("/").split("/")
    query = "?" + _readable(parts.query).replace("/", "%2F") if parts.query else ""
    names = [*map(_readable, folders), _readable(last) + query]
    usable = last and all(name not in ("", ".", "..") and len(name.encode()) <= LONGEST_NAME for name in names)
    path = Path(parts.netloc, *names)
    return path if usable and len(str(path).encode()) <= LONGEST_PATH else hashed_place(url)


def hashed_place(url: str) -> Path:
    """The other name of the file of `url`: its host, and the sha256 of the canonical URL."""
    canonical = canonical_url(url)
    return Path(urlsplit(canonical).netloc, hashlib.sha256(canonical.encode()).hexdigest())


def free_place(folder: Path, url: str) -> Path:
    """Where below `folder` a file of `url` can be put: at its place, unless that or a folder above it is taken."""
    path = folder / place(url)
    taken = path.is_dir() or any(above.is_file() for above in path.parents)
    return folder / hashed_place(url) if taken else path


def _readable(text: str) -> str:
    """`text` with its percent escapes decoded where that is safe and reversible."""
    return ESCAPES.sub(lambda found: _decoded(found[0]), text)


def _decoded(escapes: str) -> str:
    try:
        text = unquote_to_bytes(escapes).decode("utf-8")
    except UnicodeDecodeError:
        return escapes
    return KEPT_ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", text)
