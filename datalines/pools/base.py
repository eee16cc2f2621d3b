"""The unit that all kinds of pools hand over, and the statuses that an item can end with."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

OK = "ok"
STATUSES = (
    OK,
    "undecodable_image",
    "undecodable_caption",
    "empty_caption",
    "missing_image",
    "missing_caption",
    "missing_label",
    "duplicate_key",
    "unsupported_format",
)


@dataclass(frozen=True)
class Item:
    """One requested item. `status` other than `ok` says why it cannot be used; nothing is left out of the list."""

    key: str
    extension: str = ""
    image: bytes = b""
    caption: str = ""
    label: str | None = None
    status: str = OK
    message: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Reader(Protocol):
    """Reads part `part` of `parts` of what `spec` declares; `where` names the key in errors, such as `pools.photo`."""

    def __call__(self, spec: dict[str, Any], part: int, parts: int, where: str) -> Iterator[Item]: ...


def item_id(pool: str, key: str) -> str:
    """The id of an item, 32 hex digits, from the pool's name and the item's key: the same everywhere and always."""
    return hashlib.blake2b(f"{pool}\0{key}".encode(), digest_size=16).hexdigest()


def part_range(items: int, part: int, parts: int) -> range:
    """The indices of part `part` when `items` items are cut into `parts` pieces whose sizes differ by one at most."""
    return range(items * part // parts, items * (part + 1) // parts)
