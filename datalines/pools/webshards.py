"""Pools of kind `shards`: webdataset tars that somebody else made (image + .txt and/or .json and/or .cls)."""

import glob
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from datalines.config.paths import expand
from datalines.errors import PoolError
from datalines.images import EXTENSIONS
from datalines.pools.archive import Member, tar_members
from datalines.pools.base import Item

Group = dict[str, Member]


def read(spec: dict[str, Any], part: int, parts: int, where: str) -> Iterator[Item]:
    """Yield one item per sample (files that share the name up to its first dot), tar by tar; a part takes every `parts`-th tar."""
    for path in shard_paths(spec["path"], where)[part::parts]:
        seen: set[str] = set()
        for key, group in _samples(path, where):
            name = f"{path.stem}/{key}"
            if key in seen:
                yield Item(key=name, status="duplicate_key", message=f"{key} occurred before in {path.name}")
            else:
                seen.add(key)
                yield _item(name, group, spec, where)


def shard_paths(declared: str | list[str], where: str) -> list[Path]:
    """The tars that a glob or a list names, sorted; none, or two of the same name, is an error."""
    patterns = [declared] if isinstance(declared, str) else declared
    found = [Path(hit) for pattern in patterns for hit in glob.glob(str(expand(pattern, f"{where}.path")))]
    paths = sorted(set(found))
    if not paths:
        raise PoolError(f"{where}.path: no file matches {', '.join(patterns)}; give a glob or a list of .tar files")
    stems = [path.stem for path in paths]
    twins = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twins:
        raise PoolError(f"{where}.path: two shards share the name {twins[0]}.tar; rename one, names are part of the samples' keys")
    return paths


def _samples(path: Path, where: str) -> Iterator[tuple[str, Group]]:
    """Consecutive members with one key form a sample; a repeated extension starts a new one (a duplicate key)."""
    current = ""
    group: Group = {}
    for member in tar_members(path, f"{where}.path"):
        pure = PurePosixPath(member.name)
        base, _, extension = pure.name.partition(".")
        key = str(pure.with_name(base)) if base else member.name
        if group and (key != current or extension.lower() in group):
            yield current, group
            group = {}
        current = key
        group[extension.lower()] = member
    if group:
        yield current, group


def _item(key: str, group: Group, spec: dict[str, Any], where: str) -> Item:
    images = [extension for extension in group if extension in EXTENSIONS]
    if not images:
        return Item(key=key, status="missing_image", message=f"found only {', '.join(sorted(group))}")
    try:
        label = _label(group, spec, where)
    except (KeyError, ValueError, IndexError) as error:
        return Item(key=key, status="missing_label", message=f"{type(error).__name__}: {error}")
    try:
        caption = _text(group, spec.get("captions", "txt"))
    except KeyError as error:
        return Item(key=key, label=label, status="missing_caption", message=str(error))
    except ValueError as error:  # also UnicodeDecodeError and JSONDecodeError
        return Item(key=key, label=label, status="undecodable_caption", message=f"{type(error).__name__}: {error}")
    return Item(key=key, extension=images[0], image=group[images[0]].read(), caption=caption, label=label)


def _text(group: Group, source: str) -> str:
    """`txt` reads the .txt member, `json:<key>` one key of the .json member; a shift has no captions (`none`)."""
    kind, _, field = source.partition(":")
    if kind == "none":
        return "none"
    if kind not in group:
        raise KeyError(f"no .{kind} member")
    text = group[kind].read().decode("utf-8")
    if kind == "txt":
        return text.strip()
    value = json.loads(text)[field]
    if not isinstance(value, str):
        raise ValueError(f"{field} is not a text")
    return value.strip()


def _label(group: Group, spec: dict[str, Any], where: str) -> str | None:
    """The class name: from .cls (an index into the class list, or a name) or from one key of the .json member."""
    source = spec.get("label", "none")
    if source == "none":
        return None
    kind, _, field = source.partition(":")
    if kind not in group:
        raise KeyError(f"no .{kind} member")
    text = group[kind].read().decode("utf-8").strip()
    value = str(json.loads(text)[field]) if kind == "json" else text
    names = spec.get("class_names")
    if not value.isdigit():
        return value
    if names is None:
        raise PoolError(f"{where}.classes: labels are numbers; name the class list that they count")
    return str(names[int(value)])
