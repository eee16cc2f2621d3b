"""Reads one part of a pool item by item and stores it: the images as obtained, and one row for every requested item."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from datalines.files import write_json
from datalines.images import ImageError, decode
from datalines.pools import cifar, folder, testbed, webshards
from datalines.pools.base import OK, Item, Reader, item_id
from datalines.pools.partfiles import FACT, PartWriter, fact_fields, part_files

READERS: dict[str, Reader] = {
    "testbed": testbed.read,
    "folder": folder.read,
    "shards": webshards.read,
    "cifar": cifar.read,
}
# What the items of a kind know beside caption and label, and whether it is `text` or a `number`.
FACTS: dict[str, dict[str, str]] = {"testbed": testbed.FACTS, "folder": {}, "shards": {}, "cifar": {}}


def read_items(spec: dict[str, Any], part: int, parts: int, where: str) -> Iterable[Item]:
    """All requested items of one part, by the reader of the pool's kind."""
    return READERS[spec["kind"]](spec, part, parts, where)


def store_part(
    name: str, items: Iterable[Item], tar: Path, rows: Path, facts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Decode every image in full, write the good ones to `tar` and a row for each item to `rows`; return the counts.

    `facts` gives the columns `fact.<name>`, so that all parts have the same ones. The receipt's promise, requested =
    stored + failed by status, is checked.
    """
    declared = dict(facts or {})
    with part_files(name, tar, rows, fact_fields(declared)) as writer:
        for item in items:
            _store(name, item, declared, writer)
    return writer.counts(tar, rows)


def write_part_receipt(path: Path, pool: str, part: int | str, spec: dict[str, Any], counts: dict[str, Any]) -> None:
    """Write the part's receipt, last of its files."""
    write_json(path, {"pool": pool, "part": part, "kind": spec["kind"], "version": spec["version"], **counts})


def _store(name: str, item: Item, facts: Mapping[str, str], writer: PartWriter) -> None:
    row = _row(name, item, facts)
    if item.status != OK:
        writer.fail(row)
    elif not item.caption.strip():
        writer.fail(row | {"status": "empty_caption"})
    else:
        try:
            image = decode(item.image)
        except ImageError as error:
            writer.fail(row | {"status": "undecodable_image", "message": str(error)})
        else:
            size = {"width": image.width, "height": image.height}
            writer.store(row | size, item.image, hashlib.sha256(item.image).hexdigest())


def _row(name: str, item: Item, facts: Mapping[str, str]) -> dict[str, Any]:
    """What the item itself says. A fact that its pool's kind does not declare is an error of the reader."""
    unknown = sorted(set(item.facts) - set(facts))
    if unknown:
        raise ValueError(f"{name}: the item {item.key!r} has undeclared facts: {', '.join(unknown)}")
    return {
        "id": item_id(name, item.key),
        "key": item.key,
        "status": item.status,
        "message": item.message,
        "caption": item.caption,
        "label": item.label,
        "extension": item.extension,
        **{f"{FACT}{fact}": value for fact, value in item.facts.items()},
    }
