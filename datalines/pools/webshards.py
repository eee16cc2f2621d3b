"""Pools of kind `shards`: webdataset tars that somebody else made (image + .txt and/or .json and/or .cls)."""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from datalines.config.paths import expand, matching
from datalines.errors import PoolError
from datalines.images import EXTENSIONS
from datalines.pools.archive import Member, tar_members
from datalines.pools.base import Item

Group = dict[str, Member]
LONGEST_TEXT = 16 << 20  # bytes of a caption or of what is said of one image


def read(spec: dict[str, Any], part: int, parts: int, where: str) -> Iterator[Item]:
    """Yield one item per sample (files that share the name up to its first dot); a part takes every `parts`-th tar."""
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
    """The tars that a glob or a list names, sorted; a name without a file, or two of the same name, is an error."""
    found: set[Path] = set()
    for pattern in [declared] if isinstance(declared, str) else declared:
        hits = [hit for hit in matching(expand(pattern, f"{where}.path")) if not hit.name.startswith(".")]
        if not hits:
            raise PoolError(f"{where}.path: no file matches {pattern}; give a glob or a list of .tar files")
        found.update(hits)
    paths = sorted(found)
    stems = [path.stem for path in paths]
    twins = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twins:
        text = f"two shards share the name {twins[0]}.tar"
        raise PoolError(f"{where}.path: {text}; rename one, names are part of the samples' keys")
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
    except (LookupError, ValueError) as error:
        return Item(key=key, status="missing_label", message=_reason(error))
    try:
        caption = _caption(group, spec.get("captions", "none"))
    except LookupError as error:
        return Item(key=key, label=label, status="missing_caption", message=_reason(error))
    except ValueError as error:  # also UnicodeError and JSONDecodeError
        return Item(key=key, label=label, status="undecodable_caption", message=_reason(error))
    return Item(key=key, extension=images[0], image=group[images[0]].read(), caption=caption, label=label)


def _caption(group: Group, source: str) -> str:
    """From .txt (`txt`) or one key of .json (`json:<key>`); a shift has no captions (`none`)."""
    if source == "none":
        return "none"
    kind, _, field = source.partition(":")
    value = _content(group, kind, field)
    if not isinstance(value, str):
        raise ValueError(f"{field} is not a text")
    value.encode()  # a JSON text may hold half a surrogate pair, which cannot be stored
    return value.strip()


def _label(group: Group, spec: dict[str, Any], where: str) -> str | None:
    """The class name: from .cls (an index into the class list or its subset, or a name) or from a key of the .json."""
    source = spec.get("label", "none")
    if source == "none":
        return None
    kind, _, field = source.partition(":")
    value = _content(group, kind, field)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{field} is neither a text nor a whole number")
    text = str(value).strip()
    text.encode()
    if not text.isdecimal():
        return text
    names = spec["subset"] if spec.get("numbers") == "subset" else spec.get("class_names")
    if names is None:
        raise PoolError(f"{where}.classes: labels are numbers; name the class list that they count")
    if int(text) >= len(names):
        raise LookupError(f"{text} is not the number of one of {len(names)} classes, counted from 0")
    return str(names[int(text)])


def _content(group: Group, kind: str, field: str) -> Any:
    """The text of a member, or one key of a .json member. LookupError: not there; ValueError: not readable."""
    if kind not in group:
        raise LookupError(f"no .{kind} member")
    if group[kind].size > LONGEST_TEXT:
        raise ValueError(f"the .{kind} member has {group[kind].size:,} bytes, more than {LONGEST_TEXT:,}")
    text = group[kind].read().decode("utf-8")
    if kind != "json":
        return text
    try:
        content = json.loads(text)
    except RecursionError as error:
        raise ValueError("the .json member is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError("the .json member is not an object with keys")
    if field not in content:
        raise LookupError(f"no key {field} in the .json member")
    return content[field]


def _reason(error: Exception) -> str:
    """The sentence of an error raised here; of others, such as JSONDecodeError, with their name."""
    own = type(error) in (LookupError, ValueError)
    return str(error) if own else f"{type(error).__name__}: {error}"
