"""Writes one part of a pool: the images as obtained in a tar, and one row for every requested item."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from datalines.errors import CountError
from datalines.files import HashingWriter, atomic, sha256_file, write_json, write_parquet
from datalines.images import DECODER, ImageError, decode
from datalines.pools import folder, testbed, webshards
from datalines.pools.base import OK, Item, Reader, item_id
from datalines.tars import END_OF_ARCHIVE, tar_entry

READERS: dict[str, Reader] = {"testbed": testbed.read, "folder": folder.read, "shards": webshards.read}
COLUMNS = {
    "id": "string",
    "key": "string",
    "status": "string",
    "message": "string",
    "caption": "string",
    "label": "string",
    "extension": "string",
    "width": "int32",
    "height": "int32",
    "offset": "int64",
    "bytes": "int32",
    "sha256": "string",
    "facts": "string",
}


def read_items(spec: dict[str, Any], part: int, parts: int, where: str) -> Iterable[Item]:
    """All requested items of one part, by the reader of the pool's kind."""
    return READERS[spec["kind"]](spec, part, parts, where)


def store_part(name: str, items: Iterable[Item], tar: Path, rows: Path) -> dict[str, Any]:
    """Decode every image in full, write the good ones to `tar` and a row for each item to `rows`; return the counts.

    The receipt's promise, requested = stored + failed by status, is checked here.
    """
    table = []
    with atomic(tar) as temporary, temporary.open("wb") as stream:
        writer = HashingWriter(stream)
        for item in items:
            table.append(_store(name, item, writer))
        writer.write(END_OF_ARCHIVE)
        tar_sha256 = writer.hexdigest()
    frame = pd.DataFrame(table, columns=list(COLUMNS)).astype(COLUMNS)
    write_parquet(rows, frame)
    statuses = Counter(frame["status"])
    stored = statuses.pop(OK, 0)
    if stored + sum(statuses.values()) != len(frame):
        raise CountError(f"{name}: {len(frame)} requested, but {stored} stored and {dict(statuses)} failed")
    return {
        "requested": len(frame),
        "stored": stored,
        "failed": dict(sorted(statuses.items())),
        "decoder": DECODER,
        "tar": {"path": tar.name, "bytes": tar.stat().st_size, "sha256": tar_sha256},
        "rows": {"path": rows.name, "bytes": rows.stat().st_size, "sha256": sha256_file(rows)},
    }


def write_part_receipt(path: Path, pool: str, part: int, spec: dict[str, Any], counts: dict[str, Any]) -> None:
    """Write the part's receipt, last of its files."""
    write_json(path, {"pool": pool, "part": part, "kind": spec["kind"], "version": spec["version"], **counts})


def _store(name: str, item: Item, writer: HashingWriter) -> dict[str, Any]:
    item_key = item_id(name, item.key)
    row: dict[str, Any] = {
        "id": item_key,
        "key": item.key,
        "status": item.status,
        "message": item.message,
        "caption": item.caption,
        "label": item.label,
        "extension": item.extension,
        "width": 0,
        "height": 0,
        "offset": 0,
        "bytes": 0,
        "sha256": "",
        "facts": json.dumps(item.facts, sort_keys=True) if item.facts else "",
    }
    if item.status != OK:
        return row
    if not item.caption.strip():
        return row | {"status": "empty_caption"}
    try:
        image = decode(item.image)
    except ImageError as error:
        return row | {"status": "undecodable_image", "message": str(error)}
    header, padding = tar_entry(f"{item_key}.{item.extension}", len(item.image))
    writer.write(header)
    row |= {"offset": writer.position, "bytes": len(item.image), "width": image.width, "height": image.height}
    writer.write(item.image + padding)
    return row | {"sha256": hashlib.sha256(item.image).hexdigest()}
