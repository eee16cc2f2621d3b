"""Bounds on a YAML file, checked before it is made into data: a few lines of aliases can stand for billions of values,
and the parser calls itself for every level, until the process ends."""

from typing import Any

import yaml

DEEPEST, LARGEST = 50, 500_000
"""Levels and values of one file, aliases written out; the largest file of the repository has a few thousand."""
NOT_ONE = "that is no configuration of a study"
Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Makes plain data alone."""


def check_depth(text: str) -> None:
    """Raise YAMLError for a text that is nested too deeply; it is read event by event, which needs no depth."""
    level = 0
    for event in yaml.parse(text, Loader=Loader):
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if level > DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {DEEPEST} levels deep; {NOT_ONE}")


def check_size(node: yaml.Node) -> None:
    """Raise YAMLError for a file that aliases make as large as no study is, or that holds itself."""
    sizes: dict[int, int] = {}

    def size(part: yaml.Node, level: int) -> int:
        if level > DEEPEST or sizes.get(id(part)) == 0:
            raise yaml.YAMLError(f"a part of it holds itself, or aliases nest too deeply; {NOT_ONE}")
        if id(part) not in sizes:
            sizes[id(part)] = 0
            sizes[id(part)] = 1 + sum(size(one, level + 1) for one in _inner(part))
        return sizes[id(part)]

    if size(node, 0) > LARGEST:
        raise yaml.YAMLError(f"with its aliases written out it has more than {LARGEST:,} values; {NOT_ONE}")


def _inner(part: yaml.Node) -> list[yaml.Node]:
    """The nodes in a node: of a mapping its keys and values."""
    if isinstance(part, yaml.MappingNode):
        return [one for pair in part.value for one in pair]
    return list(part.value) if isinstance(part, yaml.SequenceNode) else []
