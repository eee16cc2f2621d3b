"""From the tidy records of an experiment to lines through its families, and to the table of fits."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datalines.errors import DatalinesError
from datalines.robustness.intervals import stable_seed
from datalines.robustness.lines import (
    Bootstrap,
    Line,
    bootstrap_lines,
    fit_line,
    mean_effective_robustness,
    mean_interval,
    usable,
)
from datalines.robustness.planes import CONDITION_LIMIT, Plane, fit_plane
from datalines.robustness.points import add_sets, join_points, line_points, merge_lines, set_accuracies
from datalines.robustness.transforms import AXES, Array, transform

__all__ = [
    *["FIT_COLUMNS", "Base", "FamilyFit", "base_of", "experiment_points", "fit_families", "fit_group", "fit_points"],
    *["group_of", "join_points", "line_points", "merge_lines", "warn_of_collinear"],
]

log = logging.getLogger(__name__)

RESAMPLE = ("runs", "points")
FIT_COLUMNS = [
    *["experiment", "kind", "family", "shift", "axis", "n", "dropped", "slope", "slope_low", "slope_high"],
    *["intercept", "intercept_low", "intercept_high", "r2", "baseline", "er", "er_low", "er_high"],
    *["er_multi", "er_multi_low", "er_multi_high", "outside", "outside_multi", "condition"],
    *["runs", "resample"],
]
ENDS = ("", "_low", "_high")
Groups = dict[tuple[str, str, str], pd.DataFrame]
"""The joined points of an experiment by (kind, family, shift)."""


@dataclass(frozen=True)
class FamilyFit:
    """A family's usable points (n,) on one shift and axis, their line, and its resamples.

    `resampled` is None below three runs (or points, where points are drawn); `runs` counts the runs behind the line.
    `points` are all points that the line could go through, `kept` is the mask of those that it does go through.
    """

    x: Array
    y: Array
    line: Line
    resampled: Bootstrap | None
    points: pd.DataFrame
    kept: NDArray[np.bool_]
    runs: int


def fit_points(
    points: pd.DataFrame,
    experiment: str,
    axis: str = "probit",
    floor: float = 0.0,
    resamples: int = 1000,
    resample: str = "runs",
) -> FamilyFit:
    """Line and bootstrap of the joined points of one family on one shift, seeded by their names.

    `resample` says what is drawn: whole `runs` with all their epochs, or single `points`, which takes epochs of one run
    for independent and gives intervals that are too narrow, but also gives some where there are only two runs.
    """
    if resample not in RESAMPLE:
        raise DatalinesError(f"experiment {experiment}: resample is {resample!r}; write one of {', '.join(RESAMPLE)}")
    through = line_points(points)
    x, y = through["x"].to_numpy(dtype=float), through["y"].to_numpy(dtype=float)
    keep = usable(x, y, axis, floor)
    family, shift = str(points["family"].iloc[0]), str(points["shift"].iloc[0])
    runs = through["run"].to_numpy()
    clusters = runs.tolist() if resample == "runs" else None
    seed = stable_seed(experiment, family, shift, axis)
    resampled = bootstrap_lines(x, y, axis, floor, resamples, seed, clusters)
    if resampled is not None and resampled.degenerate:
        log.info("%s on %s (%s): %d of %d resamples hold one distinct x and are left out of the intervals",
                 family, shift, axis, resampled.degenerate, resamples)  # fmt: skip
    return FamilyFit(x[keep], y[keep], fit_line(x, y, axis, floor), resampled, through, keep, len(set(runs[keep])))


@dataclass(frozen=True)
class Base:
    """What effective robustness on one shift and axis is measured from: a baseline by its name (or none), its line, and
    a plane."""

    name: str
    fit: FamilyFit | None
    plane: Plane | None

    def outside(self, x: Array) -> int | None:
        """How many of these reference accuracies lie outside those behind the baseline's line; None without one."""
        inside = self.inside(x)
        return None if inside is None else int((~inside).sum())

    def outside_plane(self, x: Array) -> int | None:
        """How many of x (n, sets) lie outside the accuracies behind the plane on any set; None without a plane."""
        return None if self.plane is None else int((~self.plane.inside(x)).sum())

    def inside(self, x: Array) -> NDArray[np.bool_] | None:
        """(n,) whether x lies within the reference accuracies behind the baseline's line; None without one."""
        if self.fit is None:
            return None
        if self.fit.x.size == 0:
            return np.zeros(len(x), dtype=np.bool_)
        return (x >= self.fit.x.min()) & (x <= self.fit.x.max())


def experiment_points(records: pd.DataFrame, experiment: Mapping[str, Any]) -> tuple[str, Groups]:
    """The name of the one experiment in the records, and its joined points by (kind, family, shift).

    Merged lines are groups of kind `line`; accuracies on further in-distribution sets are columns `x <set>`. Raises
    DatalinesError when the records hold more than one experiment, or the floor is no fraction.
    """
    names = sorted({str(name) for name in records["experiment"]})
    if len(names) != 1:
        raise DatalinesError(f"records: one experiment expected, found {', '.join(names) or 'none'}")
    floor = float(experiment["floor"])
    if not 0 <= floor < 1:
        raise DatalinesError(f"experiment {names[0]}: floor {floor:g} must be in [0, 1), such as 0.55 for 55 %")
    points = join_points(records, experiment["reference"])
    if experiment.get("in_distribution"):
        points = add_sets(points, experiment["in_distribution"]["sets"])
    points = merge_lines(points, experiment.get("lines") or {})
    grouped = points.groupby(["kind", "family", "shift"], sort=False)
    return names[0], {(str(kind), str(family), str(shift)): rows for (kind, family, shift), rows in grouped}


def group_of(groups: Groups, name: str, kind: str, family: str, shift: str) -> pd.DataFrame:
    """The points of one family, ensemble or line on a shift. Raises DatalinesError where there is none."""
    if (kind, family, shift) not in groups:
        raise DatalinesError(f"records: experiment {name} declares {kind} {family} on {shift} but has no row")
    return groups[kind, family, shift]


def fit_group(
    groups: Groups, name: str, experiment: Mapping[str, Any], kind: str, family: str, shift: str, axis: str
) -> FamilyFit:
    """`fit_points` of one group with the experiment's own floor and resampling."""
    points = group_of(groups, name, kind, family, shift)
    resamples, resample = int(experiment["resamples"]), str(experiment.get("resample") or "runs")
    return fit_points(points, name, axis, float(experiment["floor"]), resamples, resample)


def baseline_of(experiment: Mapping[str, Any], shift: str) -> tuple[str, str] | None:
    """Kind and name of what effective robustness on a shift is measured from, a family or published models; or None."""
    if experiment.get("baseline"):
        return "model", str(experiment["baseline"])
    published = experiment.get("published")
    return ("published", str(published["name"])) if published and shift in published["shifts"] else None


def base_of(groups: Groups, name: str, experiment: Mapping[str, Any], shift: str, axis: str) -> Base:
    """The baseline's line and the plane through the families of `in_distribution`, where they are declared."""
    fit = plane = None
    base = baseline_of(experiment, shift)
    if base is not None:
        fit = fit_group(groups, name, experiment, *base, shift, axis)
    within = experiment.get("in_distribution")
    if within:
        families = [group_of(groups, name, "model", family, shift) for family in within["families"]]
        points = pd.concat(families, ignore_index=True)
        x, y = set_accuracies(points, within["sets"]), points["y"].to_numpy(dtype=float)
        clusters = points["run"].tolist() if (experiment.get("resample") or "runs") == "runs" else None
        seed = stable_seed(name, *within["families"], shift, axis)
        plane = fit_plane(x, y, axis, float(experiment["floor"]), int(experiment["resamples"]), seed, clusters)
    return Base(base[1] if base else "", fit, plane)


def _above_plane(fit: FamilyFit, plane: Plane | None, sets: Sequence[str], level: float) -> tuple[float, float, float]:
    """Mean height of a family's points above the plane and its interval, in percentage points; nan without a plane."""
    nan = float("nan")
    if plane is None or not plane.identified or not fit.x.size:
        return nan, nan, nan
    x = set_accuracies(fit.points, sets)[fit.kept]
    placed = np.isfinite(transform(x, plane.axis)).all(axis=1)
    x, y = x[placed], fit.y[placed]
    mean = float(100 * (y - plane.predict(x)).mean()) if len(y) else nan
    if fit.resampled is None or plane.resampled is None:
        return mean, nan, nan
    above = 100 * (y - plane.predict_resampled(x))
    return mean, *mean_interval(above, fit.resampled.weights[:, placed], level)


def _row(fit: FamilyFit, base: Base, experiment: Mapping[str, Any]) -> dict[str, Any]:
    nan, level = float("nan"), float(experiment["level"])
    slope = fit.resampled.slope_interval(level) if fit.resampled else (nan, nan)
    intercept = fit.resampled.intercept_interval(level) if fit.resampled else (nan, nan)
    er = (nan, nan, nan)
    if base.fit is not None:
        er = mean_effective_robustness(fit.x, fit.y, base.fit.line, fit.resampled, base.fit.resampled, level)
    sets = (experiment.get("in_distribution") or {}).get("sets", [])
    line = fit.line
    values = {
        "slope": (line.slope, *slope),
        "intercept": (line.intercept, *intercept),
        "er": er,
        "er_multi": _above_plane(fit, base.plane, sets, level),
    }
    ends = {f"{name}{end}": number for name, three in values.items() for end, number in zip(ENDS, three, strict=True)}
    counts = {"n": line.n, "dropped": line.dropped, "runs": fit.runs, "outside": base.outside(fit.x)}
    counts["outside_multi"] = base.outside_plane(set_accuracies(fit.points, sets)[fit.kept]) if sets else None
    return {**counts, "r2": line.r2, "condition": base.plane.condition if base.plane else nan, **ends}


def fit_families(records: pd.DataFrame, experiment: Mapping[str, Any]) -> pd.DataFrame:
    """The table of fits of one experiment: a row per (family, ensemble or merged line, shift, axis), FIT_COLUMNS.

    `experiment` gives families, ensembles, lines, baseline, reference, shifts, floor (a fraction, on x), level,
    resamples, resample (`runs` or `points`) and in_distribution. Every axis is fitted; intervals are empty below three
    runs (or points, where points are resampled). Raises DatalinesError when the records hold more than one experiment
    or miss a declared family, ensemble or shift.

    `er` is the mean effective robustness above the baseline's line (Taori et al. 2020), `er_multi` that above the plane
    over several in-distribution sets (Shi et al. 2023), both in percentage points and with the chance of both sides in
    their intervals. `outside` counts the points outside the baseline's range, where its line is extrapolated,
    `outside_multi` those outside the accuracies of the plane's families on any in-distribution set.
    `condition` is the condition number of the sets; where it is above CONDITION_LIMIT, er_multi is empty.
    """
    name, groups = experiment_points(records, experiment)
    baseline = experiment.get("baseline")
    # The baseline's own line is a row like any other: its effective robustness is zero up to the spread of its points.
    models = dict.fromkeys([*experiment["families"], *([baseline] if baseline else [])])
    wanted = [("model", slug) for slug in models] + [("ensemble", slug) for slug in experiment["ensembles"]]
    wanted += [("line", slug) for slug in experiment.get("lines") or {}]
    places = list(product(experiment["shifts"], AXES))
    published = experiment.get("published") or {"shifts": {}}
    wanted += [("published", published["name"])] if published["shifts"] else []
    bases = {place: base_of(groups, name, experiment, *place) for place in places}
    warn_of_collinear(bases, name, experiment)
    rows = []
    for (kind, family), place in product(wanted, places):
        if kind == "published" and place[0] not in published["shifts"]:
            continue
        keys = {"experiment": name, "kind": kind, "family": family, "shift": place[0], "axis": place[1]}
        fit = fit_group(groups, name, experiment, kind, family, *place)
        found = _row(fit, bases[place], experiment)
        rows.append({**keys, "baseline": bases[place].name, "resample": experiment.get("resample") or "runs", **found})
    return pd.DataFrame(rows, columns=FIT_COLUMNS).astype({"outside": "Int64", "outside_multi": "Int64"})


def warn_of_collinear(bases: Mapping[tuple[str, str], Base], name: str, experiment: Mapping[str, Any]) -> None:
    """Say where accuracies on the in-distribution sets are too alike to tell their parts in a plane."""
    planes = {place: base.plane for place, base in bases.items() if base.plane is not None}
    alike = {place: plane for place, plane in planes.items() if plane.condition > CONDITION_LIMIT}
    if alike:
        within = experiment["in_distribution"]
        worst = max(plane.condition for plane in alike.values())
        where = ", ".join(f"{shift} ({axis})" for shift, axis in alike)
        log.warning(
            "experiment %s: accuracies of %s on %s are collinear (condition number %.3g, at most %g is used), so that "
            "er_multi is left empty on %s; add a family to in_distribution.families that differs between the sets",
            name, ", ".join(within["families"]), ", ".join(within["sets"]), worst, CONDITION_LIMIT, where,
        )  # fmt: skip
