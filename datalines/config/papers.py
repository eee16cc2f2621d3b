"""Section `papers`: the tables and figures of each paper, each drawn by one script from records."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from datalines.config.base import Slug, Slugs, Spec, Text

SCRIPTS = "workflow/scripts/papers"


def _script(value: str) -> str:
    if all(part.isidentifier() for part in value.split("/")):
        return value
    raise ValueError(f"is {value!r}; write <paper>/<script> below {SCRIPTS}, without .py, e.g. qnq/fig_02_sources")


Script = Annotated[str, AfterValidator(_script)]


class Figure(Spec):
    """One figure."""

    title: Text = Field(description="Name shown in the report.")
    script: Script = Field(description=f"Script below {SCRIPTS}, without .py.")
    experiment: Slug | None = Field(default=None, description="Experiment whose records and fits are drawn.")
    pools: Slugs | None = Field(default=None, description="Pools whose samples are drawn, instead of `experiment`.")
    shifts: Slugs = Field(default=[], description="Shifts with a panel, in order; empty is all of the experiment.")
    caption: Text | None = Field(default=None, description="Caption used instead of the script's docstring.")
    options: dict[str, Any] = Field(default={}, description="Free settings of the script.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.pools) == (self.experiment is not None):
            raise ValueError("give either experiment: <experiment> or pools: [pools]")
        if self.pools and self.shifts:
            raise ValueError("shifts are of an experiment; remove them from a figure of pools")
        return self


class Table(Spec):
    """One table."""

    title: Text = Field(description="Name shown in the report.")
    script: Script = Field(description=f"Script below {SCRIPTS}, without .py.")
    pools: Slugs | None = Field(default=None, description="Pools whose counts are shown.")
    experiment: Slug | None = Field(default=None, description="Experiment whose fits are shown, instead of `pools`.")
    rows: Literal["counts", "overlap"] = Field(
        default="counts", description="Of pools: their counts, or what they share with each other and with shifts."
    )
    options: dict[str, Any] = Field(default={}, description="Free settings of the script.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.pools) == (self.experiment is not None):
            raise ValueError("give either pools: [pools] or experiment: <experiment>")
        return self


class Paper(Spec):
    """A paper and what is rebuilt of it."""

    title: Text = Field(description="Title and authors.")
    tables: dict[Slug, Table] = Field(default={}, description="Table slug -> table.")
    figures: dict[Slug, Figure] = Field(default={}, description="Figure slug -> figure.")
