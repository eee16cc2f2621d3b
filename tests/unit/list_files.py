"""Lists of URLs as files, and how a pool declares them."""

import bz2
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from datalines.lists.normal import normalise
from datalines.lists.read import check_files, read_batches

WHERE = "pools.web.list"
Row = dict[str, Any]


def listing(format: str = "tsv", **changes: Any) -> dict[str, Any]:
    """A resolved declaration of a list."""
    spec = {"path": "unused", "format": format, "header": True, "facts": {}, "records": None, "quoting": "none"}
    return {**spec, "columns": named("url", "caption"), "caption_limit": 65536, **changes}


def named(url: str | int, caption: str | int | list[str], sha256: str | None = None) -> dict[str, Any]:
    """Which columns hold what."""
    return {"url": url, "caption": caption, "sha256": sha256}


def headerless(format: str = "tsv", **changes: Any) -> dict[str, Any]:
    """The same without a header: URL and caption are columns 0 and 1."""
    return listing(format, **{"header": False, "columns": named(0, 1), **changes})


def url_pool(listed: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A resolved declaration of a pool, as far as reading its list needs it."""
    spec: dict[str, Any] = {"kind": "urls", "version": "1", "source": None, "parts": 4, "select": [], "sample": None}
    return {**spec, "list": listed or listing(), **changes}


def write(path: Path, data: bytes | str) -> Path:
    """A file of these bytes, compressed as its name says."""
    raw = data.encode() if isinstance(data, str) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        raw = gzip.compress(raw, mtime=0)
    elif path.suffix == ".bz2":
        raw = bz2.compress(raw)
    elif path.suffix == ".zst":
        raw = pa.Codec("zstd").compress(raw).to_pybytes()
    path.write_bytes(raw)
    return path


def tsv(rows: Iterable[tuple[str, ...]], header: tuple[str, ...] | None = ("url", "caption")) -> str:
    """Rows as tab-separated lines."""
    return "".join("\t".join(row) + "\n" for row in [*([header] if header else []), *rows])


def json_lines(rows: Iterable[Any]) -> str:
    """Values as a JSON text each, one a line."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def read(path: Path, spec: dict[str, Any], rows: int = 1000) -> list[Row]:
    """All rows as the reader hands them over, sorted so that malformed rows stand last."""
    check_files([path], spec, WHERE)
    batches = list(read_batches(path, spec, WHERE, rows))
    return sorted(pa.Table.from_batches(batches).to_pylist(), key=lambda row: bool(row["problem"]))


def pairs(path: Path, spec: dict[str, Any], rows: int = 1000) -> list[tuple[bytes | None, bytes | None]]:
    """(url, caption) of the rows that can be read; there must be no others."""
    found = read(path, spec, rows)
    assert not any(row["problem"] for row in found)
    return [(row["url"], row["caption"]) for row in found]


def normal(path: Path, spec: dict[str, Any]) -> list[Row]:
    """All rows in one form, in the reader's order."""
    return [row for batch in read_batches(path, spec, WHERE) for row in normalise(batch, spec).rows.to_pylist()]
