"""Reads class frequencies: how often captions of a pre-training set name each class of a set of concepts.

The tables that the Imbalance paper (Wen et al. 2024) released, one file a set of concepts and a pre-training set.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datalines.published.filenames import CONCEPTS, ORDERED, Counted, counted, frequency_problem
from datalines.published.reading import PublishedError, check_key

COLUMNS = ["concepts", "source", "index", "class", "count"]
"""Columns of the table: `index` is the class's place in the list of concepts, empty where the file is ordered by
count; `count` is the number of captions."""
CLASSES = dict(zip(CONCEPTS, (1000, 100, 200, 101, 37, 102, 365, 10, 47), strict=True))
"""Sets of concepts, with how many classes each has. `imagenet100` is the paper's own choice of a hundred, which is not
that of JANuS; its classes keep the order of ImageNet."""


def read_frequencies(files: Mapping[str, Path]) -> pd.DataFrame:
    """All tables as one of COLUMNS, concepts and sources in the order in which `files` (name: path) has them.

    Of two files of one set and source, ordered by class and by count, the first is kept, and the other has to hold the
    same numbers. Raises PublishedError, naming file and line, for a line that is not `name<TAB>count`, a class that
    comes twice or a number of classes that is not the set's, a file by count that is not, and twins that differ.
    """
    problem = frequency_problem(list(files))
    if problem:
        raise PublishedError(f"the declaration {problem}; correct it under `published`")
    kept: dict[tuple[str, str], tuple[Path, pd.DataFrame]] = {}
    for file, path in files.items():
        facts = counted(file)
        assert facts is not None, f"the name {file} was checked"
        rows, key = _read(path, facts), (facts.concepts, facts.source)
        if key in kept:
            _check_twins(path, rows, *kept[key])
        if key not in kept or facts.ordered:
            kept[key] = path, rows
    return pd.concat([rows for _, rows in kept.values()], ignore_index=True)[COLUMNS]


def _read(path: Path, facts: Counted) -> pd.DataFrame:
    """The rows of one file, in its order."""
    names, counts = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        name, *rest = line.split("\t")
        if len(rest) != 1 or not rest[0].isascii() or not rest[0].isdigit():
            raise PublishedError(f"{path}: line {number} is {line!r}; a line is a class's name, one tab and its count")
        names.append(name)
        counts.append(int(rest[0]))
    check_key(path, pd.Series(names, dtype=object, name="class"), first=1)
    if len(names) != CLASSES[facts.concepts]:
        raise PublishedError(
            f"{path}: {len(names)} classes, and {facts.concepts} has {CLASSES[facts.concepts]}; fetch the file again"
        )
    if not facts.ordered and counts != sorted(counts, reverse=True):
        raise PublishedError(f"{path}: a file without {ORDERED} in its name is ordered by count, and this one is not")
    index = pd.array(range(len(names)) if facts.ordered else [pd.NA] * len(names), dtype="Int64")
    found = pd.DataFrame({"index": index, "class": names, "count": counts})
    return found.assign(concepts=facts.concepts, source=facts.source)


def _check_twins(path: Path, rows: pd.DataFrame, other: Path, known: pd.DataFrame) -> None:
    mine, theirs = rows.set_index("class")["count"], known.set_index("class")["count"]
    differs = [name for name in mine.index if theirs.get(name) != mine[name]]
    if differs:
        raise PublishedError(
            f"{path}: {differs[0]} has {mine[differs[0]]:,} and in {other.name} {theirs.get(differs[0], 'no row')}; "
            "both count the same captions, so fetch them again"
        )
