"""Delete-one jackknife: the variance of an estimate from its values with each run left out, and what several such
variances are worth together."""

import math
from collections.abc import Sequence

from datalines.robustness.resampling import MIN_UNITS
from datalines.robustness.transforms import Array


def jackknife_variance(without: Array) -> float:
    """Variance of an estimate whose values with each unit (R,) left out are given; nan below MIN_UNITS units."""
    units = len(without)
    if units < MIN_UNITS:
        return math.nan
    return float((units - 1) / units * ((without - without.mean()) ** 2).sum())


def welch_freedom(variances: Sequence[float], freedoms: Sequence[float]) -> float:
    """Welch and Satterthwaite's degrees of freedom of a sum of independent variances; infinite where there is none."""
    below = math.fsum(one**2 / free for one, free in zip(variances, freedoms, strict=True))
    return math.fsum(variances) ** 2 / below if below > 0 else math.inf
