"""Exclusion lists: what must not be used, by id, address, key or digest of the image."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datalines.errors import DatalinesError
from datalines.fetch.addresses import canonical_url
from datalines.filters.registry import ROW_UNITS, Mask, RowUnit, Step

NAME = "excluded"
FIELDS = ("id", "url", "key", "sha256")
HEADER = ("pool", *FIELDS, "reason")
_ID = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass
class Entries:
    """The entries that concern one pool, and which of them some row was found for.

    `values[field]` are the texts to look for, `owners[field]` the entry that each belongs to. An entry may name a row
    in several ways; one that fits is enough. Memory: the entries.
    """

    count: int = 0
    values: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    owners: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    _found: set[tuple[str, str]] = field(default_factory=set)

    def add(self, entry: dict[str, str]) -> None:
        """Add an entry with a text for at least one of FIELDS."""
        for name in FIELDS:
            if entry.get(name):
                self.values[name].append(entry[name])
                self.owners[name].append(self.count)
        self.count += 1

    def extend(self, others: "Entries") -> None:
        """Add all entries of another list."""
        for name in FIELDS:
            self.values[name] += others.values[name]
            self.owners[name] += [self.count + owner for owner in others.owners[name]]
        self.count += others.count

    def columns(self) -> list[str]:
        """The columns that must be looked at."""
        return [name for name in FIELDS if self.values[name]]

    def listed(self, rows: pa.RecordBatch) -> Mask:
        """Which rows are on the list, shape (n,)."""
        mask = np.zeros(len(rows), dtype=bool)
        for name in self.columns():
            column = rows.column(name).cast(pa.large_string())
            found = _flags(pc.is_in(column, value_set=pa.array(self.values[name], pa.large_string())))
            self._found.update((name, text) for text in column.filter(pa.array(found)).to_pylist())
            mask |= found
        return mask

    def unmatched(self) -> int:
        """How many entries no row was found for so far."""
        matched = {
            owner
            for name in FIELDS
            for text, owner in zip(self.values[name], self.owners[name], strict=True)
            if (name, text) in self._found
        }
        return self.count - len(matched)


def excluded(rows: pa.RecordBatch, step: Step) -> Mask:
    """Keep rows that no entry names."""
    return ~step["entries"].listed(rows)


ROW_UNITS[NAME] = RowUnit(lambda step: step["entries"].columns(), excluded)


def read_exclusions(path: Path, pool: str) -> Entries:
    """The entries of a list that concern a pool.

    The list is a csv whose header names some of pool, id, url, key, sha256 and reason (no pool: all pools), or a text
    with one id, address or sha256 a line, where empty lines and lines that begin with # are passed over. Raises
    DatalinesError naming the file and the line of an entry that names nothing.
    """
    entries = Entries()
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for line, entry in _entries(path, stream, pool):
                entries.add(_checked(path, line, entry))
    except UnicodeDecodeError as error:
        raise DatalinesError(f"{path} is not UTF-8 ({error.reason}); convert it") from error
    return entries


def _entries(path: Path, stream: TextIO, pool: str) -> Iterator[tuple[int, dict[str, str]]]:
    header = [name.strip() for name in stream.readline().split(",")]
    stream.seek(0)
    if set(header) & {"pool", *FIELDS}:
        return _from_csv(path, stream, pool)
    return _from_lines(path, enumerate(stream, start=1))


def entries_about(lists: Iterable[Path], pool: str) -> Entries:
    """The entries of some exclusion lists that concern a pool."""
    entries = Entries()
    for path in lists:
        entries.extend(read_exclusions(path, pool))
    return entries


def _from_csv(path: Path, stream: TextIO, pool: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(stream)
    header = [name.strip() for name in next(reader)]
    unknown = sorted(set(header) - set(HEADER))
    if unknown:
        raise DatalinesError(f"{path}: unknown columns {', '.join(unknown)}; write some of {', '.join(HEADER)}")
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            text = f"{len(cells)} cells, but the header has {len(header)}"
            raise DatalinesError(f"{path}, line {reader.line_num}: {text}; quote a text that holds a comma")
        entry = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        if not any(entry.get(name) for name in FIELDS):
            text = "names nothing; fill one of id, url, key and sha256"
            raise DatalinesError(f"{path}, line {reader.line_num}: {text}")
        if entry.get("pool", "") in ("", pool):
            yield reader.line_num, entry


def _from_lines(path: Path, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, raw in lines:
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        if _ID.fullmatch(text.lower()):
            yield number, {"id": text}
        elif _SHA256.fullmatch(text.lower()):
            yield number, {"sha256": text}
        elif "://" in text:
            yield number, {"url": text}
        else:
            expected = "an id (32 hex digits), a sha256 (64) or an address (https://...)"
            raise DatalinesError(f"{path}, line {number}: {text!r} is not {expected}")


def _checked(path: Path, line: int, entry: dict[str, str]) -> dict[str, str]:
    """The entry as rows write it: digits in lower case, the address canonical."""
    entry = {name: text.lower() if name in ("id", "sha256") else text for name, text in entry.items()}
    for name, pattern in (("id", _ID), ("sha256", _SHA256)):
        if entry.get(name) and not pattern.fullmatch(entry[name]):
            digits = 32 if name == "id" else 64
            raise DatalinesError(f"{path}, line {line}: {entry[name]!r} is no {name}; it has {digits} hex digits")
    if entry.get("url"):
        try:
            entry["url"] = canonical_url(entry["url"])
        except ValueError as error:
            raise DatalinesError(f"{path}, line {line}: {entry['url']!r} is no address ({error})") from error
    return entry


def _flags(found: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(found.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)
