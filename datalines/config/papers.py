"""Section `papers`: the tables, figures, simulations and claims of each paper, each made by one script from records."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from datalines.config.base import Slug, Slugs, Spec, Text
from datalines.config.claims import Claim
from datalines.config.concepts import CONCEPTS

SCRIPTS = "workflow/scripts/papers"
WHOLE_RECORDS = ("pools", "statistics", "overlap", "balance", "balance-classes")
"""Records that are of no experiment."""

SOURCES = {"records": "experiments", "fits": "experiments", "theory": "theory", "published": "published"}
"""What a table's name may begin with, and the section that its rest is a name of."""


def _script(value: str) -> str:
    if all(part.isidentifier() for part in value.split("/")):
        return value
    raise ValueError(f"is {value!r}; write <paper>/<script> below {SCRIPTS}, without .py, e.g. qnq/fig_02_sources")


def _table(value: str) -> str:
    if re.fullmatch(rf"({'|'.join(SOURCES)})/[a-z0-9][a-z0-9-]*", value):
        return value
    raise ValueError(f"is {value!r}; write <{'|'.join(SOURCES)}>/<name>, e.g. records/sources or theory/mixing")


Script = Annotated[str, AfterValidator(_script)]
TableName = Annotated[str, AfterValidator(_table)]
TableNames = Annotated[list[TableName], Field(min_length=1)]


class Figure(Spec):
    """One figure."""

    title: Text = Field(description="Name shown in the report.")
    script: Script = Field(description=f"Script below {SCRIPTS}, without .py.")
    experiment: Slug | None = Field(default=None, description="Experiment whose records and fits are drawn.")
    pools: Slugs | None = Field(default=None, description="Pools whose samples are drawn, instead of `experiment`.")
    sets: Slugs | None = Field(default=None, description="Shifts whose images are drawn, instead of `experiment`.")
    tables: TableNames | None = Field(
        default=None, description="Tables that are drawn, such as theory/mixing, instead of `experiment`."
    )
    shifts: Slugs = Field(default=[], description="Shifts with a panel, in order; empty is all of the experiment.")
    caption: Text | None = Field(default=None, description="Caption used instead of the script's docstring.")
    options: dict[str, Any] = Field(default={}, description="Free settings of the script.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if sum(bool(given) for given in (self.experiment, self.pools, self.sets, self.tables)) != 1:
            raise ValueError("give one of experiment: <experiment>, pools: [pools], sets: [shifts] or tables: [tables]")
        if self.shifts and self.experiment is None:
            raise ValueError("shifts are of an experiment; remove them from a figure that names none")
        return self


class Table(Spec):
    """One table."""

    title: Text = Field(description="Name shown in the report.")
    script: Script = Field(description=f"Script below {SCRIPTS}, without .py.")
    pools: Slugs | None = Field(default=None, description="Pools whose counts are shown.")
    experiment: Slug | None = Field(default=None, description="Experiment whose records are shown, instead of `pools`.")
    tables: TableNames | None = Field(default=None, description="Tables that are shown, instead of `pools`.")
    rows: Literal["counts", "overlap"] = Field(
        default="counts", description="Of pools: their counts, or what they share with each other and with shifts."
    )
    options: dict[str, Any] = Field(default={}, description="Free settings of the script.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if sum(bool(given) for given in (self.pools, self.experiment, self.tables)) != 1:
            raise ValueError("give one of pools: [pools], experiment: <experiment> or tables: [tables]")
        return self


class Paper(Spec):
    """A paper and what is rebuilt of it."""

    title: Text = Field(description="Title and authors.")
    tables: dict[Slug, Table] = Field(default={}, description="Table slug -> table.")
    figures: dict[Slug, Figure] = Field(default={}, description="Figure slug -> figure.")
    theory: dict[Slug, dict[str, Any]] = Field(default={}, description="Simulation -> its settings.")
    claims: dict[Slug, Claim] = Field(default={}, description="What the paper says, and what decides whether it holds.")


def experiments_in(part: Figure | Table) -> list[str]:
    """The experiments whose records or fits a figure or table shows."""
    if part.experiment is not None:
        return [part.experiment]
    names = [name.split("/") for name in part.tables or []]
    return [
        rest.removesuffix("-points")
        for source, rest in names
        if SOURCES[source] == "experiments" and rest not in WHOLE_RECORDS and not rest.startswith(CONCEPTS)
    ]
