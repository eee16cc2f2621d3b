"""Section `filters`: a filter is a list of steps; a row is dropped by the first step that refuses it."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from datalines.config.base import Names, Number, Positive, Slug, Spec


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


class ExactDuplicate(StepBase):
    """Keeps the first of equal rows."""

    kind: Literal["exact-duplicate"]
    of: Literal["image", "caption", "pair"] = Field(default="image", description="What must be equal, byte for byte.")


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


def _check_bounds(low: int | None, high: int | None, low_key: str, high_key: str) -> None:
    if low is None and high is None:
        raise ValueError(f"give {low_key}, {high_key}, or both; without them the step keeps everything")
    if low is not None and high is not None and low > high:
        raise ValueError(f"{low_key} is {low} and {high_key} is {high}; nothing can be kept")


Step = Annotated[CaptionLength | ExactDuplicate | ImageSize | AspectRatio | InClassList, Field(discriminator="kind")]


def _distinct(steps: list[Step]) -> list[Step]:
    names = [step.name or step.kind for step in steps]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"two steps are called {', '.join(repeated)}; give each its own `name`, to tell the counts apart"
        )
    return steps


Filter = Annotated[list[Step], AfterValidator(_distinct)]
