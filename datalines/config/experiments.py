"""Sections `families`, `ensembles` and `experiments`: what lines are drawn through, and where they are compared."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from datalines.config.base import Number, Positive, Seeds, Slug, Slugs, Spec, Text
from datalines.config.errors import Findings, Loc


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
    """Outputs of several families averaged, matched by size, seed and epoch."""

    title: Text = Field(description="Name shown in tables and figures.")
    members: Annotated[Slugs, Field(min_length=2)] = Field(description="Families whose outputs are mixed.")
    sizes: Annotated[Slugs, Field(min_length=1)] = Field(description="Sizes at which the members are taken.")
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


class MergedLine(Spec):
    """One line through the points of several families, such as all networks trained on one source."""

    title: Text = Field(description="Name shown in tables and figures.")
    families: Annotated[Slugs, Field(min_length=1)] = Field(description="Families of the experiment it goes through.")


class InDistribution(Spec):
    """Effective robustness beside more than one in-distribution set (Shi et al., 2023)."""

    sets: Annotated[Slugs, Field(min_length=2)] = Field(
        description="In-distribution sets of the suite, the reference first; collected beside the shifts."
    )
    families: Annotated[Slugs, Field(min_length=1)] = Field(
        description="Families of the experiment, or its baseline, whose points the plane goes through."
    )


class PublishedBaseline(Spec):
    """Published results of standard models as a baseline."""

    name: Slug = Field(description="Entry of section `published`.")
    shifts: Annotated[dict[Slug, Slug], Field(min_length=1)] = Field(
        description="Shift of the experiment -> the shift that the published results call it."
    )


class Experiment(Spec):
    """Families and ensembles compared on the shifts of a suite."""

    title: Text = Field(description="Name shown in tables and figures.")
    families: Annotated[Slugs, Field(min_length=1)] = Field(description="Families whose lines are fitted.")
    ensembles: Slugs = Field(default=[], description="Ensembles whose lines are fitted.")
    baseline: Slug | None = Field(default=None, description="Family whose line effective robustness is measured from.")
    published: PublishedBaseline | None = Field(
        default=None, description="Published results whose models are the baseline, instead of a family."
    )
    suite: Slug = Field(description="Suite in which the models are evaluated.")
    reference: Slug = Field(description="Shift on the horizontal axis: the in-distribution set.")
    shifts: Annotated[Slugs, Field(min_length=1)] = Field(description="Shifts on the vertical axis.")
    axis: Literal["probit", "logit", "linear"] = Field(default="probit", description="Transform of both axes.")
    floor: Annotated[Number, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Points whose accuracy on the reference is below it are left out of the fits."
    )
    level: Annotated[Number, Field(gt=0, lt=1)] = Field(default=0.95, description="Level of the intervals.")
    resamples: Positive = Field(default=1000, description="Number of bootstrap resamples.")
    lines: dict[Slug, MergedLine] = Field(default={}, description="Line slug -> line through several families.")
    resample: Literal["runs", "points"] = Field(
        default="runs",
        description="What the bootstrap draws: whole runs with all their epochs, which needs three, or single points, "
        "which takes epochs of one run for independent.",
    )
    in_distribution: InDistribution | None = Field(
        default=None, description="Sets and families of effective robustness beside several in-distribution sets."
    )

    @model_validator(mode="after")
    def _one_baseline(self) -> Self:
        if self.baseline is not None and self.published is not None:
            raise ValueError("give either baseline: <family> or published: {name: ..., shifts: ...}")
        if self.in_distribution is not None and self.published is not None:
            raise ValueError("in_distribution needs models measured on all of its sets, and published ones are not")
        return self

    def sets(self) -> list[str]:
        """Every set that the records hold: reference, shifts, then further in-distribution sets."""
        further = self.in_distribution.sets if self.in_distribution else []
        return list(dict.fromkeys([self.reference, *self.shifts, *further]))


def check_experiment(
    loc: Loc, experiment: Experiment, names: Mapping[str, Sequence[str]], suite: Sequence[str] | None, found: Findings
) -> None:
    """Add what is wrong with merged lines and in-distribution sets.

    `names` are all entries of the study by section, `suite` the shifts of the experiment's suite (None if unknown).
    """
    if experiment.published is not None:
        name = experiment.published.name
        found.check_known((*loc, "published", "name"), name, "source of published results", names["published"])
        for shift in experiment.published.shifts:
            where = (*loc, "published", "shifts", shift)
            found.check_known(where, shift, "shift of the experiment", experiment.shifts, "shifts of it")
    for slug, line in experiment.lines.items():
        for section, noun in (("families", "family"), ("ensembles", "ensemble")):
            if slug in names[section]:
                text = f"is the name of {'an' if noun[0] == 'e' else 'a'} {noun} too"
                found.add((*loc, "lines", slug), f"{text}; fits tell them apart by name, so rename the line")
        for index, family in enumerate(line.families):
            place: Loc = (*loc, "lines", slug, "families", index)
            found.check_known(place, family, "family of the experiment", experiment.families, "families of it")
    if experiment.in_distribution is not None:
        _check_in_distribution((*loc, "in_distribution"), experiment, experiment.in_distribution, suite, found)


def _check_in_distribution(
    loc: Loc, experiment: Experiment, within: InDistribution, suite: Sequence[str] | None, found: Findings
) -> None:
    if within.sets[0] != experiment.reference:
        text = f"'{within.sets[0]}' is not the reference; write '{experiment.reference}' first, then the further sets"
        found.add((*loc, "sets", 0), text)
    for index, name in enumerate(within.sets):
        place: Loc = (*loc, "sets", index)
        if suite is not None:
            noun, many = f"shift of suite {experiment.suite}", f"shifts of suite {experiment.suite}"
            found.check_known(place, name, noun, suite, many)
        if name in experiment.shifts:
            text = f"'{name}' is one of the shifts, whose accuracy would be predicted from itself"
            found.add(place, f"{text}; remove it here or from `shifts`")
    families = [*experiment.families, *([experiment.baseline] if experiment.baseline else [])]
    for index, family in enumerate(within.families):
        noun, many = "family of the experiment or its baseline", "families of it"
        found.check_known((*loc, "families", index), family, noun, families, many)
