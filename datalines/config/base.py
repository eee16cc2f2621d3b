"""What all sections share: the strict base model, slugs, numbers, and lists without repeats."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

SLUG = r"^[a-z0-9][a-z0-9-]{0,39}$"


class Spec(BaseModel):
    """Base of every configuration model: no unknown keys, no silent conversions, no changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _number(value: Any) -> Any:
    """Read `1e-3`, which YAML 1.1 takes for text, as the number that was meant."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def no_repeats(values: Sequence[Any]) -> Sequence[Any]:
    """The values, none of which may come twice."""
    repeated = sorted({str(value) for value in values if list(values).count(value) > 1})
    if repeated:
        raise ValueError(f"lists {', '.join(repeated)} more than once")
    return values


def _one_gap(template: str) -> str:
    if template.count("{}") != 1 or template.count("{") != 1 or template.count("}") != 1:
        raise ValueError(f"is {template!r}; write exactly one {{}} for the class name, e.g. 'a photo of a {{}}.'")
    return template


def _ordered_pair(pair: list[float]) -> list[float]:
    if pair[0] > pair[1]:
        raise ValueError(f"write the smaller number first: [{pair[1]:g}, {pair[0]:g}]")
    return pair


def list_or(word: str, wanted: str) -> BeforeValidator:
    """A list, or a text that the pattern `word` fits as a whole; `wanted` is what an error asks for."""

    def check(value: Any) -> Any:
        if isinstance(value, list) or (isinstance(value, str) and re.fullmatch(word, value)):
            return value
        raise ValueError(f"is {value!r}; write {wanted}")

    return BeforeValidator(check)


def _count(value: Any) -> Any:
    if value == "all" or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise ValueError(f"is {value!r}; write a whole number of at least 1, or all")


def _field(*options: str) -> BeforeValidator:
    """Where a sample's text or label is found inside a shard: a file extension, or a key of its .json file."""

    def check(value: Any) -> Any:
        keyed = isinstance(value, str) and value.startswith("json:") and len(value) > len("json:")
        if keyed or value in options:
            return value
        raise ValueError(f"is {value!r}; write {', '.join(options)} or json:<key>, e.g. json:caption")

    return BeforeValidator(check)


def _paths(value: Any) -> Any:
    texts = value if isinstance(value, list) else [value]
    if texts and all(isinstance(item, str) and item for item in texts):
        return value
    raise ValueError(f"is {value!r}; write a path, a glob such as $DATA/*.tar, or a list of these")


Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Text = Annotated[str, StringConstraints(min_length=1)]
Number = Annotated[float, BeforeValidator(_number)]
Pair = Annotated[list[Number], Field(min_length=2, max_length=2), AfterValidator(_ordered_pair)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Positive = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Slugs = Annotated[list[Slug], AfterValidator(no_repeats)]
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(no_repeats)]
Names = Annotated[list[Text], Field(min_length=1), AfterValidator(no_repeats)]
Template = Annotated[str, AfterValidator(_one_gap)]
Templates = Annotated[list[Template], Field(min_length=1), AfterValidator(no_repeats)]
Paths = Annotated[str | list[str], BeforeValidator(_paths)]
Count = Annotated[int | Literal["all"], BeforeValidator(_count)]
CaptionField = Annotated[str, _field("txt")]
LabelField = Annotated[str, _field("cls")]
OptionalLabelField = Annotated[str, _field("cls", "none")]
