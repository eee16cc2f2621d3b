"""Drawn pools: an item depends on the seed and its index, not on the parts, and its image is a JPEG with its class."""

from typing import Any

from datalines.images import decode
from datalines.pools.base import OK, Item
from datalines.pools.testbed import FACTS, read

SPEC = {
    "items": 7,
    "seed": 3,
    "domain": {
        "styles": {"photo": 0.5, "sketch": 0.5},
        "classes": ["cat", "car"],
        "size": [32, 34],
        "wordings": {"prompt": 1.0},
    },
}


def items(part: int = 0, parts: int = 1, **changes: Any) -> list[Item]:
    return list(read({**SPEC, **changes}, part, parts, "pools.drawn"))


def test_items_are_decodable_pictures_of_their_class_with_captions() -> None:
    found = items()
    assert [item.key for item in found] == [f"{index:08d}" for index in range(7)]
    for item in found:
        assert (item.status, item.extension) == (OK, "jpg")
        assert item.label in {"cat", "car"}
        assert item.caption.strip()
        assert set(item.facts) == set(FACTS)
        assert item.facts["style"] in {"photo", "sketch"}
        assert min(decode(item.image).size) >= 16


def test_parts_do_not_change_what_is_drawn() -> None:
    assert [item for part in range(3) for item in items(part, 3)] == items()


def test_another_seed_draws_other_pictures_and_more_items_extend_the_same() -> None:
    assert [item.image for item in items(seed=4)] != [item.image for item in items()]
    assert items(items=9)[:7] == items()
