"""What the sources share with each other and with the evaluation sets. Each number counts the kept pairs of the row's
source whose image is also in the column's source or evaluation set: `exact` by equal bytes, `near` by a perceptual hash
within the declared distance, which includes exact ones. Samples is what they are counted of. The matrix is not
symmetric: several images of one source can equal a single one of another. A dash is a pair that was not compared.
Scale: {scale}."""

from typing import Any

import pandas as pd

from datalines.errors import CountError, DatalinesError
from datalines.tables import Table

KINDS = ("exact", "near")
CELLS = ("count", "share")


def check_rows(rows: pd.DataFrame) -> None:
    """Every pair once, and no more matches than samples."""
    for row in rows[rows.duplicated(["a", "b", "kind"])].to_dict("records"):
        raise CountError(f"records/overlap.csv holds {row['a']}, {row['b']}, {row['kind']} twice; delete it, run again")
    for row in rows[(rows["n"] < 0) | (rows["n"] > rows["of"])].to_dict("records"):
        raise CountError(f"records/overlap.csv: {row['n']} of {row['of']} samples of {row['a']} are in {row['b']}")


def columns_of(rows: pd.DataFrame, sources: list[str], table: Table) -> list[str]:
    """Sources first, then the evaluation sets in the order of the titles."""
    sets = sorted(set(rows["b"]) - set(rows["a"]) - set(sources))
    order = {slug: place for place, slug in enumerate(table.titles)}
    return [*sources, *sorted(sets, key=lambda slug: order.get(slug, len(order)))]


def choice(table: Table, option: str, default: list[str], known: tuple[str, ...]) -> list[str]:
    """An option's values, which must be known."""
    given = table.options.get(option, default)
    values = [given] if isinstance(given, str) else list(given)
    for value in values:
        if value not in known:
            raise DatalinesError(f"table options.{option}: {value!r} unknown; choose from {', '.join(known)}")
    return values


def names_of(slugs: list[str], table: Table) -> dict[str, str]:
    """Column titles; a source and an evaluation set of one title are told apart by their slugs."""
    titles = [table.name(slug) for slug in slugs]
    return {
        slug: title if titles.count(title) == 1 else f"{title} ({slug})"
        for slug, title in zip(slugs, titles, strict=True)
    }


def tabulate(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows of records/overlap.csv (a, b, kind, n, of) as a matrix: for every source one row per kind.

    Option `pools` picks and orders the sources (else all), `kinds` the rows (exact, near: those that were compared),
    `cells` says count (default) or share, in percent of the source's samples. Raises DatalinesError for a pair of
    sources that the table needs and the records lack, CountError for impossible numbers.
    """
    check_rows(rows)
    present = [kind for kind in KINDS if kind in set(rows["kind"])]
    kinds = choice(table, "kinds", present, KINDS)
    (cells,) = choice(table, "cells", ["count"], CELLS)
    sources = list(table.options.get("pools") or sorted(set(rows["a"])))
    names = names_of(columns_of(rows, sources, table), table)
    found = {(row["a"], row["b"], row["kind"]): row for row in rows.to_dict("records")}
    lines = []
    for source in sources:
        for kind in kinds:
            own = {other: found[source, other, kind] for other in names if (source, other, kind) in found}
            missing = [other for other in sources if other not in {source, *own}]
            if missing or not own:
                others = ", ".join(missing) or "any other"
                raise DatalinesError(
                    f"records/overlap.csv has no {kind} row of {source} with {others}, which the table asks for"
                )
            counts = {names[other]: int(row["n"]) for other, row in own.items()}
            whole = samples_of(source, kind, own)
            values = counts if cells == "count" else {name: 100 * n / max(whole, 1) for name, n in counts.items()}
            lines.append({"Source": names[source], "Match": kind, "Samples": whole, **values})
    kind_of_cell = "Int64" if cells == "count" else "Float64"
    frame = pd.DataFrame(lines, columns=["Source", "Match", "Samples", *names.values()])
    return frame.astype({"Samples": "Int64", **dict.fromkeys(names.values(), kind_of_cell)})


def samples_of(source: str, kind: str, own: dict[str, Any]) -> int:
    """The samples that a source's matches are counted of: the same in all of its rows."""
    wholes = sorted({int(row["of"]) for row in own.values()})
    if len(wholes) != 1:
        counted = " and ".join(map(str, wholes))
        raise CountError(f"records/overlap.csv counts {source} ({kind}) of {counted} samples; delete it and run again")
    return wholes[0]
