"""Numbers of a document beside the same numbers computed from published data, cell by cell, with a verdict for each."""

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

import numpy as np
import pandas as pd

from datalines.config.errors import suggestion
from datalines.published.reading import EMPTY, SHOWN, PublishedError

CELL_COLUMNS = ("item", "cell", "published", "reason")
TITLES = {
    "item": "Item",
    "cell": "Cell",
    "published": "Published",
    "recomputed": "Recomputed",
    "difference": "Difference",
    "verdict": "Verdict",
    "reason": "Reason",
}
"""Columns of a comparison with their titles in a table."""

EQUAL, ROUNDING, DIFFERS, IMPOSSIBLE = "equal", "within rounding", "differs", "cannot be recomputed here"
_WIDE = Context(prec=60)  # rounding to the printed digits must never run out of digits
Key = tuple[str, str]


def compare(cells: pd.DataFrame, recomputed: Mapping[Key, float | None]) -> pd.DataFrame:
    """Every cell of a document with its recomputed number: columns of TITLES, rows in the order of `cells`.

    `cells` has the columns item, cell, published and reason; `published` is text as printed, for its digits say how
    far the document rounded (`.870` is not `.87`), in the unit of the document; thousands commas may stay. `recomputed`
    maps (item, cell) to the number in the same unit. Verdicts: `equal`, it rounds (half-even or half-up) to the
    printed number; `within rounding`, it is at most one unit of the last printed digit away; `differs`;
    `cannot be recomputed here`, there is none. The difference is recomputed less published, nan where there is none.
    Raises PublishedError for a recomputed number without a cell or that is not finite, a cell that comes twice, a
    published text that is no number, and a cell that differs or cannot be recomputed and gives no reason.
    """
    texts = _checked(cells)
    keys = [(str(item), str(cell)) for item, cell in zip(texts["item"], texts["cell"], strict=True)]
    for key in recomputed:
        if key not in keys:
            near = suggestion(" | ".join(key), [" | ".join(known) for known in keys])
            raise PublishedError(f"recomputed {_named(key)} is no cell of the document{near}Add it to the cells' csv")
    rows = []
    for key, published, reason in zip(keys, texts["published"], texts["reason"], strict=True):
        verdict, value, difference = _judge(key, published, recomputed.get(key))
        if verdict in (DIFFERS, IMPOSSIBLE) and not reason:
            told = f": published {published}, recomputed {value:g}" if verdict == DIFFERS else ""
            raise PublishedError(f"{_named(key)} {verdict}{told}; say why in column 'reason' of the cells' csv")
        rows.append((*key, published, value, difference, verdict, reason))
    return pd.DataFrame(rows, columns=list(TITLES)).astype({"recomputed": float, "difference": float})


def _checked(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells as texts, empty ones as ''."""
    for name in CELL_COLUMNS:
        if name not in cells:
            raise PublishedError(f"cells: column {name!r} is missing{suggestion(name, cells.columns)}Add it to the csv")
    if pd.api.types.is_numeric_dtype(cells["published"]):
        raise PublishedError(
            "cells: column 'published' was read as numbers, so the printed digits are lost; read it as text: "
            "pandas.read_csv(path, dtype={'published': str})"
        )
    texts = cells[list(CELL_COLUMNS)].astype(object).where(cells[list(CELL_COLUMNS)].notna(), "").map(str)
    twice = texts[texts.duplicated(["item", "cell"])]
    if len(twice):
        named = [_named(key) for key in zip(twice["item"], twice["cell"], strict=True)]
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        raise PublishedError(f"cells: {', '.join(named[:SHOWN])}{more} comes twice; keep one row of it")
    return texts


def _judge(key: Key, published: str, value: float | None) -> tuple[str, float, float]:
    """Verdict, recomputed number and difference of one cell."""
    printed = _number(key, published)
    if value is None:
        return IMPOSSIBLE, math.nan, math.nan
    if not np.isfinite(value):
        raise PublishedError(f"recomputed {_named(key)} is {value}; leave it out, or give None, where there is none")
    exact = Decimal(f"{float(value):.15g}")  # 15 digits: the last bits of a sum are no difference
    unit = Decimal(1).scaleb(int(printed.as_tuple().exponent))
    rounded = {exact.quantize(unit, how, context=_WIDE) for how in (ROUND_HALF_EVEN, ROUND_HALF_UP)}
    difference = _WIDE.subtract(exact, printed)
    verdict = EQUAL if printed in rounded else ROUNDING if abs(difference) <= unit else DIFFERS
    return verdict, float(value), float(difference)


def _number(key: Key, text: str) -> Decimal:
    """A printed number with its digits; a minus sign may be typographic."""
    try:
        number = Decimal(text.replace(",", "").replace("−", "-")) if text not in EMPTY else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise PublishedError(
            f"{_named(key)}: published {text!r} is no number; write its digits as printed, and its unit in 'cell'"
        )
    return number


def _named(key: Key) -> str:
    return f"{key[0]!r}, {key[1]!r}"
