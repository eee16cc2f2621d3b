"""The statistics that a claim may name: what they are compared with, what they read, and which options they take.

Apart from the functions in `datalines.claims.registry`, so that reading a configuration loads no numerical library.
"""

from dataclasses import dataclass
from typing import Literal

Test = Literal["above", "below"]


@dataclass(frozen=True)
class Kind:
    """One statistic: it must lie above or below the threshold; its table; its options, some of which must be given."""

    test: Test
    reads: Literal["experiment", "theory"]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    lists: tuple[str, ...] = ("families", "sources", "mixtures", "order", "ensembles", "than", "by")

    @property
    def options(self) -> tuple[str, ...]:
        """Every option that may be given."""
        return (*self.required, *self.optional, "parts")


KINDS: dict[str, Kind] = {
    "nobody-dominates": Kind("above", "experiment", (), ("families",)),
    "lines-coincide": Kind("below", "experiment", (), ("families", "quantity")),
    "lines-differ": Kind("above", "experiment", (), ("families", "quantity")),
    "spread-is-smaller": Kind("below", "experiment", ("than",), ("families", "quantity")),
    "lies-between": Kind("below", "experiment", ("sources", "mixtures"), ("quantity",)),
    "monotone": Kind("below", "experiment", ("order",), ("quantity",)),
    "ensemble-on-line": Kind("below", "experiment", ("ensembles", "mixture"), ("scale",)),
    "best-is-better": Kind("above", "experiment", ("mixture",), ("families",)),
    "exponents-differ": Kind("above", "experiment", (), ("families",)),
    "agrees": Kind("below", "theory", ("value", "expected"), ("where", "by", "count", "factor")),
    "always-holds": Kind("above", "theory", ("value",), ("where", "by")),
}

CHOICES: dict[str, tuple[str, ...]] = {
    "parts": ("all", "any"),
    "quantity": ("height", "slope"),
    "scale": ("accuracy", "axis"),
}
"""Options with a fixed set of words; the first is what holds where none is given."""
