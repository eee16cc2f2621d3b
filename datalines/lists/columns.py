"""The columns of a list: which ones a declaration needs, where they stand, and what to write if they are not there."""

import difflib
from pathlib import Path
from typing import Any

import pyarrow as pa

from datalines.errors import PoolError

PLACE = "place"
PROBLEM = "problem"
Wanted = dict[str, str | int]


def wanted_columns(spec: dict[str, Any]) -> Wanted:
    """The names under which readers hand columns over, and the columns that the declaration gives for them.

    `url`, `caption.<k>` for every column that the caption is joined from, `sha256` if there is one, `fact.<name>`.
    """
    columns = spec["columns"]
    captions = columns["caption"] if isinstance(columns["caption"], list) else [columns["caption"]]
    wanted = {"url": columns["url"], **{f"caption.{number}": column for number, column in enumerate(captions)}}
    if columns.get("sha256") is not None:
        wanted["sha256"] = columns["sha256"]
    facts = spec.get("facts") or {}
    return {**wanted, **{f"fact.{name}": facts[name]["column"] for name in sorted(facts)}}


def key_of(name: str, spec: dict[str, Any], where: str) -> str:
    """The key of the declaration that names a column, for errors."""
    kind, _, rest = name.partition(".")
    if kind == "fact":
        return f"{where}.facts.{rest}.column"
    listed = kind == "caption" and isinstance(spec["columns"]["caption"], list)
    return f"{where}.columns.{kind}.{rest}" if listed else f"{where}.columns.{kind}"


def positions(found: list[str], spec: dict[str, Any], where: str, path: Path) -> dict[str, int]:
    """Where the wanted columns stand among the `found` ones; PoolError for one that is missing or stands twice."""
    return {
        name: _position(column, found, key_of(name, spec, where), path) for name, column in wanted_columns(spec).items()
    }


def numbered(count: int, spec: dict[str, Any], where: str, path: Path) -> dict[str, int]:
    """The same for a file without a header and with `count` columns, which only numbers can name."""
    for name, column in wanted_columns(spec).items():
        key = key_of(name, spec, where)
        if isinstance(column, str):
            text = f"{path} is read without a header, so {column!r} names no column"
            raise PoolError(f"{key}: {text}; write a number from 0 to {count - 1}, or `header: true`")
        _check_number(column, count, key, path)
    return {name: int(column) for name, column in wanted_columns(spec).items()}


def check_keys(found: list[str], spec: dict[str, Any], where: str, path: Path) -> dict[str, str]:
    """The keys of JSON objects behind the wanted columns; a number, or a key that no object has, is a PoolError."""
    keys = {}
    for name, column in wanted_columns(spec).items():
        key = key_of(name, spec, where)
        if isinstance(column, int):
            raise PoolError(f"{key}: {path} holds objects with keys, not numbered columns; write one of {_all(found)}")
        _position(column, found, key, path)
        keys[name] = column
    return keys


def _position(column: str | int, found: list[str], key: str, path: Path) -> int:
    if isinstance(column, int):
        _check_number(column, len(found), key, path)
        return column
    if found.count(column) > 1:
        raise PoolError(f"{key}: {path} has several columns {column!r}; write the number of one, counted from 0")
    if column not in found:
        quoted = any(name.startswith('"') for name in found)
        advice = "; names in quotes need `quoting: standard`" if quoted else ""
        text = f"{path} has no column {column!r}; {_suggestion(column, found)}it has {_all(found)}{advice}"
        raise PoolError(f"{key}: {text}")
    return found.index(column)


def _check_number(column: int, count: int, key: str, path: Path) -> None:
    if not 0 <= column < count:
        text = f"{path} has {count} column{'s' if count != 1 else ''}, so there is no column {column}"
        advice = f"write a number from 0 to {count - 1}" if count > 1 else "check `format`, which decides the delimiter"
        raise PoolError(f"{key}: {text}; {advice}")


def _suggestion(column: str, found: list[str]) -> str:
    folded = {name.strip().strip('"').casefold(): name for name in reversed(found)}
    close = difflib.get_close_matches(column.strip().casefold(), folded, 1, 0.6)
    return f"did you mean {folded[close[0]]!r}? " if close else ""


def _all(found: list[str]) -> str:
    shown = ", ".join(repr(name) for name in found[:40])
    return shown + (f" and {len(found) - 40} more" if len(found) > 40 else "")


def with_problems(columns: dict[str, pa.Array], problems: list[tuple[str, str]]) -> pa.RecordBatch:
    """A reader's batch: the readable rows' columns, then a row for every (place, problem) that could not be read.

    Readable rows have an empty `place` and `problem`; the others have nothing but these two.
    """
    readable = len(next(iter(columns.values())))
    texts = {
        name: pa.array([""] * readable + [entry[index] for entry in problems], pa.string())
        for index, name in enumerate((PLACE, PROBLEM))
    }
    padded = {name: _padded(values, len(problems)) for name, values in columns.items()}
    return pa.RecordBatch.from_pydict({**padded, **texts})


def _padded(values: pa.Array, count: int) -> pa.Array:
    return pa.concat_arrays([values, pa.nulls(count, values.type)]) if count else values
