"""Lists in one JSON text: an array of objects, or an object that holds the array under a key (RedCaps: `annotations`).

The text is parsed element by element. Memory: one batch of elements, and one element of up to 16 MiB of text.
"""

import codecs
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from datalines.errors import PoolError
from datalines.lists.columns import check_keys, wanted_columns, with_problems
from datalines.lists.delimited import HEAD_BYTES, HEAD_LINES, ROW_BYTES
from datalines.lists.files import LONGEST, opened
from datalines.lists.jsonlines import batch

WHITE_SPACE = " \t\n\r"


def check(path: Path, spec: dict[str, Any], where: str) -> dict[str, str]:
    """The keys behind the wanted columns; PoolError for one that none of the first 1,000 objects has."""
    found: dict[str, None] = {}
    with opened(path, where) as stream:
        for value in islice(_elements(stream, spec, where, path, HEAD_BYTES), HEAD_LINES):
            found.update(dict.fromkeys(value if isinstance(value, dict) else ()))
    # A list without rows has no keys to be checked; another file of the same pool may have some.
    return check_keys(list(found) or _names(spec), spec, where, path)


def read(path: Path, spec: dict[str, Any], where: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Batches of up to `rows` rows, all columns binary."""
    keys = check(path, spec, where)
    number = 0
    with opened(path, where) as stream:
        elements = _elements(stream, spec, where, path, rows * ROW_BYTES)
        while values := list(islice(elements, rows)):
            yield batch(
                [(f"row {number + place} of {path.name}", value) for place, value in enumerate(values, 1)], keys
            )
            number += len(values)
    if not number:
        yield with_problems({name: pa.array([], pa.binary()) for name in keys}, [])


def _names(spec: dict[str, Any]) -> list[str]:
    return [column for column in wanted_columns(spec).values() if isinstance(column, str)]


def _elements(stream: IO[bytes], spec: dict[str, Any], where: str, path: Path, size: int) -> Iterator[Any]:
    """The elements of the array, in its order. PoolError if the text is broken or has no such array."""
    text = _Text(stream, size)
    try:
        if text.next() == "[":
            yield from text.array()
        elif text.next() == "{":
            yield from _under_key(text, spec, where, path)
        else:
            raise ValueError("it is neither an array nor an object")
        if text.next():
            raise ValueError("there is more after its end; one object in every line is `format: jsonl`")
    except (ValueError, RecursionError) as error:
        begin = f"{where}.path: {path} is no JSON, or truncated, after {text.count} rows"
        raise PoolError(f"{begin} ({error}); fetch it again, or check `format`") from error


def _under_key(text: "_Text", spec: dict[str, Any], where: str, path: Path) -> Iterator[Any]:
    """The elements of the array under the key `records`; other keys are read and forgotten."""
    records = spec.get("records")
    seen: list[str] = []
    for key in text.names():
        seen.append(key)
        if key != records:
            text.value()
        elif text.next() == "[":
            yield from text.array()
        else:
            raise PoolError(f"{where}.records: {path} holds no list under {key!r}; name the key of a list")
    if records not in seen:
        present = ", ".join(map(repr, seen[:40])) or "none"
        lacking = f"lacks the key {records!r}" if records else "is an object"
        advice = f"name the key that holds the list of rows (keys found: {present})"
        raise PoolError(f"{where}.records: {path} {lacking}; {advice}, or write `format: jsonl` for an object a line")


class _Text:
    """A JSON text that is read piece by piece. Whatever is wrong with it is a ValueError."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._size = size
        # Bytes that are not UTF-8 survive as surrogates: they spoil one row, not the file.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._scan = json.JSONDecoder().raw_decode
        self._text = ""
        self._place = 0
        self._ended = False
        self.count = 0

    def next(self) -> str:
        """The next character that is no white space, left in place; empty at the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in WHITE_SPACE:
                self._place += 1
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._more():
                return ""

    def array(self) -> Iterator[Any]:
        """The elements of the array that begins here."""
        for _ in self._entries("[", "]"):
            element = self.value()
            self.count += 1
            yield element

    def names(self) -> Iterator[str]:
        """The keys of the object that begins here; whoever asks for them takes the value after each."""
        for _ in self._entries("{", "}"):
            key = self.value()
            if not isinstance(key, str):
                raise ValueError("a key is no text")
            self._take(":")
            yield key

    def value(self) -> Any:
        """The JSON value that begins here."""
        self.next()
        while True:
            try:
                value, end = self._scan(self._text, self._place)
            except ValueError:
                # Broken, or not all of it read yet.
                if len(self._text) - self._place > LONGEST or not self._more():
                    raise
                continue
            # A number that ends where the text ends may go on.
            if end < len(self._text) or not self._more():
                self._place = end
                return value

    def _entries(self, begin: str, end: str) -> Iterator[None]:
        """Once for every entry of an array or object; whoever asks takes the entry."""
        self._take(begin)
        if self.next() != end:
            yield
            while self.next() == ",":
                self._take(",")
                yield
        self._take(end)

    def _take(self, mark: str) -> None:
        found = self.next()
        if found != mark:
            raise ValueError(f"{found!r} stands where {mark!r} belongs" if found else f"it ends before a {mark!r}")
        self._place += 1

    def _more(self) -> bool:
        """Read on; as much again as is pending, so that a long value is not scanned once for every block."""
        if self._ended:
            return False
        pending = self._text[self._place :]
        block = self._stream.read(max(self._size, len(pending)))
        self._ended = not block
        self._text = pending + self._decoder.decode(block, final=self._ended)
        self._place = 0
        return True
