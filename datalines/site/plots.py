"""What the interactive scatter plot of an experiment is drawn from: its points, its lines, and how families look."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from datalines.plotting.house import BASELINE_COLOUR, Look, looks
from datalines.site.cells import run_anchor

POINT = ["kind", "family", "size", "samples", "seed", "epoch", "weight"]
DIGITS = 6
OTHER = Look(BASELINE_COLOUR, "h", "")
"""Look of what has no display name: published models."""


def plot_data(
    records: pd.DataFrame,
    fits: pd.DataFrame,
    spec: Mapping[str, Any],
    titles: Mapping[str, str],
    pages: Mapping[str, str],
) -> dict[str, Any]:
    """The plot of one experiment, JSON-able. `pages` are the pages of families; accuracies are fractions.

    Points stand in the order of the records; each has its accuracy, interval and number of images on every set.
    """
    reference, shifts = spec["reference"], list(spec["shifts"])
    order = [*spec["families"], *spec["ensembles"], *spec["lines"]]
    met = [*records["family"].astype(str), *fits["family"].astype(str)]
    families = [name for name in dict.fromkeys([*order, *met]) if name in set(met)]
    return {
        "title": spec["title"],
        "reference": {"name": reference, "title": titles.get(reference, reference)},
        "shifts": [{"name": name, "title": titles.get(name, name)} for name in shifts],
        "axis": spec["axis"],
        "floor": spec["floor"],
        "families": _families(families, spec["baseline"], titles, pages),
        "points": _points(records, families, [reference, *shifts], pages),
        "fits": _fits(fits, families, shifts),
    }


def embedded(data: Mapping[str, Any]) -> Markup:
    """JSON that can stand in a page's script element, whatever its texts hold."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _families(
    names: Sequence[str], baseline: str | None, titles: Mapping[str, str], pages: Mapping[str, str]
) -> list[dict[str, Any]]:
    known = looks(titles, [name for name in names if name in titles], baseline)
    found = []
    for name in names:
        look = known.get(name, OTHER)
        entry = {"name": name, "title": titles.get(name, name), "colour": look.colour, "marker": look.marker}
        found.append({**entry, "baseline": name == baseline, "page": pages.get(name, "")})
    return found


def _points(
    records: pd.DataFrame, families: Sequence[str], sets: Sequence[str], pages: Mapping[str, str]
) -> list[dict[str, Any]]:
    place = {name: number for number, name in enumerate(families)}
    keyed = records[records["shift"].isin(sets)].reset_index(drop=True)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in keyed.astype(object).where(keyed.notna(), None).to_dict("records"):
        key = tuple(row[name] for name in POINT)
        if key not in found:
            family, page = str(row["family"]), pages.get(str(row["family"]), "")
            anchor = f"#{run_anchor(row['size'], _whole(row['seed']))}" if page else ""
            found[key] = {"family": place[family], **{name: _plain(row[name]) for name in POINT[2:]}, "on": {}}
            found[key] |= {"kind": row["kind"], "page": f"{page}{anchor}"}
        values = [_plain(row[name]) for name in ("top1", "top1_low", "top1_high", "n")]
        found[key]["on"][row["shift"]] = values
    return list(found.values())


def _fits(fits: pd.DataFrame, families: Sequence[str], shifts: Sequence[str]) -> list[list[Any]]:
    """[family, shift, axis, slope, intercept, points, r2] of every line, families and shifts by their place."""
    place = {name: number for number, name in enumerate(families)}
    lines = fits[fits["shift"].isin(shifts) & np.isfinite(fits["slope"]) & np.isfinite(fits["intercept"])]
    numbers = [[_plain(value) for value in row] for row in lines[["slope", "intercept", "n", "r2"]].to_numpy()]
    keys = zip(lines["family"].astype(str), lines["shift"], lines["axis"], strict=True)
    return [[place[family], shift, axis, *rest] for (family, shift, axis), rest in zip(keys, numbers, strict=True)]


def _whole(value: Any) -> str:
    return "" if value is None else f"{int(value)}"


def _plain(value: Any) -> Any:
    """A value as JSON has it: whole numbers whole, others to DIGITS digits, what is not there null."""
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    if not np.isfinite(number):
        return None
    return int(number) if number.is_integer() else float(f"{number:.{DIGITS}g}")
