"""Lists of URLs and captions: where they lie, their format, and which columns are read."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from datalines.config.base import Number, Paths, Positive, Seed, Spec, Text

Column = Annotated[str, StringConstraints(min_length=1)] | Annotated[int, Field(ge=0)]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Columns(Spec):
    """Which columns hold what: a name, or a number counted from 0 where the file has no header."""

    url: Column = Field(description="Column of the image's address.")
    caption: Column | Annotated[list[Column], Field(min_length=1)] = Field(
        description="Column of the caption, or several, whose texts are joined by a space."
    )
    sha256: Column | None = Field(default=None, description="Column with the sha256 of the image's original bytes.")


class Fact(Spec):
    """One more column that filters can ask for."""

    column: Column = Field(description="Column that is read.")
    type: Literal["text", "number"] = Field(default="text", description="How it is read.")


class ListForm(Spec):
    """The form of a list: the same for every copy of it, wherever it lies."""

    format: Literal["csv", "tsv", "parquet", "jsonl", "json"] = Field(description="Format of the files.")
    header: bool = Field(default=True, description="Whether csv and tsv files begin with the names of their columns.")
    columns: Columns = Field(description="Which columns hold address and caption.")
    facts: dict[FactName, Fact] = Field(default={}, description="Further columns that filters use, by a name of yours.")
    records: Text | None = Field(
        default=None, description="json: key that holds the list; without it, the file is one."
    )
    quoting: Literal["none", "standard"] = Field(
        default="none", description="csv and tsv: none takes quotation marks as text; standard reads quoted fields."
    )
    caption_limit: Positive = Field(default=65536, description="Longest caption that is taken, in characters.")

    @model_validator(mode="after")
    def _numbers_without_header(self) -> Self:
        captions = self.columns.caption if isinstance(self.columns.caption, list) else [self.columns.caption]
        facts = [fact.column for fact in self.facts.values()]
        given = [self.columns.url, *captions, *([] if self.columns.sha256 is None else [self.columns.sha256]), *facts]
        numbered = self.format in ("csv", "tsv") and not self.header
        wrong = [column for column in given if isinstance(column, int) != numbered]
        if wrong:
            what = "numbers counted from 0, because the file has no header" if numbered else "names of columns"
            raise ValueError(f"columns are {what}; {', '.join(map(repr, wrong))} is not")
        return self


class UrlList(ListForm):
    """A list with the place where it lies."""

    path: Paths = Field(
        description="File, glob, or a list of these; $NAME is taken from the environment. An address (https://...) is "
        "looked for in $DATALINES_MIRROR, then obtained."
    )


class Sample(Spec):
    """A uniform random part of a list's rows, by a keyed hash of their ids; a larger share contains a smaller."""

    share: Annotated[Number, Field(gt=0, le=1)] = Field(description="Share of the selected rows that is requested.")
    seed: Seed = Field(default=0, description="Chooses which rows.")
