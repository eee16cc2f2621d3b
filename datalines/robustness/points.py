"""Joined points: an accuracy on the reference set beside one on a shift, for models, ensembles and merged lines."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from datalines.errors import DatalinesError
from datalines.robustness.transforms import Array

log = logging.getLogger(__name__)

POINT_KEY = ["kind", "family", "size", "seed", "epoch", "weight"]
EQUAL_WEIGHT = 0.5


def _named(rows: pd.DataFrame) -> str:
    """The point of the first of these rows, for a message."""
    row = rows.iloc[0]
    weight = "" if pd.isna(row["weight"]) else f" weight {row['weight']:g}"
    return f"{row['kind']} {row['family']}/{row['size']}/{row['seed']} epoch {row['epoch']}{weight}"


def _keyed(records: pd.DataFrame) -> pd.DataFrame:
    """Records with key columns of one type, whatever a csv reader made of slugs that look like numbers."""
    missing = [name for name in [*POINT_KEY, "shift", "n", "top1", "top1_low", "top1_high"] if name not in records]
    if missing:
        raise DatalinesError(f"records: column(s) {', '.join(missing)} are missing")
    texts = {name: records[name].astype(str) for name in ["kind", "family", "size", "shift"]}
    return records.assign(**texts, weight=pd.to_numeric(records["weight"]).astype(float).round(9))


def join_points(records: pd.DataFrame, reference: str) -> pd.DataFrame:
    """One row per (model or ensemble point, shift other than the reference), sorted by its key.

    Adds to the key and `shift` the columns samples, x, x_low, x_high, x_n (the reference set), y, y_low, y_high, n
    (the shift), and `run`, the name family/size/seed of the run that the point is an epoch of; accuracies and their
    intervals are fractions. Raises DatalinesError, naming the point, when a point has no partner on the reference set
    or appears twice.
    """
    rows = _keyed(records)
    twice = rows[rows.duplicated([*POINT_KEY, "shift"])]
    if len(twice):
        raise DatalinesError(f"records: {_named(twice)} on {twice['shift'].iloc[0]} appears more than once")
    ends = {"top1": "{}", "top1_low": "{}_low", "top1_high": "{}_high"}
    on_reference = rows[rows["shift"] == reference][[*POINT_KEY, *ends, "n"]]
    on_reference = on_reference.rename(columns={k: v.format("x") for k, v in ends.items()} | {"n": "x_n"})
    extra = [name for name in ["samples"] if name in rows]
    on_shift = rows[rows["shift"] != reference][[*POINT_KEY, "shift", *extra, *ends, "n"]]
    on_shift = on_shift.rename(columns={k: v.format("y") for k, v in ends.items()})
    points = on_shift.merge(on_reference, how="left", on=POINT_KEY, validate="many_to_one", indicator="partner")
    alone = points[points["partner"] == "left_only"]
    if len(alone):
        others = len(alone.drop_duplicates(POINT_KEY)) - 1
        more = f" (and {others} more)" if others else ""
        raise DatalinesError(
            f"records: {_named(alone)}{more} has no row on reference set {reference!r}; evaluate it there"
        )
    points["run"] = points["family"] + "/" + points["size"] + "/" + points["seed"].astype(str)
    return points.drop(columns="partner").sort_values([*POINT_KEY, "shift"], ignore_index=True)


def add_sets(points: pd.DataFrame, sets: Sequence[str]) -> pd.DataFrame:
    """The joined points with their accuracies on further in-distribution sets: columns `x <set>` and `n <set>`.

    The first of the sets is the reference, whose accuracy x they have already. Raises DatalinesError, naming the
    point, where one has no row on a set.
    """
    for name in sets[1:]:
        on_set = points.loc[points["shift"] == name, [*POINT_KEY, "y", "n"]]
        on_set = on_set.rename(columns={"y": f"x {name}", "n": f"n {name}"})
        points = points.merge(on_set, how="left", on=POINT_KEY, validate="many_to_one")
        alone = points[points[f"x {name}"].isna()]
        if len(alone):
            raise DatalinesError(
                f"records: {_named(alone)} has no row on in-distribution set {name!r}; collect it there"
            )
    return points


def set_accuracies(points: pd.DataFrame, sets: Sequence[str]) -> Array:
    """(n, sets) accuracies of joined points on the in-distribution sets, after `add_sets`."""
    return points[["x", *(f"x {name}" for name in sets[1:])]].to_numpy(dtype=float)


def merge_lines(points: pd.DataFrame, lines: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """The joined points, and for every merged line a copy of its families' points: kind `line`, family = its slug.

    `lines` are an experiment's, {slug: {families: [slugs]}}. `run` still names the family that a point is of, so that
    runs of several families are not taken for one. Raises DatalinesError for a family without a point.
    """
    found = set(points.loc[points["kind"] == "model", "family"])
    merged = [points]
    for slug, line in lines.items():
        missing = [name for name in line["families"] if name not in found]
        if missing:
            raise DatalinesError(f"records: line {slug} goes through {', '.join(missing)}, which has no row")
        members = points[(points["kind"] == "model") & points["family"].isin(line["families"])]
        merged.append(members.assign(kind="line", family=slug))
    return pd.concat(merged, ignore_index=True)


def line_points(points: pd.DataFrame) -> pd.DataFrame:
    """The points of one family, ensemble or merged line that its line is drawn through.

    A model family or merged line: all of them. An ensemble over a grid of weights: its equal-weight points, for only
    they are said to follow the mixture's line (QNQ, figure 5); a line through all weights would join two other lines.
    """
    weights = points["weight"].to_numpy(dtype=float)
    if len(np.unique(weights[~np.isnan(weights)])) <= 1:
        return points
    equal = points[np.isclose(weights, EQUAL_WEIGHT)]
    if equal.empty:
        log.warning("ensemble %s: no point of equal weight, so no line is fitted", points["family"].iloc[0])
    return equal
