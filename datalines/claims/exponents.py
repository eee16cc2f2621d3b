"""Data efficiency: whether the exponents of the sources' power laws differ (QNQ, appendix C, Figure 17)."""

import numpy as np
import pandas as pd

from datalines.claims.bounds import Estimate, Unknown, spread
from datalines.claims.lines import jackknife
from datalines.claims.parts import Part, Question, Sample
from datalines.robustness.efficiency import final_errors


def exponents_differ(question: Question) -> list[Part]:
    """Per set, the largest exponent b of error = a n^-b less the smallest.

    b is minus the least-squares slope of log error on log n, n the number of training pairs, through the last epoch of
    every run of a family; its variance is the jackknife's over runs.
    """
    records = question.lines.records
    present = set(records["shift"].astype(str))
    parts = []
    for shift in question.shifts:
        if shift not in present:
            parts.append(Part(shift, Unknown(f"no records on {shift}")))
            continue
        errors = final_errors(records, [shift])
        parts.append(_part({name: errors[errors["family"] == name] for name in question.families()}, shift))
    return parts


def _part(errors: dict[str, pd.DataFrame], shift: str) -> Part:
    found = {name: exponent(rows) for name, rows in errors.items()}
    unknown = [f"{name} has {number.reason}" for name, number in found.items() if isinstance(number, Unknown)]
    if unknown:
        return Part(shift, Unknown(f"{shift}: {'; '.join(unknown)}"))
    known = {name: number for name, number in found.items() if isinstance(number, Estimate)}
    samples = {(name, shift): Sample(len(errors[name]), len(errors[name])) for name in known}
    ordered = sorted(known.items(), key=lambda item: (-item[1].effect, item[0]))
    note = "exponents: " + ", ".join(f"{name} {number.effect:.3f}" for name, number in ordered)
    return Part(shift, spread(list(known.values())), samples, None, note)


def exponent(rows: pd.DataFrame) -> Estimate | Unknown:
    """Exponent of the power law through rows of one run each: columns samples and error (a fraction above 0)."""
    if rows["samples"].nunique() < 2:
        return Unknown("fewer than two numbers of training pairs")
    x, y = np.log(rows["samples"].to_numpy(dtype=float)), np.log(rows["error"].to_numpy(dtype=float))

    def fitted(keep: np.ndarray) -> float:
        if np.ptp(x[keep]) == 0:
            return float("nan")
        return -float(np.polyfit(x[keep], y[keep], 1)[0])

    runs = np.arange(len(x))
    without = np.array([fitted(runs != run) for run in runs])
    return Estimate(fitted(np.full(len(x), True)), (jackknife(without),))
