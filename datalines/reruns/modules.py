"""Which modules are behind a change of code: those whose older source gives the digest that a receipt states.

Older sources are those that the workflow remembers of its own calls, and those of git's last commits. What is named is
proved: with exactly these modules as they were, the digest comes out again.
"""

import hashlib
import itertools
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from datalines.codehash import KEPT, PLUMBING, ROOT, source_hash, sources
from datalines.sources import Source, parsed

COMMITS = 50
"""Commits that are looked through, from the newest."""
TRIES, WIDE_TRIES = 20_000, 1_000
"""Remembered sources that are tried at most: pairs of those that import the same, and others, which take longer."""


@dataclass(frozen=True)
class Changed:
    """Modules that changed, by path from the checkout, and what they were compared with, empty if with nothing."""

    modules: tuple[str, ...]
    since: str


@dataclass(frozen=True)
class Tree:
    """The Python files of a checkout at some time: their paths, and how to read one."""

    paths: frozenset[str]
    read: Callable[[str], Source]

    def reached(self, scripts: Sequence[str]) -> list[str]:
        """Modules of the library that scripts import, at whatever distance, sorted."""
        found: set[str] = set()
        queue = list(scripts)
        while queue:
            for name in self.read(queue.pop()).imports:
                new = [path for path in self._files_of(name) if path not in found]
                found.update(new)
                queue += new
        return sorted(found)

    def _files_of(self, name: str) -> list[str]:
        parts = name.split(".")
        named = ["/".join([*parts[:depth], "__init__.py"]) for depth in range(1, len(parts) + 1)]
        return [path for path in [*named, "/".join(parts) + ".py"] if path in self.paths and path not in PLUMBING]

    def lines(self, scripts: Sequence[str]) -> dict[str, str]:
        """What goes into the digest of the code behind some scripts, by file; scripts first."""
        own = {script: self.read(script).documented for script in sorted(scripts)}
        return {**own, **{path: f"{path}\0{self.read(path).code}" for path in self.reached(scripts)}}

    def with_older(self, older: str, source: Source) -> "Tree":
        """The same files, one with an older source."""
        return Tree(self.paths, lambda path: source if path == older else self.read(path))


def changed_modules(scripts: tuple[str, ...], before: str, now: str) -> Changed | None:
    """The files in which the code behind `scripts` differs from that of digest `before`; None where that cannot be
    told. `scripts` are paths from the checkout, `now` is the digest of their code as it is."""
    current = _current()
    if not all((ROOT / script).is_file() for script in scripts) or source_hash(*scripts) != now:
        return None
    for lines in _remembered(current, scripts):
        if digest_of(lines) == before:
            return Changed(_different(lines, current.lines(scripts)), "remembered sources")
    for commit in _commits():
        tree = _committed(commit)
        if tree and all(script in tree.paths for script in scripts) and digest_of(tree.lines(scripts)) == before:
            return Changed(_different(tree.lines(scripts), current.lines(scripts)), f"commit {commit[:10]}")
    return None


def reached_of(files: frozenset[str], scripts: Sequence[str]) -> tuple[str, ...]:
    """Those of some files that belong to the code behind scripts."""
    return tuple(sorted(files & {*scripts, *_current().reached(scripts)})) if files else ()


def digest_of(lines: Mapping[str, str]) -> str:
    """The digest of code as rules have it among their params."""
    return hashlib.sha256("".join(lines.values()).encode()).hexdigest()[:12]


def _different(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(path for path in {*before, *now} if before.get(path) != now.get(path)))


@cache
def _current() -> Tree:
    files = (path for folder in ("datalines", "workflow/scripts") for path in (ROOT / folder).rglob("*.py"))
    paths = frozenset(path.relative_to(ROOT).as_posix() for path in files)
    return Tree(paths, lambda path: sources().source(ROOT / path))


def _remembered(current: Tree, scripts: Sequence[str]) -> Iterator[dict[str, str]]:
    """The lines with one or two files as remembered: first those versions that import the same as now."""
    old, lines = _older(current), current.lines(scripts)
    pairs = [(path, source) for path in lines for source in old]
    alike = [(path, source) for path, source in pairs if source.imports == current.read(path).imports]
    other = [(path, source) for path, source in pairs if source.imports != current.read(path).imports]

    def line(path: str, source: Source) -> dict[str, str]:
        return {path: source.documented if path in scripts else f"{path}\0{source.code}"}

    yield from ({**lines, **line(*entry)} for entry in alike)
    for path, source in itertools.islice(other, WIDE_TRIES):
        yield current.with_older(path, source).lines(scripts)
    two = itertools.combinations(alike, 2)
    yield from ({**lines, **line(*one), **line(*more)} for one, more in itertools.islice(two, TRIES))


def _older(current: Tree) -> list[Source]:
    """What is remembered of contents that no file has now."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept: dict[str, Any] = json.loads((ROOT / KEPT).read_text(encoding="utf-8"))["files"]
        contents = {hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in current.paths}
        entries = [entry for key, entry in kept.items() if key not in contents]
        return [Source(tuple(imports), code, documented) for imports, code, documented in reversed(entries)]
    return []


@cache
def _commits() -> tuple[str, ...]:
    """The last commits that changed code, the newest first; none outside of a repository."""
    said = _git("log", f"--max-count={COMMITS}", "--format=%H", "--", "datalines", "workflow/scripts")
    return tuple(said.decode().split())


@cache
def _committed(commit: str) -> Tree | None:
    listing = _git("ls-tree", "-r", "-z", commit, "--", "datalines", "workflow/scripts").decode()
    entries = [line.split("\t") for line in listing.split("\0") if line.endswith(".py")]
    blobs = {path: said.split()[2] for said, path in entries}
    return Tree(frozenset(blobs), lambda path: _blob(blobs[path])) if blobs else None


@cache
def _blob(name: str) -> Source:
    return parsed(_git("cat-file", "blob", name).decode(), name)


def _git(*words: str) -> bytes:
    """What git says here; nothing where there is none, or where the checkout is no repository of its own."""
    with suppress(OSError):
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True)
        return done.stdout if done.returncode == 0 and (ROOT / ".git").exists() else b""
    return b""
