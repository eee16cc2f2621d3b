"""What standard models lead one to expect of an average over shifts: the mean of the single shifts' lines.

Each shift has a line of its own, and ImageNet-A two (Taori et al. 2020). The mean of accuracies on them lies on no
straight line, so the expected average is the mean of what the lines expect, a curve with a step at ResNet-50.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from datalines.published.reading import PublishedError
from datalines.published.testbed import ABOVE_KNEE, BELOW_KNEE, KNEES, MIN_POINTS, RESAMPLES
from datalines.published.tidy import FULL, STANDARD_GROUP
from datalines.robustness.intervals import stable_seed
from datalines.robustness.lines import Line, fit_line
from datalines.robustness.resampling import Counts, draw_counts, resampled_lines
from datalines.robustness.transforms import Array, inverse, transform


@dataclass(frozen=True)
class MeanLine:
    """The mean of several lines' accuracies."""

    lines: tuple[Line, ...]

    def predict(self, x: ArrayLike) -> Array:
        """Expected average accuracy at x, fractions of any shape."""
        return np.asarray(np.mean([line.predict(x) for line in self.lines], axis=0), dtype=np.float64)


@dataclass(frozen=True)
class MeanPiece:
    """The expected average on one side of ImageNet-A's knee, with resamples of all lines through the same models."""

    part: str
    line: MeanLine
    axis: str
    resampled: tuple[tuple[Array, Array], ...]  # slopes and intercepts (resamples,), a pair for each line
    x_min: float
    x_max: float

    def band(self, x: Array, level: float) -> tuple[Array, Array]:
        """Pointwise percentile interval of the expected average at x (k,), fractions."""
        at = transform(x, self.axis)[None, :]
        curves = [
            inverse(intercepts[:, None] + slopes[:, None] * at, self.axis) for slopes, intercepts in self.resampled
        ]
        means = np.mean(curves, axis=0)
        low, high = np.nanquantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return low, high


@dataclass(frozen=True)
class AverageBaseline:
    """The expected average below and above the knee of ImageNet-A, for models that have all the shifts' numbers."""

    axis: str
    pieces: tuple[MeanPiece, MeanPiece]
    knee: float
    n: int

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest x of the models behind the curve, fractions."""
        return min(piece.x_min for piece in self.pieces), max(piece.x_max for piece in self.pieces)

    def predict(self, x: ArrayLike) -> Array:
        """Expected average accuracy (k,) at x (k,), fractions; at the knee itself the part above it counts."""
        at = np.asarray(x, dtype=np.float64)
        below, above = (piece.line.predict(at) for piece in self.pieces)
        return np.where(at < self.knee, below, above)


def averaged_baseline(rows: pd.DataFrame, shifts: Sequence[str], axis: str = "logit") -> AverageBaseline:
    """The expected average over shifts, ImageNet-A among them, from the standard models of a tidy table.

    Only models with a usable number on every shift against all of ImageNet take part, so that all lines go through the
    same ones and are resampled together. Raises PublishedError for shifts without ImageNet-A, and for fewer than three
    models on one side of the knee.
    """
    if "a" not in shifts:
        raise PublishedError(f"shifts are {', '.join(shifts)}; the expected average here has ImageNet-A's knee, add a")
    on = rows[(rows["group"] == STANDARD_GROUP) & rows["used"].astype(bool) & (rows["x_set"] == FULL)]
    wide = on[on["shift"].isin(shifts)].pivot(index="model", columns="shift", values=["x", "y"]).dropna()
    if wide.empty:
        raise PublishedError(f"no standard model has a usable number on all of {', '.join(shifts)}")
    x, knee = wide["x", "a"].to_numpy(dtype=np.float64), KNEES[FULL]
    counts = draw_counts(len(wide), RESAMPLES, stable_seed("published", "average", axis, *shifts))
    pieces = []
    for part, mask in ((BELOW_KNEE, x < knee), (ABOVE_KNEE, x > knee)):
        if mask.sum() < MIN_POINTS:
            raise PublishedError(f"{int(mask.sum())} standard models {part} of ImageNet-A; a line needs {MIN_POINTS}")
        y = {shift: wide["y", shift].to_numpy(dtype=np.float64) for shift in shifts}
        lines = tuple(_line(x, y[shift], axis, mask, shift) for shift in shifts)
        drawn = tuple(_resampled(x, y[shift], axis, mask, shift, counts) for shift in shifts)
        pieces.append(MeanPiece(part, MeanLine(lines), axis, drawn, float(x[mask].min()), float(x[mask].max())))
    return AverageBaseline(axis, (pieces[0], pieces[1]), knee, len(wide))


def _chosen(mask: NDArray[np.bool_], shift: str) -> NDArray[np.bool_]:
    """The models behind a line: those on one side of the knee on ImageNet-A, all of them elsewhere."""
    return mask if shift == "a" else np.ones_like(mask)


def _line(x: Array, y: Array, axis: str, mask: NDArray[np.bool_], shift: str) -> Line:
    chosen = _chosen(mask, shift)
    return fit_line(x[chosen], y[chosen], axis)


def _resampled(
    x: Array, y: Array, axis: str, mask: NDArray[np.bool_], shift: str, counts: Counts
) -> tuple[Array, Array]:
    """Slopes and intercepts (resamples,), nan where a resample has no two models on this side of the knee."""
    chosen = _chosen(mask, shift)
    own = counts[:, chosen]
    drawn = own.sum(axis=1) > 0
    slopes, intercepts = np.full((2, len(counts)), np.nan)
    at_x, at_y = transform(x[chosen], axis), transform(y[chosen], axis)
    slopes[drawn], intercepts[drawn] = resampled_lines(own[drawn], at_x, at_y, np.arange(len(at_x)))
    return slopes, intercepts
