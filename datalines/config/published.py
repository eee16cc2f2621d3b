"""Section `published`: files of published results that baselines come from, pinned by address, size and digest."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from datalines.config.base import Positive, Sha256, Slug, Slugs, Spec, Text

COMMIT = re.compile(r"/[0-9a-f]{40}/")


def _pinned(address: str) -> str:
    if not address.startswith("https://") or COMMIT.search(address) is None:
        raise ValueError(
            f"is {address!r}; write the https address of the file at one commit (its 40 hex digits are part of the "
            "address), because a branch's file changes"
        )
    return address


PinnedAddress = Annotated[str, AfterValidator(_pinned)]


class PublishedResults(Spec):
    """One file of published results, or some groups of its models."""

    title: Text = Field(description="Name shown in tables and figures.")
    url: PinnedAddress = Field(description="Address of the file at one commit.")
    bytes: Positive = Field(description="Size of the file.")
    sha256: Sha256 = Field(description="Sha256 of the file; another file is refused.")
    kind: Literal["imagenet-testbed", "vlhub"] = Field(description="Which file it is, and so how it is read.")
    groups: Slugs = Field(default=[], description="Groups of models whose rows are kept; empty is all of them.")
    licence: Text = Field(description="Licence of the file.")
    citation: Text = Field(description="What to cite.")


Published = dict[Slug, PublishedResults]


def published_downloads(published: Mapping[str, PublishedResults], names: Iterable[str]) -> list[dict[str, Any]]:
    """{url, bytes, sha256, key} of the files behind some entries, each file once."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        entry = published[name]
        wanted = {"url": entry.url, "bytes": entry.bytes, "sha256": entry.sha256, "key": f"published.{name}"}
        found.setdefault(entry.url, wanted)
    return list(found.values())
