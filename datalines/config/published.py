"""Section `published`: published results that figures and tables are made from, pinned by address, size and digest, or
typed in from a document and kept in this repository."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from datalines.config.base import Names, Positive, Sha256, Slug, Slugs, Spec, Text
from datalines.config.downloads import FileFacts, add_wanted, wanted
from datalines.config.errors import Findings
from datalines.published.filenames import TIMM, frequency_problem
from datalines.published.transcribed import defect_of

COMMIT = re.compile(r"/[0-9a-f]{40}/")
LINES = "-lines"
"""How the name of the table of an entry's lines ends."""
WITH_LINES = ("imagenet-testbed", "vlhub", "timm")
"""Kinds whose tables have a row per model and shift: lines go through the standard models of these."""


def _pinned(address: str) -> str:
    if not address.startswith("https://") or COMMIT.search(address) is None:
        raise ValueError(
            f"is {address!r}; write the https address of the file at one commit (its 40 hex digits are part of the "
            "address), because a branch's file changes"
        )
    return address


def _folder(address: str) -> str:
    if not address.endswith("/"):
        raise ValueError(f"is {address!r}; write the address of a folder, which ends with /")
    return _pinned(address)


PinnedAddress = Annotated[str, AfterValidator(_pinned)]
PinnedFolder = Annotated[str, AfterValidator(_folder)]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Transcript = Annotated[str, StringConstraints(pattern=r"^config/transcribed/[a-z0-9][a-z0-9-]*\.csv$")]


class Digest(Spec):
    """Size and digest of one of several files."""

    bytes: Positive = Field(description="Size of the file.")
    sha256: Sha256 = Field(description="Sha256 of the file; another file is refused.")


class _Entry(Spec):
    title: Text = Field(description="Name shown in tables and figures.")
    citation: Text = Field(description="What to cite.")


class OneFile(_Entry):
    """One file of published results, or some groups of its models."""

    kind: Literal["imagenet-testbed", "vlhub", "vlhub-models"] = Field(
        description="Which file it is, and so how it is read."
    )
    url: PinnedAddress = Field(description="Address of the file at one commit.")
    bytes: Positive = Field(description="Size of the file.")
    sha256: Sha256 = Field(description="Sha256 of the file; another file is refused.")
    groups: Slugs = Field(default=[], description="Groups of models whose rows are kept; empty is all of them.")
    licence: Text = Field(description="Licence of the file.")

    @model_validator(mode="after")
    def _grouped(self) -> Self:
        if self.groups and self.kind not in WITH_LINES:
            raise ValueError(f"groups are of kinds {', '.join(WITH_LINES)}; remove them from one of kind {self.kind}")
        return self

    def wanted(self, key: str) -> list[dict[str, Any]]:
        """{url, bytes, sha256, key} of the file; `key` names the entry."""
        return [wanted(self.url, FileFacts(bytes=self.bytes, sha256=self.sha256), key)]


class ManyFiles(_Entry):
    """Files of one folder that make one table together, or some groups of its models."""

    kind: Literal["timm", "class-frequencies"] = Field(description="Which files they are, and so how they are read.")
    base: PinnedFolder = Field(description="Address of the folder at one commit, with a slash at its end.")
    files: dict[FileName, Digest] = Field(min_length=1, description="Size and digest of every file, by its name.")
    groups: Slugs = Field(default=[], description="Groups of models whose rows are kept; empty is all of them.")
    licence: Text = Field(description="Licence of the files.")

    @model_validator(mode="after")
    def _known_files(self) -> Self:
        if self.kind == "timm" and set(self.files) != set(TIMM):
            lacking, more = sorted(set(TIMM) - set(self.files)), sorted(set(self.files) - set(TIMM))
            found = [f"lacks {', '.join(lacking)}"] * bool(lacking) + [f"has {', '.join(more)} too"] * bool(more)
            raise ValueError(f"files {' and '.join(found)}; kind timm reads {', '.join(TIMM)}")
        problem = frequency_problem(list(self.files)) if self.kind == "class-frequencies" else ""
        if problem:
            raise ValueError(f"files {problem}")
        if self.groups and self.kind not in WITH_LINES:
            raise ValueError(f"groups are of kinds {', '.join(WITH_LINES)}; remove them from one of kind {self.kind}")
        return self

    def wanted(self, key: str) -> list[dict[str, Any]]:
        """{url, bytes, sha256, key} of every file; `key` names the entry."""
        return [
            wanted(self.base + name, FileFacts(bytes=file.bytes, sha256=file.sha256), f"{key}.files.{name}")
            for name, file in self.files.items()
        ]


class Transcribed(_Entry):
    """A table that was typed in from a document: a csv file of this repository."""

    kind: Literal["transcribed"] = Field(description="A csv file below config/transcribed.")
    path: Transcript = Field(description="The file: config/transcribed/<name>.csv.")
    columns: Names = Field(description="Its columns, in order.")
    key: Names = Field(description="Columns that tell its rows apart; none of their cells is empty.")

    @model_validator(mode="after")
    def _key_of_columns(self) -> Self:
        unknown = [name for name in self.key if name not in self.columns]
        if unknown:
            raise ValueError(f"key names {', '.join(unknown)}; write some of the columns {', '.join(self.columns)}")
        return self

    def wanted(self, key: str) -> list[dict[str, Any]]:
        """Nothing: the file is here."""
        return []


PublishedResults = Annotated[OneFile | ManyFiles | Transcribed, Field(discriminator="kind")]


def _no_lines(published: dict[str, PublishedResults]) -> dict[str, PublishedResults]:
    taken = [name for name in published if name.endswith(LINES)]
    if taken:
        raise ValueError(f"has {', '.join(taken)}; names that end with {LINES} are of tables of lines, so rename it")
    return published


Published = Annotated[dict[Slug, PublishedResults], AfterValidator(_no_lines)]


def published_downloads(published: Mapping[str, PublishedResults], names: Iterable[str]) -> list[dict[str, Any]]:
    """{url, bytes, sha256, key} of the files behind some entries, each file once.

    Raises ConfigError if two entries contradict each other.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        for file in published[name].wanted(f"published.{name}"):
            add_wanted(found, file)
    return list(found.values())


def check_transcribed(published: Mapping[str, PublishedResults], root: Path, found: Findings) -> None:
    """Add every typed-in table that is not as it is declared; `root` is the folder that holds config/."""
    for name, entry in published.items():
        if isinstance(entry, Transcribed):
            defect = defect_of(root / entry.path, entry.columns, entry.key)
            if defect:
                found.add(("published", name, "path"), f"{entry.path} {defect}")


def entry_of(table: str, published: Mapping[str, PublishedResults]) -> str:
    """The entry behind a table `published/<table>`: itself, or the one whose lines these are; as written if neither."""
    name = table.removesuffix(LINES)
    return name if name in published and published[name].kind in WITH_LINES else table
