"""From the tidy records of an experiment to points in the (reference, shift) plane and to the table of fits."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from datalines.errors import DatalinesError
from datalines.robustness.intervals import stable_seed
from datalines.robustness.lines import Bootstrap, Line, bootstrap_lines, fit_line, mean_effective_robustness, usable
from datalines.robustness.transforms import AXES, Array

log = logging.getLogger(__name__)

POINT_KEY = ["kind", "family", "size", "seed", "epoch", "weight"]
FIT_COLUMNS = [
    *["experiment", "kind", "family", "shift", "axis", "n", "dropped", "slope", "slope_low", "slope_high"],
    *["intercept", "intercept_low", "intercept_high", "r2", "baseline", "er", "er_low", "er_high"],
]
ENDS = ("", "_low", "_high")
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

    Adds to the key and `shift` the columns samples, x, x_low, x_high, x_n (the reference set) and y, y_low,
    y_high, n (the shift); accuracies and their intervals are fractions. Raises DatalinesError, naming the point, when
    a point has no partner on the reference set or appears twice.
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
    return points.drop(columns="partner").sort_values([*POINT_KEY, "shift"], ignore_index=True)


def line_points(points: pd.DataFrame) -> pd.DataFrame:
    """The points of one family or ensemble that its line is drawn through.

    A model family: all of them. An ensemble over a grid of weights: its equal-weight points, for only they are
    said to follow the mixture's line (QNQ, figure 5); a line through all weights would join two other lines.
    """
    weights = points["weight"]
    if weights.dropna().nunique() <= 1:
        return points
    equal = points[np.isclose(weights, EQUAL_WEIGHT)]
    if equal.empty:
        log.warning("ensemble %s: no point of equal weight, so no line is fitted", points["family"].iloc[0])
    return equal


@dataclass(frozen=True)
class FamilyFit:
    """A family's usable points on one shift and axis, their line, and its resamples (None below three points)."""

    x: Array
    y: Array
    line: Line
    resampled: Bootstrap | None


def fit_points(
    points: pd.DataFrame, experiment: str, axis: str = "probit", floor: float = 0.0, resamples: int = 1000
) -> FamilyFit:
    """Line and bootstrap of the joined points of one family on one shift, seeded by their names."""
    through = line_points(points)
    x, y = through["x"].to_numpy(dtype=float), through["y"].to_numpy(dtype=float)
    keep = usable(x, y, axis, floor)
    family, shift = str(points["family"].iloc[0]), str(points["shift"].iloc[0])
    resampled = bootstrap_lines(x, y, axis, floor, resamples, stable_seed(experiment, family, shift, axis))
    if resampled is not None and resampled.degenerate:
        log.info("%s on %s (%s): %d of %d resamples hold one distinct x and are left out of the intervals",
                 family, shift, axis, resampled.degenerate, resamples)  # fmt: skip
    return FamilyFit(x[keep], y[keep], fit_line(x, y, axis, floor), resampled)


def _row(fit: FamilyFit, base: FamilyFit | None, level: float) -> dict[str, float | int]:
    nan = float("nan")
    slope = fit.resampled.slope_interval(level) if fit.resampled else (nan, nan)
    intercept = fit.resampled.intercept_interval(level) if fit.resampled else (nan, nan)
    er = (nan, nan, nan)
    if base is not None:
        er = mean_effective_robustness(fit.x, fit.y, base.line, fit.resampled, base.resampled, level)
    line = fit.line
    values = {
        "slope": (line.slope, *slope),
        "intercept": (line.intercept, *intercept),
        "er": er,
    }
    ends = {f"{name}{end}": number for name, three in values.items() for end, number in zip(ENDS, three, strict=True)}
    return {"n": line.n, "dropped": line.dropped, "r2": line.r2, **ends}


def fit_families(records: pd.DataFrame, experiment: Mapping[str, Any]) -> pd.DataFrame:
    """The table of fits of one experiment: a row per (family or ensemble, shift, axis), columns FIT_COLUMNS.

    `experiment` gives families, ensembles, baseline, reference, shifts, floor (a fraction, on x), level and
    resamples. Every axis is fitted; intervals are empty where fewer than three points are usable. Raises
    DatalinesError when the records hold more than one experiment or miss a declared family, ensemble or shift.
    """
    names = sorted({str(name) for name in records["experiment"]})
    if len(names) != 1:
        raise DatalinesError(f"records: one experiment expected, found {', '.join(names) or 'none'}")
    points = join_points(records, experiment["reference"])
    floor, level = float(experiment["floor"]), float(experiment["level"])
    if not 0 <= floor < 1:
        raise DatalinesError(f"experiment {names[0]}: floor {floor:g} must be in [0, 1), such as 0.55 for 55 %")
    groups = dict(list(points.groupby(["kind", "family", "shift"], sort=False)))
    baseline, rows = experiment.get("baseline"), []
    # The baseline's own line is a row like any other: its effective robustness is zero up to the spread of its points.
    models = dict.fromkeys([*experiment["families"], *([baseline] if baseline else [])])
    wanted = [("model", slug) for slug in models] + [("ensemble", slug) for slug in experiment["ensembles"]]

    def fitted(kind: str, family: str, shift: str, axis: str) -> FamilyFit:
        if (kind, family, shift) not in groups:
            raise DatalinesError(f"records: experiment {names[0]} declares {kind} {family} on {shift} but has no row")
        return fit_points(groups[kind, family, shift], names[0], axis, floor, int(experiment["resamples"]))

    def base(shift: str, axis: str) -> FamilyFit | None:
        return fitted("model", baseline, shift, axis) if baseline else None

    bases = {(shift, axis): base(shift, axis) for shift in experiment["shifts"] for axis in AXES}
    for (kind, family), shift, axis in product(wanted, experiment["shifts"], AXES):
        keys = {"experiment": names[0], "kind": kind, "family": family, "shift": shift, "axis": axis}
        found = _row(fitted(kind, family, shift, axis), bases[shift, axis], level)
        rows.append({**keys, "baseline": baseline or "", **found})
    return pd.DataFrame(rows, columns=FIT_COLUMNS)
