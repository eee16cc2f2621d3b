"""The functions behind the statistics that a claim may name."""

from datalines.claims import comparisons, distances, exponents, theory
from datalines.claims.parts import OfLines, OfTheory

OF_LINES: dict[str, OfLines] = {
    "nobody-dominates": comparisons.nobody_dominates,
    "lines-coincide": comparisons.spread_of_lines,
    "lines-differ": comparisons.spread_of_lines,
    "spread-is-smaller": comparisons.spread_is_smaller,
    "lies-between": comparisons.lies_between,
    "monotone": comparisons.monotone,
    "ensemble-on-line": distances.ensemble_on_line,
    "best-is-better": comparisons.best_is_better,
    "exponents-differ": exponents.exponents_differ,
}

OF_THEORY: dict[str, OfTheory] = {"agrees": theory.agrees, "always-holds": theory.always_holds}
