"""Pools of kind `folder`: a directory or a tar of class folders, with captions from templates."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from datalines.config.paths import first_existing
from datalines.errors import PoolError
from datalines.images import EXTENSIONS
from datalines.pools.archive import Member, members
from datalines.pools.base import Item, part_range

STRAY = ""


def read(spec: dict[str, Any], part: int, parts: int, where: str) -> Iterator[Item]:
    """Yield one item per file of the class folders (of the declared split), in the order of their names."""
    path = first_existing(spec["path"], f"{where}.path")
    files = _named(_under(members(path, f"{where}.path"), spec.get("root")), spec)
    _check_classes(files, spec, where, str(path))
    chosen = [entry for entry in files if in_split(f"{entry[0]}/{entry[1]}", spec.get("split"))]
    repeated = {name for name, count in Counter(entry[2].name for entry in chosen).items() if count > 1}
    seen: set[str] = set()
    span = part_range(len(chosen), part, parts)
    for position, (folder, name, member) in enumerate(chosen):
        duplicate = member.name in repeated and member.name in seen
        seen.add(member.name)
        if position in span:
            yield _item(folder, name, member, spec, duplicate)


def _named(files: list[tuple[str, str, Member]], spec: dict[str, Any]) -> list[tuple[str, str, Member]]:
    """Folders by the class names that the config gives them; only listed classes, where the config lists any."""
    names, listed = spec.get("names") or {}, _listed(spec)
    named = [(names.get(folder, folder), name, member) for folder, name, member in files]
    return [entry for entry in named if not listed or entry[0] in {STRAY, *listed}]


def _listed(spec: dict[str, Any]) -> list[str]:
    """The classes that must be found: a shift's subset, a pool's class list, or any."""
    return spec.get("subset") or spec.get("class_names") or []


def in_split(name: str, split: dict[str, Any] | None) -> bool:
    """Whether a file belongs to the declared side of a train/test split: by a hash of its name, so that it never moves."""
    if split is None:
        return True
    digest = hashlib.blake2b(f"{split['salt']}\0{name}".encode(), digest_size=8).digest()
    held_out = int.from_bytes(digest, "big") / 2**64 < split["test_share"]
    return held_out == (split["part"] == "test")


def _under(files: list[Member], root: str | None) -> list[tuple[str, str, Member]]:
    """(class folder, file name, member) of every file below `root`; a file that is not in a class folder has the folder STRAY."""
    start = PurePosixPath(root or ".")
    found = []
    for member in files:
        try:
            inside = PurePosixPath(member.name).relative_to(start)
        except ValueError:
            continue
        in_class = len(inside.parts) == 2
        found.append((inside.parts[0], inside.parts[1], member) if in_class else (STRAY, inside.as_posix(), member))
    return found


def _check_classes(files: list[tuple[str, str, Member]], spec: dict[str, Any], where: str, path: str) -> None:
    images = Counter(folder for folder, name, _ in files if folder != STRAY and _extension(name) in EXTENSIONS)
    inside = f" under {spec['root']!r}" if spec.get("root") else ""
    if not images:
        raise PoolError(f"{where}: {path} holds no class folders with images{inside}; expected <class>/<file>.jpg")
    empty = sorted({folder for folder, _, _ in files} - {STRAY} - set(images)) + sorted(set(_listed(spec)) - set(images))
    if empty:
        raise PoolError(f"{where}: {path}{inside}: class folders without images: {', '.join(dict.fromkeys(empty))}; add images or leave the class out")


def _item(folder: str, name: str, member: Member, spec: dict[str, Any], duplicate: bool) -> Item:
    extension = _extension(name)
    key = f"{folder}/{name}"
    if folder == STRAY:
        return Item(key=name, status="unsupported_format", message="not in a class folder")
    if duplicate:
        return Item(key=key, label=folder, status="duplicate_key", message="this name occurred before in the same archive")
    if extension not in EXTENSIONS:
        return Item(key=key, label=folder, status="unsupported_format", message=f"extension {extension or 'none'}")
    return Item(key=key, extension=extension, image=member.read(), caption=caption_of(key, folder, spec), label=folder)


def caption_of(key: str, folder: str, spec: dict[str, Any]) -> str:
    """One of the templates, chosen by a hash of the file's name, filled with the class's name. Evaluation sets have no templates."""
    templates = spec.get("templates") or ["{}"]
    choice = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8, person=b"caption").digest(), "big") % len(templates)
    return str(templates[choice]).format(folder.replace("_", " "))


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower().removeprefix(".")
