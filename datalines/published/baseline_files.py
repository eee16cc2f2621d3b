"""The files behind a baseline: those that `config/published.yaml` declares, obtained if need be, and read."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.config.published import Published, published_downloads
from datalines.fetch.download import DownloadError, Missing, Wanted, advice, missing, obtain
from datalines.fetch.mirror import mirrored, place
from datalines.fetch.policy import Policy
from datalines.published.reading import PublishedError
from datalines.published.testbed_file import read_testbed
from datalines.published.timm import read_timm

Files = Mapping[str, Path]


def read_entry(published: Published, entry: str, downloads: Path, policy: Callable[[], Policy | None]) -> pd.DataFrame:
    """The tidy table (see `tidy.COLUMNS`) of all groups of an entry that is of kind imagenet-testbed or timm.

    A file that is neither in the mirror nor in the folder `downloads` is fetched; only then is `policy` called, and
    None means that the network may not be used. Raises PublishedError for an entry that is not declared or of another
    kind; DownloadError, with what to fetch and where to put it, for a file that cannot be had or is not the right one.
    """
    if entry not in published:
        raise PublishedError(f"published.{entry} is not declared; bring it back to config/published.yaml")
    kind = published[entry].kind
    if kind not in READERS:
        raise PublishedError(f"published.{entry}.kind: {kind} gives no baseline; write {' or '.join(READERS)}")
    wanted = [Wanted(**item) for item in published_downloads(published, [entry])]
    for item in missing(wanted, downloads):
        _fetch(item, policy)
    paths = [mirrored(item.url) or downloads / place(item.url) for item in wanted]
    return READERS[kind]({path.name: path for path in paths}, kind)


def provenance(published: Published, entry: str) -> dict[str, Any]:
    """Where an entry's numbers come from: its key, what to cite, its licence, the files' addresses and digests."""
    spec = published[entry].model_dump()
    files = [{name: item[name] for name in ("url", "sha256")} for item in published_downloads(published, [entry])]
    return {"entry": f"published.{entry}", "citation": spec["citation"], "licence": spec["licence"], "files": files}


def _fetch(lacking: Missing, policy: Callable[[], Policy | None]) -> None:
    wanted, problem, target = lacking
    manners = policy()
    if manners is None:
        state = "is not here" if problem == "missing" else f"is here as a file that {problem}"
        raise DownloadError(
            f"{wanted.key}: {wanted.url} {state}. To fetch it, write fetch: {{contact: you@example.org}} in "
            f"config/config.yaml: every request says whom to write to. {advice(wanted, target)}"
        )
    obtain(wanted.url, target, wanted.sha256, wanted.bytes, manners, wanted.key, wanted.md5)


def _testbed(files: Files, source: str) -> pd.DataFrame:
    (path,) = files.values()
    return read_testbed(path, source)


READERS: dict[str, Callable[[Files, str], pd.DataFrame]] = {"imagenet-testbed": _testbed, "timm": read_timm}
