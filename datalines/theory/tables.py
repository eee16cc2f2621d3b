"""The simulations by name, each a table that depends on its settings alone."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from datalines.theory.deviation import deviations
from datalines.theory.filtering_table import filterings
from datalines.theory.mixing_table import mixings
from datalines.theory.specs import read_spec
from datalines.theory.universality import universality

DIGITS = 7  # significant ones: sums in another order, on another number of threads, give the same table
_SIMULATIONS: dict[str, Callable[[Any], pd.DataFrame]] = {
    "universality": universality,
    "deviation": deviations,
    "mixing": mixings,
    "filtering": filterings,
}


def simulate(name: str, values: dict[str, Any]) -> pd.DataFrame:
    """The table of simulation `name` with these settings, and the defaults of `specs` for those that are not given.

    Raises DatalinesError for a name or a setting that is not known.
    """
    spec = read_spec(name, values)
    table = _SIMULATIONS[name](spec)
    for column in table.select_dtypes("float"):
        table[column] = table[column].map(_rounded)
    return table


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS - 1}e}")
