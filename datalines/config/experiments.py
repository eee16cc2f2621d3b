"""Sections `families`, `ensembles` and `experiments`: what lines are drawn through, and where they are compared."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from datalines.config.base import Number, Positive, Seeds, Slug, Slugs, Spec, Text


class Family(Spec):
    """What a line is drawn through: one mixture at several sizes, epochs and seeds, trained with one recipe."""

    title: Text = Field(description="Name shown in tables and figures.")
    mixture: Slug = Field(description="Training set.")
    recipe: Slug = Field(description="How it is trained.")
    sizes: Annotated[Slugs, Field(min_length=1)] = Field(description="Sizes of the mixture that are trained.")
    seeds: Seeds = Field(default=[0], description="Seeds of the initial weights and of the sample order.")


def _weights(value: Any) -> Any:
    numbers = isinstance(value, list) and all(isinstance(item, (int, float)) and 0 <= item <= 1 for item in value)
    if value == "equal" or (numbers and value and value == sorted(set(value))):
        return value
    wanted = "equal, or rising weights of the first member between 0 and 1, e.g. [0.0, 0.5, 1.0]"
    raise ValueError(f"is {value!r}; write {wanted}")


class Ensemble(Spec):
    """Outputs of several families averaged, matched by epoch and seed."""

    title: Text = Field(description="Name shown in tables and figures.")
    members: Annotated[Slugs, Field(min_length=2)] = Field(description="Families whose outputs are mixed.")
    size: Slug = Field(description="Size at which the members are taken.")
    weights: Annotated[list[Number] | Literal["equal"], BeforeValidator(_weights)] = Field(
        default="equal", description="Weights of the first of two members, one point each; or equal."
    )

    @field_validator("weights")
    @classmethod
    def _two_members(cls, weights: list[float] | str, info: ValidationInfo) -> list[float] | str:
        members = info.data.get("members", [])
        if weights != "equal" and members and len(members) != 2:
            raise ValueError(f"is a list, which needs two members, but there are {len(members)}; write equal")
        return weights


class Experiment(Spec):
    """Families and ensembles compared on the shifts of a suite."""

    title: Text = Field(description="Name shown in tables and figures.")
    families: Annotated[Slugs, Field(min_length=1)] = Field(description="Families whose lines are fitted.")
    ensembles: Slugs = Field(default=[], description="Ensembles whose lines are fitted.")
    baseline: Slug | None = Field(default=None, description="Family whose line effective robustness is measured from.")
    suite: Slug = Field(description="Suite in which the models are evaluated.")
    reference: Slug = Field(description="Shift on the horizontal axis: the in-distribution set.")
    shifts: Annotated[Slugs, Field(min_length=1)] = Field(description="Shifts on the vertical axis.")
    axis: Literal["probit", "logit", "linear"] = Field(default="probit", description="Transform of both axes.")
    floor: Annotated[Number, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Points whose accuracy on the reference is below it are left out of the fits."
    )
    level: Annotated[Number, Field(gt=0, lt=1)] = Field(default=0.95, description="Level of the intervals.")
    resamples: Positive = Field(default=1000, description="Bootstrap resamples of the points.")
