"""Pools of kind `testbed`: drawn images with true captions, from `datalines.testbed`."""

from collections.abc import Iterator
from typing import Any

from datalines.pools.base import Item, part_range
from datalines.testbed.domain import Domain
from datalines.testbed.generate import encode_jpeg, generate

FACTS = {"style": "text"}


def read(spec: dict[str, Any], part: int, parts: int, where: str) -> Iterator[Item]:
    """Draw items `0 .. items-1` of the domain; an item depends only on the seed and its index, not on the parts."""
    domain = Domain(**spec["domain"])
    span = part_range(spec["items"], part, parts)
    for example in generate(domain, spec["seed"], span.start, span.stop):
        yield Item(
            key=f"{example.index:08d}",
            extension="jpg",
            image=encode_jpeg(example.image, domain.jpeg_quality),
            caption=example.caption,
            label=example.class_name,
            facts={"style": example.style},
        )
