"""Robustness: axis transforms, lines through families, intervals, effective robustness. Data in, data out."""

from datalines.robustness.families import FIT_COLUMNS, fit_families, fit_points, join_points, line_points
from datalines.robustness.intervals import clopper_pearson, percentile_interval, stable_seed
from datalines.robustness.lines import (
    Bootstrap,
    Line,
    bootstrap_lines,
    effective_robustness,
    fit_line,
    mean_effective_robustness,
    usable,
)
from datalines.robustness.transforms import AXES, inverse, transform

__all__ = [
    "AXES",
    "FIT_COLUMNS",
    "Bootstrap",
    "Line",
    "bootstrap_lines",
    "clopper_pearson",
    "effective_robustness",
    "fit_families",
    "fit_line",
    "fit_points",
    "inverse",
    "join_points",
    "line_points",
    "mean_effective_robustness",
    "percentile_interval",
    "stable_seed",
    "transform",
    "usable",
]
