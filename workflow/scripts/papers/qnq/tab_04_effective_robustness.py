"""Effective robustness, by two definitions, in percentage points. Above the line: the mean height of a family's points
above the line of the baseline family (Taori et al. 2020), with an interval that resamples both; beside it the number of
points outside the baseline's range, where its line is extrapolated, and the mean over the others alone. Above the
plane: the mean height above a plane through the baseline families over more than one in-distribution set (Shi et al.
2023), which takes away what a family owes to being trained on data like one of these sets; empty where the sets cannot
be told apart (their condition number is in the table of fits). Points lie above the floor of the experiment, and 95 %
intervals resample runs or points as the experiment declares. Scale: {scale}. The paper compares lines and gives no
number of effective robustness; the numbers here are an addition."""

import pandas as pd

from datalines.errors import DatalinesError
from datalines.robustness.points import line_points
from datalines.tables import Table

POINTS = "-points"
KEY = ["kind", "family", "shift"]


def tabulate(rows: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """Tables `fits/<experiment>` and `fits/<experiment>-points` as a row per family and shift, the baseline left out.

    Option `families` picks families, ensembles and merged lines, option `shifts` the shifts; both order the rows. Else
    all are shown, in the order of the fits. Raises DatalinesError where one of the two tables is not given.
    """
    fits, points = _pair(rows)
    fits = fits[(fits["axis"] == points["axis"].iloc[0]) & (fits["family"] != fits["baseline"])]
    for column, option in (("family", "families"), ("shift", "shifts")):
        chosen = [str(slug) for slug in table.options.get(option, dict.fromkeys(fits[column]))]
        order = {slug: place for place, slug in enumerate(chosen)}
        fits = fits[fits[column].isin(chosen)]
        fits = fits.assign(**{f"{column} place": fits[column].map(order)})
    fits = fits.sort_values(["family place", "shift place"], kind="stable", ignore_index=True)
    frame = fits.merge(_within(points), how="left", on=KEY)
    return pd.DataFrame(
        {
            "Family": frame["family"].map(table.name),
            "Shift": frame["shift"].map(table.name),
            "Points": frame["n"],
            "Runs": frame["runs"],
            "Above the line": frame["er"],
            "Line low": frame["er_low"],
            "Line high": frame["er_high"],
            "Outside its range": frame["outside"].astype("Int64"),
            "Inside alone": frame["inside"],
            "Above the plane": frame["er_multi"],
            "Plane low": frame["er_multi_low"],
            "Plane high": frame["er_multi_high"],
            "Outside its box": frame["outside_multi"].astype("Int64"),
        }
    )


def _pair(rows: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    named = {name.endswith(POINTS): frame for name, frame in rows.items()}
    if len(rows) != 2 or len(named) != 2:
        raise DatalinesError(f"tables: {', '.join(rows)}; write [fits/<experiment>, fits/<experiment>{POINTS}]")
    keys = dict.fromkeys(["family", "shift"], str)
    return named[False].astype({**keys, "baseline": str}), named[True].astype(keys)


def _within(points: pd.DataFrame) -> pd.DataFrame:
    """Mean effective robustness of the points inside the baseline's range, of ensembles those of equal weight."""
    shown = [line_points(group) for _, group in points.groupby(KEY, sort=False)]
    inside = pd.concat(shown) if shown else points
    inside = inside[inside["in_range"].astype("boolean").fillna(False)]
    return inside.groupby(KEY, sort=False)["er"].mean().rename("inside").reset_index()
