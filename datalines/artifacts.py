"""What the files of a study are: their kinds by their place, what they hold, and the files that they vouch for."""

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = {
    "pools": "pool part",
    "lists": "list",
    "hashes": "hashes",
    "scores": "scores",
    "filters": "filter",
    "shards": "shards",
    "mixtures": "mixture",
    "runs": "run",
    "shifts": "evaluation set",
    "evals": "predictions",
    "records": "records",
    "fits": "fits",
    "theory": "theory",
    "published": "published results",
    "samples": "sample sheet",
    "papers": "paper",
    "report": "report",
}
FIGURE = (".pdf", ".png", ".svg")
COUNTS = ("samples", "items", "stored")
"""Keys under which a manifest says how many items it has, the first that is there."""


@dataclass(frozen=True)
class Vouched:
    """A file that a manifest names with its digest; `bytes` and `items` where the manifest states them."""

    path: Path
    sha256: str
    bytes: int | None
    items: int | None


def kind_of(path: Path, root: Path) -> str:
    """Kind of one file of a study under `root`: `mixture`, `run`, `figure`, ...; `file` for what has no such place."""
    inside = Path(os.path.relpath(path, root)).parts
    if inside[0] == "papers":
        return "figure" if path.suffix in FIGURE else "caption" if path.suffix == ".md" else "table"
    return KINDS.get(inside[0], "download" if "downloads" in inside else "file")


def contents(path: Path) -> dict[str, Any]:
    """Items of a manifest or table, and the digest of their ids in order where a manifest has one; nothing for other
    files."""
    if path.suffix == ".parquet":
        # An audit needs none of this, and runs where little more than Python is installed.
        import pyarrow.parquet as pq

        return {"items": pq.read_metadata(path).num_rows}
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            return {"items": max(0, sum(1 for _ in csv.reader(stream)) - 1)}
    if path.suffix == ".json":
        said = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(said, dict):
            count = next((said[key] for key in COUNTS if isinstance(said.get(key), int)), None)
            return {
                **({} if count is None else {"items": count}),
                **({"content": said["order_sha256"]} if "order_sha256" in said else {}),
            }
    return {}


def vouched(manifest: Path, said: Any) -> list[Vouched]:
    """Files that a manifest, already read, names with their digests, wherever in it they stand. Their paths are beside
    the manifest."""
    files: list[Vouched] = []
    if isinstance(said, dict):
        if isinstance(said.get("path"), str) and isinstance(said.get("sha256"), str):
            items, size = said.get("samples", said.get("rows")), said.get("bytes")
            files.append(
                Vouched(
                    manifest.parent / said["path"],
                    said["sha256"],
                    size if isinstance(size, int) else None,
                    items if isinstance(items, int) else None,
                )
            )
        files += [entry for value in said.values() for entry in vouched(manifest, value)]
    elif isinstance(said, list):
        files += [entry for value in said for entry in vouched(manifest, value)]
    return files
