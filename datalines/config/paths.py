"""Paths of pools and shifts: `$NAME` taken from the environment, and a check that they exist before any job starts."""

import os
import re
from pathlib import Path
from typing import Any

from datalines.config.downloads import Downloadable, is_address
from datalines.config.errors import ConfigError, Findings, Loc, Problem
from datalines.fetch.mirror import downloaded

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def unset_variable(path: str) -> str | None:
    """The first `$NAME` in `path` that the environment does not set (empty counts as unset), or None."""
    names = [match[1] or match[2] for match in VARIABLE.finditer(path)]
    return next((name for name in names if not os.environ.get(name)), None)


def expand(path: str, key: str) -> Path:
    """`path` with `$NAME`, `${NAME}` and `~` filled in. The `ConfigError` on an unset variable names `key`."""
    name = unset_variable(path)
    if name is not None:
        raise ConfigError([Problem("", key, unset_text(name))])
    return Path(VARIABLE.sub(lambda match: os.environ[match[1] or match[2]], path)).expanduser()


def first_existing(declared: str | list[str], key: str) -> Path:
    """The first of the declared paths that exists, `$NAME` filled in; if none does, the first.

    An address, which only the last can be, stands for the download of its file.
    """
    texts = [declared] if isinstance(declared, str) else declared
    paths = [downloaded(text) if is_address(text) else expand(text, key) for text in texts]
    return next((path for path in paths if path.exists()), paths[-1 if is_address(texts[-1]) else 0])


def matching(path: Path) -> list[Path]:
    """The files a path or a glob stands for, in alphabetical order; empty if there is none."""
    if path.exists():
        return [path]
    return sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))))


def check_path(loc: Loc, spec: Any, found: Findings) -> None:
    """Note the paths of a pool or shift that cannot be found; kinds without a path have nothing to check.

    A list of one archive names alternatives, of which the first that exists is read, and an address can be obtained; a
    list of shards names parts, which are all read.
    """
    declared: str | list[str] = getattr(spec, "path", [])
    listed = isinstance(declared, list)
    paths = [declared] if isinstance(declared, str) else declared
    unset, single = False, isinstance(spec, Downloadable)
    for index, path in enumerate(paths):
        here = (*loc, "path", index) if listed else (*loc, "path")
        name = unset_variable(path)
        if name is not None:
            unset = True
            found.add(here, unset_text(name))
        elif not single and not matching(expand(path, "")):
            found.add(here, missing_text(expand(path, "")))
    if single and not unset and not is_address(paths[-1]):
        _check_archive(loc, spec, found)


def _check_archive(loc: Loc, spec: Any, found: Findings) -> None:
    target, root = first_existing(spec.path, ""), getattr(spec, "root", None)
    if not target.exists():
        found.add((*loc, "path"), missing_text(target))
    elif root and target.is_dir() and not (target / root).is_dir():
        found.add((*loc, "root"), f"{target} has no folder {root}; correct `root`, or remove it")


def missing_text(path: Path) -> str:
    """What to do about a path that is not there."""
    return f"{path} does not exist; correct the path, or make the files available there"


def unset_text(name: str) -> str:
    """What to do about a variable that the environment does not set."""
    return f"${name} is not set; set it in the environment, e.g. export {name}=/path/to/folder"
