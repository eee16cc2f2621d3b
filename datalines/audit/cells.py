"""Two versions of one file compared: tables and JSON cell by cell, texts word by word, arrays by their values.

A number is within the tolerance t if it differs by at most t of the larger of both, or by t / 1000: about zero there is
no relative difference. Whole numbers and words must be the same.
"""

import csv
import filecmp
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from datalines.audit.verdicts import Verdict

FRACTION = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][+-]?\d+)|[+-]?(nan|inf)", re.IGNORECASE)
WHOLE = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)")
ABOUT_ZERO = 1e-3
"""Of a tolerance, as a difference instead of as a share."""
DIGEST_BESIDE = "index.sha256"
"""Where a manifest has the digest of the table beside it, which is other where the same rows were written otherwise."""

Row = list[str]
Cell = tuple[str, str, str]
"""Its place, and what stands there in the one version and in the other."""


@dataclass
class Compared:
    """What a comparison found: cells that differ by more than the tolerance, and how many differ within it."""

    apart: list[tuple[str, str]] = field(default_factory=list)
    """(place in the file, what is there and what was expected), in order."""
    within: int = 0
    cells: int = 0
    largest: float = 0.0
    """The largest difference within the tolerance, as a share of the number."""

    @property
    def verdict(self) -> Verdict:
        """Identical, equivalent or drifted."""
        if self.apart:
            return Verdict.DRIFTED
        return Verdict.EQUIVALENT if self.within else Verdict.IDENTICAL

    def note(self, cell: Cell, tolerance: float) -> None:
        """Count one cell."""
        place, old, new = cell
        self.cells += 1
        if old == new:
            return
        if not near(old, new, tolerance):
            self.apart.append((place, f"{shown(old)} recorded, {shown(new)} recomputed"))
            return
        self.within += 1
        self.largest = max(self.largest, _share(float(old), float(new)))


def near(old: str, new: str, tolerance: float) -> bool:
    """Whether two texts are the same, or numbers of which at least one is no whole number, within the tolerance."""
    if old == new:
        return True
    if not all(FRACTION.fullmatch(text) or WHOLE.fullmatch(text) for text in (old, new)):
        return False
    if WHOLE.fullmatch(old) and WHOLE.fullmatch(new):
        return int(old) == int(new)
    one, other = float(old), float(new)
    if math.isnan(one) and math.isnan(other):
        return True
    return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance * ABOUT_ZERO)


def shown(text: str) -> str:
    """A cell's text in a sentence, cut if it is long."""
    return f"{text[:57]}..." if len(text) > 60 else text or "nothing"


def same_bytes(recorded: Path, new: Path) -> bool:
    """Whether two files hold the same bytes."""
    return filecmp.cmp(recorded, new, shallow=False)


def compare(recorded: Path, new: Path, tolerance: float, loosely: bool = False) -> Compared:
    """Compare two versions of a csv, json, parquet, npy or text file.

    `loosely`, where the table beside it has the same values in other bytes: numbers in a text may differ by one in
    their last digit, as rounded from almost the same ones, and so may a manifest's digest of the table. Raises OSError
    and ValueError where one cannot be read.
    """
    found = Compared()
    if same_bytes(recorded, new):
        found.cells = 1
        return found
    if recorded.suffix == ".csv":
        for cell in _of_tables(_rows(recorded), _rows(new)):
            found.note(cell, tolerance)
    elif recorded.suffix == ".json":
        for cell in _of_trees(_json(recorded), _json(new)):
            if not (loosely and cell[0] == DIGEST_BESIDE):
                found.note(cell, tolerance)
    elif recorded.suffix in (".parquet", ".npy"):
        _values(found, recorded, new)
    else:
        _texts(found, recorded.read_text(encoding="utf-8"), new.read_text(encoding="utf-8"), loosely)
    if not found.apart and not found.within:
        found.within, found.cells = 1, max(1, found.cells)
    return found


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        try:
            return list(csv.reader(stream))
        except csv.Error as error:
            raise ValueError(str(error)) from error


def _of_tables(old: list[Row], new: list[Row]) -> Iterator[Cell]:
    """The cells of two tables; rows stand in the same order, unless there are more in one of them."""
    if not old or not new or old[0] != new[0] or _ragged(old):
        yield "header", ",".join(old[0]) if old else "", ",".join(new[0]) if new else ""
        for number, row in enumerate(old[1:], start=1):
            if len(row) != len(old[0]):
                yield f"row {number}", f"{len(row)} cells", f"{len(old[0])} cells"
        return
    header, old, new = old[0], old[1:], new[1:]
    keys = key_columns(header, [*old, *new])
    if len(old) != len(new):
        yield from _unmatched(old, new, keys)
        return
    names = row_names(old, keys)
    for name, one, other in zip(names, old, new, strict=True):
        for column, value, wanted in zip(header, one, other, strict=True):
            yield f"{name}/{column}", value, wanted


def _ragged(rows: list[Row]) -> bool:
    return any(len(row) != len(rows[0]) for row in rows)


def key_columns(header: Row, rows: list[Row]) -> list[int]:
    """The leading columns without fractions, up to the first that has one."""
    for place in range(len(header)):
        if any(FRACTION.fullmatch(row[place]) for row in rows):
            return list(range(place))
    return list(range(len(header)))


def row_names(rows: list[Row], keys: list[int]) -> list[str]:
    """What each row is called: its keys that are not the same everywhere, as few as tell all rows apart, else its
    number."""
    telling = [place for place in keys if len({row[place] for row in rows}) > 1]
    for count in range(1, len(telling) + 1):
        names = [",".join(row[place] for place in telling[:count]) for row in rows]
        if len(set(names)) == len(rows):
            return names
    return [f"row {number}" for number in range(1, len(rows) + 1)]


def _unmatched(old: list[Row], new: list[Row], keys: list[int]) -> Iterator[Cell]:
    """Rows that stand in one table only, by their keys; rows without keys are told apart by all that they hold."""
    places = keys or list(range(len(old[0]) if old else len(new[0])))
    ours, theirs = (Counter(",".join(row[place] for place in places) for row in rows) for rows in (old, new))
    for name in ours - theirs:
        yield name, "a row", "no such row"
    for name in theirs - ours:
        yield name, "no such row", "a row"
    if ours == theirs:
        yield "rows", str(len(old)), str(len(new))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _of_trees(old: Any, new: Any, at: str = "") -> Iterator[Cell]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            if key in old and key in new:
                yield from _of_trees(old[key], new[key], f"{at}.{key}".lstrip("."))
            else:
                yield f"{at}.{key}".lstrip("."), "a value" if key in old else "", "a value" if key in new else ""
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _of_trees(one, other, f"{at}.{number}".lstrip("."))
    else:
        yield at or "value", json.dumps(old), json.dumps(new)


def _values(found: Compared, recorded: Path, new: Path) -> None:
    """Tables and arrays, whose files may be written in other ways: what they hold must be the same."""
    if recorded.suffix == ".npy":
        old, other = (np.load(path, mmap_mode="r", allow_pickle=False) for path in (recorded, new))
        same, counts = bool(np.array_equal(old, other)), (len(old), len(other))
    else:
        one, two = pq.read_table(recorded), pq.read_table(new)
        same, counts = bool(one.equals(two)), (one.num_rows, two.num_rows)
    found.cells = max(counts)
    if not same:
        rows = f"{counts[0]} rows recorded, {counts[1]} recomputed"
        found.apart.append(("values", rows if counts[0] != counts[1] else "other values in as many rows"))


def _texts(found: Compared, old: str, new: str, loosely: bool) -> None:
    lines = (old.splitlines(), new.splitlines())
    if len(lines[0]) != len(lines[1]):
        found.apart.append(("lines", f"{len(lines[0])} recorded, {len(lines[1])} recomputed"))
        return
    for number, (one, other) in enumerate(zip(*lines, strict=True), start=1):
        found.cells += 1
        if one == other:
            continue
        if loosely and _rounded(one, other):
            found.within += 1
        else:
            found.apart.append((f"line {number}", f"{shown(one)} recorded, {shown(other)} recomputed"))


def _rounded(old: str, new: str) -> bool:
    """Whether two lines differ in nothing but numbers, by no more than one in the last digit."""
    ours, theirs = (NUMBER.split(" ".join(line.split())) for line in (old, new))
    if len(ours) != len(theirs) or ours[::2] != theirs[::2]:
        return False
    return all(_one_digit(one, other) for one, other in zip(ours[1::2], theirs[1::2], strict=True))


def _one_digit(old: str, new: str) -> bool:
    if "." not in old or len(old.partition(".")[2]) != len(new.partition(".")[2]):
        return old == new
    unit = 10.0 ** -len(old.partition(".")[2])
    return abs(float(old) - float(new)) <= 1.5 * unit


def _share(old: float, new: float) -> float:
    largest = max(abs(old), abs(new))
    return 0.0 if not math.isfinite(largest) or not largest else abs(old - new) / largest
