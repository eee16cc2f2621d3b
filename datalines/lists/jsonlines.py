"""Lists with a JSON object in every line. A line that is no JSON object is a problem of that row alone.

Memory: one block of lines and what it says, or one line of up to 16 MiB.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from datalines.errors import PoolError
from datalines.lists.columns import check_keys, with_problems
from datalines.lists.delimited import HEAD_BYTES, HEAD_LINES, ROW_BYTES
from datalines.lists.files import opened, whole_lines


def check(path: Path, spec: dict[str, Any], where: str) -> dict[str, str]:
    """The keys behind the wanted columns; PoolError for one that none of the first 1,000 objects has."""
    found: dict[str, None] = {}
    objects = 0
    with opened(path, where) as stream:
        for block in whole_lines(stream, HEAD_BYTES):
            for line in block.split(b"\n"):
                value = parsed(line)
                if isinstance(value, dict):
                    found.update(dict.fromkeys(value))
                    objects += 1
            if objects >= HEAD_LINES:
                break
    if not found:
        raise PoolError(f"{where}.format: {path} holds no line that is a JSON object; check `format`")
    return check_keys(list(found), spec, where, path)


def read(path: Path, spec: dict[str, Any], where: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Batches of about `rows` rows of 128 bytes, all columns binary."""
    keys = check(path, spec, where)
    number = 0
    with opened(path, where) as stream:
        for block in whole_lines(stream, rows * ROW_BYTES):
            values = []
            for line in block[:-1].split(b"\n"):
                number += 1
                if line.strip():
                    values.append((f"line {number} of {path.name}", parsed(line)))
            yield batch(values, keys)


def parsed(line: bytes) -> Any:
    """The JSON value of a line; for a line that is none, the reason as an exception."""
    try:
        return json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        return error


def batch(values: list[tuple[str, Any]], keys: dict[str, str]) -> pa.RecordBatch:
    """A reader's batch from (place, JSON value): binary columns, and a problem for each value that does not serve."""
    rows: list[list[bytes | None]] = []
    problems = []
    for place, value in values:
        try:
            rows.append(_fields(value, keys))
        except ValueError as error:
            problems.append((place, str(error)))
    columns = [pa.array(column, pa.binary()) for column in zip(*rows, strict=True)] if rows else []
    empty = pa.array([], pa.binary())
    return with_problems(dict(zip(keys, columns or [empty] * len(keys), strict=True)), problems)


def _fields(value: Any, keys: dict[str, str]) -> list[bytes | None]:
    if isinstance(value, Exception):
        raise ValueError(f"no JSON: {value}")
    if not isinstance(value, dict):
        raise ValueError("no object with keys")
    return [_field(value.get(key), name, key) for name, key in keys.items()]


def _field(value: Any, name: str, key: str) -> bytes | None:
    if value is None:
        return None
    if not isinstance(value, str):
        if not name.startswith("fact."):
            raise ValueError(f"{key} is not a text")
        value = json.dumps(value, sort_keys=True, ensure_ascii=False)
    try:
        return value.encode()
    except UnicodeEncodeError:  # half a surrogate pair: stays visible as bytes that are not UTF-8
        return value.encode("utf-8", "surrogatepass")
