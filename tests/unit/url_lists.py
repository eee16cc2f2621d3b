"""Parts of URL lists as `read_list` leaves them, and the fetching of one part into a folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from datalines.fetch.outcome import parse
from datalines.fetch.part import fetch_part
from datalines.files import read_json
from datalines.pools.base import OK, item_id
from datalines.pools.partfiles import fact_fields
from tests.web import pictures
from tests.web.server import Site

POOL = "web"
# A name that never resolves.
NOWHERE = "http://nowhere.invalid/{}.jpg"
ORIGINAL = {
    "store": "original",
    "side": None,
    "by": None,
    "upscale": False,
    "resample": "bicubic",
    "quality": 90,
    "max_pixels": 10_000_000,
    "min_side": 2,
    "animated": "first-frame",
}


@dataclass(frozen=True)
class Entry:
    """A row of a list."""

    url: str
    caption: str = "a cat"
    expected_sha256: str = ""
    status: str = OK
    message: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its id in the pool `web`."""
        return item_id(POOL, self.key)

    @property
    def key(self) -> str:
        """URL and digest of the caption."""
        return f"{self.url} {hashlib.blake2b(self.caption.encode()).hexdigest()[:8]}"


def write_list(path: Path, entries: Sequence[Entry], facts: dict[str, str] | None = None) -> Path:
    """A list part, sorted by id."""
    names = ["id", "key", "url", "caption", "status", "message", "expected_sha256"]
    schema = pa.schema([*((name, pa.string()) for name in names), *fact_fields(facts or {})])
    rows = [
        {name: getattr(entry, name) for name in names} | {f"fact.{name}": entry.facts.get(name) for name in facts or {}}
        for entry in sorted(entries, key=lambda entry: entry.id)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)
    return path


def url_spec(image: dict[str, Any] | None = None, **fetch: Any) -> dict[str, Any]:
    """A resolved pool of URLs that may ask this machine, and is in a hurry."""
    limits = {"rate": None, "burst": 100, "concurrency": 64}
    policy = {
        "user_agent": "datalines/0 (+https://example.org)",
        "concurrency": 32,
        "timeout": {"connect": 1.0, "read": 0.5, "total": 1.5},
        "tries": {"connect": 1, "http": 2},
        "backoff": {"base": 0.01, "cap": 0.05, "retry_after": 3.0},
        "host": limits,
        "hosts": {},
        "max_bytes": 5_000_000,
        "max_redirects": 5,
        "opt_out": {"header": "X-Robots-Tag", "tokens": ["noai", "noimageai", "noindex", "noimageindex"]},
        "removed": ["/removed.png"],
        "allow_private": True,
        "outage_share": 0.5,
        "outage_minimum": 20,
        "backend": "datalines",
    }
    return {"kind": "urls", "version": "1", "fetch": {**policy, **fetch}, "image": {**ORIGINAL, **(image or {})}}


class Fetching:
    """Fetches parts of the pool `web` below a folder; as before a retry by Snakemake, declared outputs are gone."""

    def __init__(self, root: Path, part: str = "0") -> None:
        self.root, self.part = root, part
        self.listing, self.states = root / "lists" / f"{part.partition('r')[0]}.parquet", root / "state"
        self.tar, self.rows_path, self.attempts_path, self.receipt = (
            root / "pools" / f"{part}{suffix}" for suffix in (".tar", ".parquet", ".attempts.parquet", ".json")
        )

    @property
    def outputs(self) -> tuple[Path, Path, Path, Path]:
        """The declared outputs."""
        return self.tar, self.rows_path, self.attempts_path, self.receipt

    def start(self, spec: dict[str, Any], previous: Sequence[Path] = ()) -> dict[str, Any]:
        """Fetch the part; returns the receipt."""
        for path in self.outputs:
            path.unlink(missing_ok=True)
        fetch_part(spec, POOL, self.part, self.listing, self.states, *self.outputs, previous, threads=2)
        content: dict[str, Any] = read_json(self.receipt)
        return content

    def rows(self) -> pd.DataFrame:
        """The part's rows."""
        return pd.read_parquet(self.rows_path)

    def attempts(self) -> pd.DataFrame:
        """The part's attempts."""
        return pd.read_parquet(self.attempts_path)

    def bytes(self, attempts: bool = False) -> dict[str, bytes]:
        """The outputs without times, or with the attempts."""
        return {path.name: path.read_bytes() for path in self.outputs if attempts or path != self.attempts_path}

    @property
    def journal(self) -> Path:
        """The journal of the unfinished part."""
        (path,) = (self.states / "fetch" / POOL).glob(f"{self.part}-*/journal.jsonl")
        return path


def image_urls(site: Site, count: int) -> list[str]:
    """Distinct good images."""
    return [site.put(f"/{number}.jpg", pictures.jpeg(40 + number, 30, number)) for number in range(count)]


def fill(fetching: Fetching, urls: list[str]) -> None:
    """Write a list of these URLs."""
    write_list(fetching.listing, [Entry(url, f"caption of {url}") for url in urls])


def answered(fetching: Fetching) -> set[str]:
    """The URLs that the journal has an outcome of which is final."""
    noted = [parse(line) for line in fetching.journal.read_bytes().splitlines(keepends=True)]
    return {outcome.url for outcome in noted if outcome is not None and not outcome.transient}
