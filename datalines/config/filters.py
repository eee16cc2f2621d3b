"""Section `filters`: a filter is a list of steps; a row is dropped by the first step that refuses it."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from datalines.config.base import Names, Number, Positive, Seed, Slug, Slugs, Spec, Text
from datalines.config.lists import FactName

Share = Annotated[Number, Field(ge=0, le=1)]


class StepBase(Spec):
    """Keys of every step."""

    name: Slug | None = Field(default=None, description="Reason written for dropped rows; the step's kind if left out.")


class CaptionLength(StepBase):
    """Keeps captions of a stated length."""

    kind: Literal["caption-length"]
    unit: Literal["words", "characters"] = Field(description="What is counted.")
    min: Annotated[int, Field(ge=0)] | None = Field(default=None, description="Shortest caption kept.")
    max: Positive | None = Field(default=None, description="Longest caption kept.")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _check_bounds(self.min, self.max, "min", "max")
        return self


class CaptionCharacters(StepBase):
    """Keeps captions made of the expected characters."""

    kind: Literal["caption-characters"]
    min_letter_share: Share | None = Field(default=None, description="Smallest share of letters among the characters.")
    max_non_ascii_share: Share | None = Field(default=None, description="Largest share of characters beyond ASCII.")
    forbid: list[Text] = Field(default=[], description="Texts that no kept caption contains.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.min_letter_share is None and self.max_non_ascii_share is None and not self.forbid:
            raise ValueError("give min_letter_share, max_non_ascii_share or forbid; without them it keeps everything")
        return self


class FactStep(StepBase):
    """Keys of steps that look at a further column of a list."""

    fact: FactName = Field(description="Name of the column under the list's `facts`.")
    missing: Literal["keep", "drop"] = Field(default="drop", description="What is done with rows without a value.")


class Tag(FactStep):
    """Keeps rows by a tag: NSFW, language, subreddit."""

    kind: Literal["tag"]
    keep: Names | None = Field(default=None, description="Values kept; all others are dropped.")
    drop: Names | None = Field(default=None, description="Values dropped; all others are kept.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        _check_either(self.keep, self.drop)
        return self


class NumberStep(FactStep):
    """Keeps rows by a number of the list, such as a published similarity."""

    kind: Literal["number"]
    min: Number | None = Field(default=None, description="Smallest value kept.")
    max: Number | None = Field(default=None, description="Largest value kept.")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _check_bounds(self.min, self.max, "min", "max")
        return self


class HostStep(StepBase):
    """Keeps rows by the host of their address; a domain stands for its sub-domains too."""

    kind: Literal["host"]
    keep: Names | None = Field(default=None, description="Domains kept; all others are dropped.")
    drop: Names | None = Field(default=None, description="Domains dropped; all others are kept.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        _check_either(self.keep, self.drop)
        return self


class RandomShare(StepBase):
    """Keeps a random part, chosen by a keyed hash of the ids; a larger share contains a smaller."""

    kind: Literal["random-share"]
    share: Annotated[Number, Field(gt=0, lt=1)] = Field(description="Share kept.")
    seed: Seed = Field(default=0, description="Chooses which.")


class ClipScore(StepBase):
    """Keeps rows whose image and caption agree under a CLIP model (LAION kept cosines of at least 0.3)."""

    kind: Literal["clip-score"]
    scorer: Slug = Field(description="Scorer of section `scorers`.")
    min: Number | None = Field(default=None, description="Smallest cosine kept.")
    max: Number | None = Field(default=None, description="Largest cosine kept.")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _check_bounds(self.min, self.max, "min", "max")
        return self


class ExactDuplicate(StepBase):
    """Keeps the first of equal rows, and none that equals a row of another pool."""

    kind: Literal["exact-duplicate"]
    of: Literal["image", "caption", "pair", "url"] = Field(
        default="image", description="What must be equal, byte for byte."
    )
    pools: Slugs = Field(default=[], description="Other pools whose stored rows count as seen.")


class NearDuplicate(StepBase):
    """Keeps the first of images that look alike, and none that looks like one of another pool or evaluation set."""

    kind: Literal["near-duplicate"]
    distance: Annotated[int, Field(ge=0, le=16)] = Field(
        default=4, description="Largest number of differing bits of two 64-bit perceptual hashes that counts as alike."
    )
    within: bool = Field(default=True, description="Whether images of the pool itself are compared.")
    pools: Slugs = Field(default=[], description="Other pools compared with.")
    shifts: Slugs | Literal["all"] = Field(
        default=[], description="Evaluation sets compared with, or all that the targets use."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.within or self.pools or self.shifts):
            raise ValueError("compares with nothing; write within: true, pools: [...] or shifts: [...]")
        return self


class ImageSize(StepBase):
    """Keeps images whose shorter side has a stated length."""

    kind: Literal["image-size"]
    min_side: Positive | None = Field(default=None, description="Shortest shorter side kept, in pixels.")
    max_side: Positive | None = Field(default=None, description="Longest longer side kept, in pixels.")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _check_bounds(self.min_side, self.max_side, "min_side", "max_side")
        return self


class AspectRatio(StepBase):
    """Drops long, narrow images."""

    kind: Literal["aspect-ratio"]
    max: Annotated[Number, Field(ge=1)] = Field(description="Largest longer side / shorter side kept.")


class InClassList(StepBase):
    """Keeps rows whose label is in a list."""

    kind: Literal["class-list"]
    classes: Names | None = Field(default=None, description="Class names kept.")
    list: Slug | None = Field(default=None, description="Class list kept, instead of `classes`.")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.classes is None) == (self.list is None):
            raise ValueError("give either classes: [names] or list: <class list>")
        return self


def _check_either(keep: list[str] | None, drop: list[str] | None) -> None:
    if (keep is None) == (drop is None):
        raise ValueError("give either keep: [values] or drop: [values]")


def _check_bounds(low: float | None, high: float | None, low_key: str, high_key: str) -> None:
    if low is None and high is None:
        raise ValueError(f"give {low_key}, {high_key}, or both; without them the step keeps everything")
    if low is not None and high is not None and low > high:
        raise ValueError(f"{low_key} is {low} and {high_key} is {high}; nothing can be kept")


Step = Annotated[
    CaptionLength
    | CaptionCharacters
    | Tag
    | NumberStep
    | HostStep
    | RandomShare
    | ImageSize
    | AspectRatio
    | InClassList
    | ClipScore
    | ExactDuplicate
    | NearDuplicate,
    Field(discriminator="kind"),
]
BEFORE_FETCHING = (CaptionLength, CaptionCharacters, Tag, NumberStep, HostStep, RandomShare)
"""Steps that need no image."""


def _distinct(steps: list[Step]) -> list[Step]:
    names = [step.name or step.kind for step in steps]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"two steps are called {', '.join(repeated)}; give each its own `name`, to tell the counts apart"
        )
    return steps


Filter = Annotated[list[Step], AfterValidator(_distinct)]
