"""An archive of records that somebody published: fetched file by file, each with the digest that the manifest states,
the manifest with one that its reader was told."""

import posixpath
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

from datalines import archive
from datalines.archive import MANIFEST, ArchiveError
from datalines.fetch.download import obtain
from datalines.fetch.mirror import place
from datalines.fetch.policy import Policy
from datalines.files import atomic, read_json


def fetch_archive(
    url: str,
    sha256: str,
    folder: Path,
    downloads: Path,
    policy: Policy,
    tell: Callable[[str], None] = lambda text: None,
) -> int:
    """Lay a published archive into a folder; returns the number of its files. What is there already is not asked for.

    `url` is that of the manifest or of the folder that it lies in, `sha256` the manifest's. Raises DownloadError where
    a file cannot be obtained or is another, ArchiveError where the manifest is none, or the folder holds other files.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ArchiveError(f"--sha256 {sha256}: write the 64 hex digits that were published beside the archive")
    url = url if url.endswith(f"/{MANIFEST}") else f"{url.rstrip('/')}/{MANIFEST}"
    if folder.is_dir() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise ArchiveError(f"{folder} holds other files and no {MANIFEST}; name another folder with --to")
    manifest = obtain(url, downloads / place(url), sha256, None, policy, "--archive")
    content = read_json(manifest)
    if not isinstance(content, dict) or content.get("format") != archive.FORMAT:
        raise ArchiveError(f"{url} is no archive of format {archive.FORMAT}, which `snakemake archive_records` writes")
    entries = content["files"]
    for number, entry in enumerate(entries, start=1):
        target = folder / _inside(entry["path"])
        address = urljoin(url, entry["path"])
        tell(f"[{number}/{len(entries)}] {address}")
        _lay(obtain(address, downloads / place(address), entry["sha256"], entry["bytes"], policy, "--archive"), target)
    _lay(manifest, folder / MANIFEST)
    return len(entries)


def _inside(path: str) -> str:
    """A path that a manifest names, which may not lead out of its folder."""
    if posixpath.isabs(path) or ".." in path.split("/") or ":" in path or "\\" in path:
        raise ArchiveError(f"the manifest names {path}, which leads out of the archive")
    return path


def _lay(source: Path, target: Path) -> None:
    """A copy of a file, never a link: the archive is to be whole by itself."""
    with atomic(target) as temporary:
        shutil.copyfile(source, temporary)
