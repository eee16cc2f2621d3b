"""Evaluation sets of real images: whether they are there, and whether all of their images are."""

import os
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from datalines.config.errors import ConfigError
from datalines.config.paths import first_existing
from datalines.config.resolve import shift_specs
from datalines.doctor.line import Asked, Line, State, listed
from datalines.errors import DatalinesError
from datalines.evalsets import reading
from datalines.files import read_json
from datalines.images import EXTENSIONS
from datalines.pools.archive import GZIP, tar_members
from datalines.pools.folder import in_split
from datalines.pools.webshards import shard_paths

SECONDS = 2.0
REAL = ("folder", "shards", "cifar")


class _LateError(Exception):
    """The time for counting is over."""


def examine(asked: Asked) -> Line:
    """The sets of the scale that are no drawn ones: prepared already, else their images counted as long as time is."""
    assert asked.study is not None
    study = asked.study
    names = [name for name in study.shifts_read() if getattr(study.shifts[name], "kind", "") in REAL]
    if not names:
        return Line("evaluation sets", State.OK, f"scale {asked.scale} draws all of them")
    until = time.monotonic() + SECONDS
    specs = shift_specs(study)
    missing, wrong, counted, unseen = [], [], [], []
    for name in names:
        where = f"shifts.{name}"
        try:
            found = _prepared(asked.results / "shifts" / name) or _count(reading(specs[name]), where, until)
        except _LateError:
            unseen.append(name)
            continue
        except (FileNotFoundError, ConfigError):  # nothing lies there, or a $NAME of its path is not set
            missing.append(name)
            continue
        except DatalinesError as error:
            wrong.append(str(error))
            continue
        if found is None:
            unseen.append(name)
        elif not found:
            missing.append(name)
        elif found != study.shifts[name].items:
            wrong.append(f"{name} has {found:,} images of {study.shifts[name].items:,}")
        else:
            counted.append(name)
    if wrong:
        todo = "Complete the sets; docs/evaluation.md says what each copy holds."
        return Line("evaluation sets", State.BROKEN, listed(wrong, 2), todo)
    if missing:
        text = f"{len(missing)} of {len(names)} are not here: {listed(missing)}"
        return Line(
            "evaluation sets", State.LOOK, text, "Put them where `path` says, or fetch those that have an address."
        )
    text = f"{len(counted)} complete" + (f", {len(unseen)} there and not counted: {listed(unseen)}" if unseen else "")
    return Line("evaluation sets", State.OK, text)


def _prepared(folder: Path) -> int | None:
    """Images of a set that a run has prepared; None where it has not."""
    path = folder / "manifest.json"
    return int(read_json(path)["items"]) if path.is_file() else None


def _count(spec: dict[str, Any], where: str, until: float) -> int | None:
    """Images of the set where they lie; None where counting would mean to unpack. FileNotFoundError without them."""
    if spec["kind"] == "cifar":
        if not first_existing(spec["path"], where).exists():
            raise FileNotFoundError
        return None
    if spec["kind"] == "shards":
        try:
            tars = shard_paths(spec["path"], where)
        except DatalinesError as error:
            raise FileNotFoundError from error
        every = chain.from_iterable((member.name for member in tar_members(path, where)) for path in tars)
        return sum(_extension(name) in EXTENSIONS for name in _timed(every, until))
    path = first_existing(spec["path"], where)
    if not path.exists():
        raise FileNotFoundError
    if path.is_file():
        with path.open("rb") as stream:
            if stream.read(len(GZIP)) == GZIP:
                return None
    names = _files(path) if path.is_dir() else (member.name for member in tar_members(path, where))
    return sum(_belongs(PurePosixPath(name), spec) for name in _timed(names, until))


def _timed(names: Iterator[str], until: float) -> Iterator[str]:
    for number, name in enumerate(names):
        if number % 256 == 0 and time.monotonic() > until:
            raise _LateError
        yield name


def _files(folder: Path) -> Iterator[str]:
    for parent, _, files in os.walk(folder, followlinks=True):
        inside = Path(parent).relative_to(folder)
        yield from ((inside / name).as_posix() for name in files)


def _belongs(path: PurePosixPath, spec: dict[str, Any]) -> bool:
    """Whether a file of a set of class folders is one of its images, by its name."""
    start = PurePosixPath(spec.get("root") or ".")
    inside = path.relative_to(start).parts if path.is_relative_to(start) else ()
    if len(inside) != 2 or _extension(path.name) not in EXTENSIONS:
        return False
    label = (spec.get("names") or {}).get(inside[0], inside[0])
    passed = any(fnmatchcase(path.name, pattern) for pattern in spec.get("leave_out") or [])
    return label in spec["subset"] and not passed and in_split("/".join(inside), spec.get("split"))


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower().removeprefix(".")
