"""Section `sources`: cards of the papers' sources, by name and version: what they are, where they are, whether they can
still be had.

A pool refers to a card by `name@version`. A name alone is an error: lists that share a name differ in part (two lists
called YFCC15M overlap only partly), so that a name does not say what was trained on.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from datalines.config.base import SLUG, Positive, Slug, Spec, Text
from datalines.config.downloads import FileFacts
from datalines.config.errors import Findings, Loc, listing, suggestion
from datalines.config.fetching import Host, HostLimit, ImageForm
from datalines.config.lists import ListForm

VERSION = r"^[a-z0-9][a-z0-9.-]{0,39}$"
DATE = re.compile(r"\b20\d\d(-[01]\d){0,2}\b")


def _dated(status: str) -> str:
    if DATE.search(status) is None:
        raise ValueError(f"is {status!r}; say when this was so, e.g. 'withdrawn in 2023-12'")
    return status


def _answer(value: Any) -> Any:
    """Read `yes` and `no`, which YAML 1.1 takes for true and false, as the words that were meant."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


# Text to the model, so that the check of the whole study can name the versions that there are; a pattern to editors.
Reference = Annotated[Text, WithJsonSchema({"type": "string", "pattern": f"^{SLUG[1:-1]}@{VERSION[1:-1]}$"})]
VersionText = Annotated[str, StringConstraints(pattern=VERSION)]
Answer = Annotated[Literal["yes", "partly", "no"], BeforeValidator(_answer)]
Dated = Annotated[Text, AfterValidator(_dated)]
Steps = list[dict[str, Any]]
Address = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Download(FileFacts):
    """One file that the list of a source is in, or the page that leads to it."""

    url: Address | None = Field(default=None, description="The file itself; null where it is behind a page.")
    page: Address | None = Field(default=None, description="The page from which a person fetches it.")
    note: Text | None = Field(default=None, description="What has to be known before it is fetched.")

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.url is None and self.page is None:
            raise ValueError("give url: the address of the file, or page: the address of the page that leads to it")
        return self


Downloads = list[Download]


class SourceCard(Spec):
    """One version of a source."""

    title: Text = Field(description="Name shown in tables.")
    metadata: Downloads = Field(description="Where the list of the source is.")
    list: ListForm | None = Field(description="How its list is read; null where it is no list of addresses.")
    licence: Text = Field(description="Licence of list and images.")
    terms: Text = Field(description="What is allowed and asked for before use.")
    expected_rows: Positive | None = Field(default=None, description="Rows of the list, all files together.")
    paper_pairs: Positive | None = Field(default=None, description="Pairs that the paper obtained.")
    paper: Slug | None = Field(default=None, description="The paper that states `paper_pairs`.")
    selection: Text = Field(description="What the paper took of the list, and how it made captions and images.")
    select: Steps = Field(default=[], description="Filter steps on list rows that repeat the selection.")
    image: ImageForm | None = Field(default=None, description="How the paper stored images; null: size as fetched.")
    hosts: dict[Host, HostLimit] = Field(default={}, description="How gently single hosts are asked, by name.")
    obtainable: Answer = Field(description="Whether anyone can obtain it today.")
    status: Dated = Field(description="What became of it, with dates, and what is not known.")
    nearest: Text | None = Field(default=None, description="name@version of the nearest that can be had instead.")
    nearest_note: Text | None = Field(default=None, description="How the nearest differs, or why there is none.")
    substitutes: Slug | None = Field(default=None, description="Source that this one stands in for; a substitution.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.paper_pairs is None) != (self.paper is None):
            raise ValueError("paper_pairs and paper belong together; give both or neither")
        if self.obtainable == "no" and self.nearest_note is None:
            raise ValueError("a source that cannot be obtained needs nearest_note: what to use instead, or why nothing")
        return self


Sources = dict[Slug, dict[VersionText, SourceCard]]


def parse_reference(text: str, sources: Mapping[str, Mapping[str, SourceCard]] | None = None) -> tuple[str, str]:
    """`name@version` as (name, version); a ValueError says what to write instead, with the versions in `sources`."""
    name, at, version = text.partition("@")
    if not at:
        raise ValueError(f"is {text!r}, an unversioned name; write {text}@<version>{_versions(name, sources or {})}")
    if not re.fullmatch(VERSION, version) or not re.fullmatch(SLUG, name):
        raise ValueError(f"is {text!r}; write <name>@<version>, e.g. redcaps@1.0{_versions(name, sources or {})}")
    return name, version


def card_of(text: str, sources: Mapping[str, Mapping[str, SourceCard]]) -> SourceCard:
    """The card that `name@version` refers to; a ValueError names what is known and near."""
    name, version = parse_reference(text, sources)
    if name not in sources:
        raise ValueError(f"'{name}' is not a source{suggestion(name, sources)}Known sources: {listing(sources)}")
    if version not in sources[name]:
        near = suggestion(version, sources[name])
        raise ValueError(f"'{version}' is not a version of {name}{near}Known versions: {listing(sources[name])}")
    return sources[name][version]


def check_sources(sources: Mapping[str, Mapping[str, SourceCard]], found: Findings) -> None:
    """Note every `nearest` and `substitutes` that leads nowhere, to a card that cannot be obtained, or to itself."""
    for name, versions in sources.items():
        for version, card in versions.items():
            loc: Loc = ("sources", name, version)
            if card.nearest is not None:
                _check_nearest(card.nearest, f"{name}@{version}", sources, (*loc, "nearest"), found)
            if card.substitutes is not None:
                found.check_known((*loc, "substitutes"), card.substitutes, "source", sources)


def _check_nearest(
    nearest: str, own: str, sources: Mapping[str, Mapping[str, SourceCard]], loc: Loc, found: Findings
) -> None:
    try:
        card = card_of(nearest, sources)
    except ValueError as error:
        found.add(loc, str(error))
        return
    if nearest == own:
        found.add(loc, f"is {nearest}, this very card; name another or write null")
    elif card.obtainable == "no":
        found.add(loc, f"is {nearest}, which cannot be obtained either; name another or write null")


def _versions(name: str, sources: Mapping[str, Mapping[str, SourceCard]]) -> str:
    known = sources.get(name)
    return f", known versions: {listing(known)}" if known else ""
