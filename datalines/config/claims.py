"""Section `papers.<paper>.claims`: what a paper says, and the statistic, test and threshold that decide whether it
holds."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Protocol, Self

from pydantic import AfterValidator, Field, model_validator

from datalines.claims.kinds import CHOICES, KINDS
from datalines.config.base import Number, Slug, Slugs, Spec, Text
from datalines.config.errors import Findings, Loc, listing, suggestion


def _statistic(value: str) -> str:
    if value in KINDS:
        return value
    raise ValueError(f"is {value!r}, which is no statistic{suggestion(value, KINDS)}Known statistics: {listing(KINDS)}")


class Claim(Spec):
    """One claim."""

    claim: Text = Field(description="What is claimed, in own words.")
    source: Text = Field(description="Where in the paper, such as section 4, Figure 2.")
    statistic: Annotated[str, AfterValidator(_statistic)] = Field(description="How it is measured: see docs/claims.md.")
    experiment: Slug | None = Field(default=None, description="Experiment whose records are measured.")
    theory: Slug | None = Field(
        default=None, description="Simulation whose table is measured, instead of `experiment`."
    )
    shifts: Slugs = Field(default=[], description="Shifts that are measured; empty is all of the experiment.")
    options: dict[str, Any] = Field(default={}, description="Settings of the statistic: see docs/claims.md.")
    threshold: Number = Field(description="The number that the effect must exceed or stay below, in the claim's unit.")
    unit: Text = Field(description="Unit of effect and threshold, such as percentage points.")
    level: Annotated[Number, Field(gt=0.5, lt=1)] = Field(default=0.95, description="Level of the intervals.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        kind = KINDS[self.statistic]
        if (self.experiment is None) == (self.theory is None):
            raise ValueError("give either experiment: <experiment> or theory: <simulation>")
        if getattr(self, kind.reads) is None:
            raise ValueError(f"statistic {self.statistic} reads a table of {kind.reads}: give {kind.reads}: <name>")
        missing = [name for name in kind.required if name not in self.options]
        if missing:
            raise ValueError(f"statistic {self.statistic} needs options.{missing[0]}; see docs/claims.md")
        for name, value in self.options.items():
            self._option(name, value)
        return self

    def _option(self, name: str, value: Any) -> None:
        kind = KINDS[self.statistic]
        if name not in kind.options:
            text = f"options.{name} is not known to statistic {self.statistic}{suggestion(name, kind.options)}"
            raise ValueError(f"{text}Known options: {listing(kind.options)}")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"options.{name} is {value!r}; write one of {', '.join(CHOICES[name])}")
        if name in kind.lists and not (isinstance(value, list) and value and all(isinstance(e, str) for e in value)):
            raise ValueError(f"options.{name} is {value!r}; write a list of names, e.g. [yfcc, laion]")
        if name == "sources" and len(value) != 2:
            raise ValueError(f"options.sources lists {len(value)}; write the two sources between which to lie")


class Compared(Protocol):
    """What is asked of an experiment: the names that a claim may mention."""

    families: list[str]
    ensembles: list[str]
    shifts: list[str]


def check_claim(
    loc: Loc, claim: Claim, experiments: Mapping[str, Compared], simulations: Collection[str], found: Findings
) -> None:
    """Add to `found` every experiment, simulation, shift, family, line and ensemble of a claim that does not exist."""
    if claim.theory is not None:
        found.check_known((*loc, "theory"), claim.theory, "simulation", simulations)
        return
    name = str(claim.experiment)
    if not found.check_known((*loc, "experiment"), name, "experiment", experiments):
        return
    spec = experiments[name]
    shifts, of = [*spec.shifts], f"experiment {name}"
    sets = [*shifts, getattr(spec, "reference", "")] if claim.statistic == "exponents-differ" else shifts
    places = [((*loc, "shifts", index), shift, sets) for index, shift in enumerate(claim.shifts)]
    than = claim.options.get("than", [])
    places += [((*loc, "options", "than", index), shift, shifts) for index, shift in enumerate(than)]
    for place, shift, known in places:
        found.check_known(place, shift, f"shift of {of}", known, f"shifts of {of}")
    lines = [*spec.families, *(getattr(spec, "lines", None) or {})]
    for key in ("families", "sources", "mixtures", "order", "mixture"):
        value = claim.options.get(key, [])
        for index, family in enumerate([value] if isinstance(value, str) else value):
            place = (*loc, "options", key) if isinstance(value, str) else (*loc, "options", key, index)
            found.check_known(place, family, f"family of {of}", lines, f"families of {of}")
    for index, ensemble in enumerate(claim.options.get("ensembles", [])):
        place = (*loc, "options", "ensembles", index)
        found.check_known(place, ensemble, f"ensemble of {of}", spec.ensembles, f"ensembles of {of}")
