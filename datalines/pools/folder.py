"""Pools of kind `folder`: a directory or a tar of class folders, with captions from templates."""

import hashlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from datalines.config.paths import first_existing
from datalines.errors import PoolError
from datalines.images import EXTENSIONS
from datalines.pools.archive import Member, members, plain
from datalines.pools.base import Item, part_range

STRAY = ""


class File(NamedTuple):
    """A file in a class folder, and its class; a file that lies elsewhere has the folder STRAY. Or an empty folder."""

    folder: str
    name: str
    label: str
    member: Member

    @property
    def key(self) -> str:
        """Its name within the source. The folder's own name: it stays when the config renames a class."""
        return f"{self.folder}/{self.name}"


def read(spec: dict[str, Any], part: int, parts: int, where: str) -> Iterator[Item]:
    """Yield one item per file of the class folders (of the declared split), in the order of their names."""
    path = first_existing(spec["path"], f"{where}.path")
    with plain(path, f"{where}.path") as source:
        yield from _read(source, path, spec, (part, parts), where)


def _read(source: Path, path: Path, spec: dict[str, Any], part: tuple[int, int], where: str) -> Iterator[Item]:
    """The items of `source`, which holds what `path` holds."""
    found = _listed_only(_under(members(source, f"{where}.path"), spec), spec)
    _check_classes(found, spec, where, str(path))
    chosen = [file for file in found if not file.member.folder and in_split(file.key, spec.get("split"))]
    seen: set[str] = set()
    span = part_range(len(chosen), *part)
    for position, file in enumerate(chosen):
        duplicate = file.member.name in seen
        seen.add(file.member.name)
        if position in span:
            yield _item(file, spec, duplicate)


def _listed_only(files: list[File], spec: dict[str, Any]) -> list[File]:
    """Only listed classes, where the config lists any."""
    listed = _listed(spec)
    return [file for file in files if not listed or file.label in {STRAY, *listed}]


def _listed(spec: dict[str, Any]) -> list[str]:
    """The classes that must be found: a shift's subset, a pool's class list, or any."""
    return spec.get("subset") or spec.get("class_names") or []


def in_split(name: str, split: dict[str, Any] | None) -> bool:
    """Whether a file is on the declared side of a train/test split: by a hash of its name, so that it never moves."""
    if split is None:
        return True
    digest = hashlib.blake2b(f"{split['salt']}\0{name}".encode(), digest_size=8).digest()
    held_out = int.from_bytes(digest, "big") / 2**64 < split["test_share"]
    return held_out == (split["part"] == "test")


def _under(found: list[Member], spec: dict[str, Any]) -> list[File]:
    """Every file and class folder below `root` that is not left out, with the class names that the config gives."""
    start = PurePosixPath(spec.get("root") or ".")
    names, left_out = spec.get("names") or {}, spec.get("leave_out") or []
    files = []
    for member in found:
        path = PurePosixPath(member.name)
        passed = not member.folder and any(fnmatchcase(path.name, pattern) for pattern in left_out)
        if passed or not path.is_relative_to(start):
            continue
        inside = path.relative_to(start)
        if len(inside.parts) == (1 if member.folder else 2):
            folder = inside.parts[0]
            files.append(File(folder, "" if member.folder else inside.parts[1], names.get(folder, folder), member))
        elif not member.folder:
            files.append(File(STRAY, inside.as_posix(), STRAY, member))
    return files


def _check_classes(files: list[File], spec: dict[str, Any], where: str, path: str) -> None:
    images = [file for file in files if file.folder != STRAY and _extension(file.name) in EXTENSIONS]
    inside = f" under {spec['root']!r}" if spec.get("root") else ""
    if not images:
        raise PoolError(f"{where}: {path} holds no class folders with images{inside}; expected <class>/<file>.jpg")
    empty = sorted({file.folder for file in files} - {STRAY} - {file.folder for file in images})
    empty += sorted(set(_listed(spec)) - {file.label for file in images})
    if empty:
        text = f"class folders without images: {', '.join(dict.fromkeys(empty))}"
        raise PoolError(f"{where}: {path}{inside}: {text}; add images or leave the class out")


def _item(file: File, spec: dict[str, Any], duplicate: bool) -> Item:
    if file.folder == STRAY:
        return Item(key=file.name, status="unsupported_format", message="not in a class folder")
    refused = partial(Item, key=file.key, label=file.label)
    if duplicate:
        return refused(status="duplicate_key", message="this name occurred before in the same archive")
    extension = _extension(file.name)
    if extension not in EXTENSIONS:
        return refused(status="unsupported_format", message=f"extension {extension or 'none'}")
    caption = caption_of(file.key, file.label, spec)
    return Item(key=file.key, extension=extension, image=file.member.read(), caption=caption, label=file.label)


def caption_of(key: str, label: str, spec: dict[str, Any]) -> str:
    """One of the templates, chosen by a hash of the file's name, filled with the class; a shift has none."""
    templates = spec.get("templates") or ["{}"]
    digest = hashlib.blake2b(key.encode(), digest_size=8, person=b"caption").digest()
    return str(templates[int.from_bytes(digest, "big") % len(templates)]).format(label.replace("_", " "))


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower().removeprefix(".")
