"""The distance of an ensemble's points from the line of the model that is trained on all of the data (QNQ, 5.2)."""

import numpy as np
import pandas as pd

from datalines.claims.bounds import Estimate, Unknown, size
from datalines.claims.lines import RUN, RunLine, jackknife
from datalines.claims.parts import Part, Question, Sample
from datalines.robustness.resampling import unit_codes
from datalines.robustness.transforms import Array, inverse, transform


def ensemble_on_line(question: Question) -> list[Part]:
    """Per shift, how far the points of the `ensembles` lie from the line of `mixture` on average, without sign.

    Points are those of equal weights whose reference accuracy lies within the range of the mixture's points; distances
    are vertical, in percentage points (option `scale: accuracy`) or on the experiment's axis (`scale: axis`).
    """
    mixture = str(question.options["mixture"])
    return [_part(question, shift, mixture) for shift in question.shifts]


def _part(question: Question, shift: str, mixture: str) -> Part:
    line = question.lines.line(mixture, shift)
    if isinstance(line, Unknown):
        return Part(shift, line)
    found = [question.lines.points(name, shift) for name in question.families("ensembles")]
    for one in found:
        if isinstance(one, Unknown):
            return Part(shift, one)
    points = pd.concat([one for one in found if isinstance(one, pd.DataFrame)], ignore_index=True)
    at = transform(points["x"].to_numpy(dtype=float), line.axis)
    inside = (at >= line.low) & (at <= line.high)
    if question.options.get("scale") == "axis":
        inside &= np.isfinite(transform(points["y"].to_numpy(dtype=float), line.axis))
    if not inside.any():
        return Part(shift, Unknown(f"{shift}: no point of the ensemble lies within the range of {mixture}"))
    rows = points[inside]
    codes = unit_codes(list(rows[RUN].itertuples(index=False, name=None)))
    distance = _distance(question, line, at[inside], rows["y"].to_numpy(dtype=float), codes)
    names = "+".join(question.families("ensembles"))
    samples = {
        (names, shift): Sample(len(rows), int(codes.max()) + 1),
        (mixture, shift): Sample(len(line.x), len(line.runs)),
    }
    left = f"; {int((~inside).sum())} point(s) outside the range of {mixture} left out" if not inside.all() else ""
    return Part(shift, size(distance), samples, None, f"mean signed distance {distance.effect:+.3g}{left}")


def _distance(question: Question, line: RunLine, x: Array, y: Array, codes: np.ndarray) -> Estimate:
    """Mean signed distance of points x (n,) on the axis and y (n,) from the line: runs of both vary."""
    on_axis = question.options.get("scale") == "axis"

    def above(slope: Array | float, intercept: Array | float) -> Array:
        heights = np.asarray(intercept + slope * x)
        return transform(y, line.axis) - heights if on_axis else 100 * (y - inverse(heights, line.axis))

    own = above(line.slope, line.intercept)
    runs = int(codes.max()) + 1
    ensembles = np.array([own[codes != run].mean() if runs > 1 else np.nan for run in range(runs)])
    lines = np.array([above(slope, start).mean() for slope, start in zip(line.slopes, line.intercepts, strict=True)])
    return Estimate(float(own.mean()), (jackknife(ensembles), jackknife(lines)))
