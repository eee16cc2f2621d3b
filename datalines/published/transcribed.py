"""Tables that were typed in from documents: csv files of this repository, which figures and tables read as they are.

Loads nothing large: they are checked with the configuration, before any job starts.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

JOINED = " | "


def defect_of(path: Path, columns: Sequence[str], key: Sequence[str]) -> str:
    """What is wrong with a typed-in table, as the end of a sentence that begins with its name; empty if nothing is.

    Its columns have to be the declared ones in their order, rows as long as the header, cells of the `key` filled, and
    their combination different in every row.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            head, *rows = list(csv.reader(stream)) or [[]]
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
    if head != list(columns):
        return (
            f"has the columns {', '.join(head) or 'none'}, and {', '.join(columns)} are declared; correct one of them"
        )
    if not rows:
        return "has a header and no row; type the rows in, or remove the entry"
    places = [head.index(name) for name in key]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            return f"has {len(row)} cells in record {number} and {len(head)} in the header; put commas in quotes"
        empty = [head[place] for place in places if not row[place]]
        if empty:
            return f"has no {empty[0]} in record {number}; give it one, or remove the row"
    repeated = [cells for cells, count in Counter(tuple(row[p] for p in places) for row in rows).items() if count > 1]
    if repeated:
        return f"has several rows of {JOINED.join(key)} = {JOINED.join(repeated[0])}; keep one of them"
    return ""
