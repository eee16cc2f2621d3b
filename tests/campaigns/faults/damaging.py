"""Damage to files: cut off, one bit flipped, emptied, deleted, or taken from another run."""

import os
import random
from dataclasses import dataclass
from pathlib import Path

from datalines.audit.results import read_results

TRUNCATED, FLIPPED, EMPTIED, DELETED, SWAPPED = "truncated", "flipped", "emptied", "deleted", "swapped"
WAYS = (TRUNCATED, FLIPPED, EMPTIED, DELETED, SWAPPED)
RECEIPT = "receipt"


@dataclass(frozen=True)
class Damage:
    """What was done to which files, whose paths are relative to the results."""

    paths: tuple[str, ...]
    words: str


def by_kind(results: Path) -> dict[str, list[str]]:
    """Files of a study that can be damaged, by their kind and the end of their names; receipts are a kind as well."""
    read = read_results(results)
    found: dict[str, list[str]] = {RECEIPT: [receipt.path for receipt in read.receipts]}
    for path, artifact in sorted(read.artifacts.items()):
        if (results / path).is_file():
            found.setdefault(f"{artifact.kind} {Path(path).suffix}", []).append(path)
    return {kind: sorted(paths) for kind, paths in found.items() if paths}


def inflict(results: Path, way: str, chance: random.Random) -> Damage:
    """Damage one file of a kind that chance chooses; two where they are swapped."""
    files = by_kind(results)
    able = [kind for kind, paths in files.items() if way != SWAPPED or partners(results, paths)]
    kind = chance.choice(sorted(able))
    if way == SWAPPED:
        return swap(results, kind, chance.choice(partners(results, files[kind])), chance)
    full = [path for path in files[kind] if (results / path).stat().st_size]
    path = chance.choice(full)
    return damage(results, kind, path, way, chance)


def partners(results: Path, paths: list[str]) -> list[tuple[str, str]]:
    """Pairs of files of one kind with different content."""
    contents = {path: (results / path).read_bytes() for path in paths}
    return [
        (first, second)
        for place, first in enumerate(paths)
        for second in paths[place + 1 :]
        if contents[first] != contents[second]
    ]


def damage(results: Path, kind: str, path: str, way: str, chance: random.Random) -> Damage:
    """Damage one file, in place or by a new file under its name, with its old time or a new one."""
    file = results / path
    before = file.stat()
    if way == DELETED:
        file.unlink()
        return Damage((path,), f"{path} ({kind}) deleted")
    content, said = damaged(file.read_bytes(), way, chance)
    sharing = names_of(results, before.st_ino)
    in_place = chance.random() < 0.5
    rewrite(file, content, in_place)
    old_time = chance.random() < 0.5
    if old_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    how = f"{'in place' if in_place else 'as a new file'}, {'old' if old_time else 'new'} time"
    return Damage(tuple(sharing) if in_place else (path,), f"{path} ({kind}) {said}, {how}")


def damaged(content: bytes, way: str, chance: random.Random) -> tuple[bytes, str]:
    """The damaged content of a file that is not empty, and what was done to it."""
    if way == EMPTIED:
        return b"", "emptied"
    if way == TRUNCATED:
        length = chance.randrange(max(1, len(content) - 1))  # a text without its last line break says the same
        return content[:length], f"truncated to {length} of {len(content)} bytes"
    place, bit = chance.randrange(len(content)), chance.randrange(8)
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    return bytes(changed), f"bit {bit} of byte {place} flipped"


def swap(results: Path, kind: str, pair: tuple[str, str], chance: random.Random) -> Damage:
    """Exchange the contents of two files, or put one's in the place of both."""
    first, second = (results / path for path in pair)
    contents, both = (first.read_bytes(), second.read_bytes()), chance.random() < 0.5
    times = [file.stat() for file in (first, second)]
    rewrite(first, contents[1], in_place=False)
    if both:
        rewrite(second, contents[0], in_place=False)
    for file, before in zip((first, second), times, strict=True):
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    paths = pair if both else pair[:1]
    return Damage(paths, f"{pair[0]} ({kind}) {'exchanged with' if both else 'replaced by'} {pair[1]}, old times")


def rewrite(file: Path, content: bytes, in_place: bool) -> None:
    """New content for a file: in the file itself, which other names may share, or in a new one under this name."""
    if not in_place:
        file.unlink()
    file.write_bytes(content)


def names_of(results: Path, inode: int) -> list[str]:
    """Every artifact and receipt that is the same file: mixtures link whole shards."""
    found = (path for path in results.rglob("*") if path.is_file() and path.stat().st_ino == inode)
    inside = (path.relative_to(results).as_posix() for path in found)
    return sorted(path for path in inside if path.split("/")[0] != "state")
